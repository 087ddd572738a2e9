// Bulk API 2.0 queries: a job in Salesforce, read page by page, resumable by job id and locator for the seven days its results are kept.
// "Bulk API 2.0 and Bulk API Developer Guide", Query Jobs. Not jsforce's bulk2: it reads with the separators of csv.ts's warning.
import { parseCsv } from './csv.ts'
import type { HttpAnswer } from './http.ts'
import { parseJson, type Rest } from './rest.ts'
import { SalesforceError } from './rest-faults.ts'
import { pause } from './retry.ts'

export interface BulkPage {
  rows: Record<string, string | null>[]
  jobId: string
  /** Where to go on after this page; null before the first page and after the last. */
  locator: string | null
  done: boolean
}

export interface BulkSelect {
  columns: readonly string[]
  /** The object, and its conditions. A job that goes on has them already. */
  from: string
}

export interface BulkOptions {
  /** queryAll: deleted rows too. */
  deleted?: boolean
  jobId?: string
  locator?: string
  signal?: AbortSignal
}

export interface BulkTiming {
  pollFirstMs: number
  pollCapMs: number
  giveUpMs: number
}

/** Rows a page: small enough to settle in one transaction, large enough that a million rows are a hundred calls. */
const PAGE_ROWS = 10_000

const LOST = [
  'salesforce_bulk_failed',
  'salesforce_bulk_expired',
  'salesforce_bulk_slow',
  // The locator is not taken any more.
  'salesforce_cursor_lost',
]

/** Whether the job gives no results any more, so that a walk through them has to begin again. */
export function isJobLost(error: unknown): boolean {
  return error instanceof SalesforceError && LOST.includes(error.code)
}

const ASK_AGAIN = 'It is started again by itself; see Setup > Bulk Data Load Jobs for the job.'

export function createBulkQuery(rest: Rest, base: string, timing: BulkTiming) {
  /** The first page is empty and tells the job's id, so that a caller can go on with it after a kill. */
  return async function* bulkQuery(query: BulkSelect, options: BulkOptions = {}): AsyncIterable<BulkPage> {
    const { signal } = options
    const jobId = options.jobId ?? (await createJob(query, options.deleted ?? false, signal))
    let locator = options.locator ?? null
    if (locator === null) yield { rows: [], jobId, locator, done: false }
    await untilComplete(jobId, signal)
    for (let done = false; !done;) {
      const page = await readPage(jobId, locator, query.columns, signal)
      locator = page.locator
      done = locator === null
      yield { ...page, jobId, done }
    }
  }

  function createJob({ columns, from }: BulkSelect, deleted: boolean, signal?: AbortSignal): Promise<string> {
    return rest.call({
      method: 'POST',
      path: `${base}/jobs/query`,
      body: {
        operation: deleted ? 'queryAll' : 'query',
        query: `SELECT ${columns.join(', ')} FROM ${from}`,
        contentType: 'CSV',
        columnDelimiter: 'COMMA',
        lineEnding: 'LF',
      },
      signal,
      what: 'start a bulk query',
      parse: ({ text }) => textOf(parseJson(text), 'id'),
    })
  }

  async function untilComplete(jobId: string, signal?: AbortSignal): Promise<void> {
    const started = Date.now()
    for (let wait = timing.pollFirstMs; ; wait = Math.min(wait * 1.5, timing.pollCapMs)) {
      const job = await rest
        .call({
          path: `${base}/jobs/query/${encodeURIComponent(jobId)}`,
          signal,
          what: `ask for bulk query ${jobId}`,
          parse: ({ text }) => {
            const json = parseJson(text)
            const state = textOf(json, 'state')
            return state === undefined ? undefined : { state, message: textOf(json, 'errorMessage') ?? '' }
          },
        })
        .catch(expired(jobId))
      if (job.state === 'JobComplete') return
      if (job.state === 'Failed' || job.state === 'Aborted')
        throw new SalesforceError(
          'salesforce_bulk_failed',
          `Salesforce's bulk query ${jobId} was ${job.state === 'Failed' ? 'not carried out' : 'aborted'}${job.message && `: ${job.message.slice(0, 300)}`}.`,
          ASK_AGAIN,
        )
      if (Date.now() - started > timing.giveUpMs)
        throw new SalesforceError(
          'salesforce_bulk_slow',
          `Salesforce's bulk query ${jobId} has been ${job.state} for ${Math.round(timing.giveUpMs / 60_000)} minutes.`,
          ASK_AGAIN,
        )
      await pause(wait, signal)
    }
  }

  function readPage(
    jobId: string,
    locator: string | null,
    columns: readonly string[],
    signal?: AbortSignal,
  ): Promise<Pick<BulkPage, 'rows' | 'locator'>> {
    const from = locator === null ? '' : `&locator=${encodeURIComponent(locator)}`
    return rest
      .call({
        path: `${base}/jobs/query/${encodeURIComponent(jobId)}/results?maxRecords=${PAGE_ROWS}${from}`,
        signal,
        what: `read results of bulk query ${jobId}`,
        parse: (answer) => wholePage(answer, columns),
      })
      .catch(expired(jobId))
  }
}

/** Undefined for what is not a whole page of these columns: a proxy's own page has no headers of Salesforce's, and one that it cut between
 *  two rows looks like any other. Without this it would count as the last page, and end the walk. */
function wholePage(
  { text, headers }: HttpAnswer,
  columns: readonly string[],
): Pick<BulkPage, 'rows' | 'locator'> | undefined {
  const { 'sforce-numberofrecords': promised, 'sforce-locator': next } = headers
  if (promised === undefined || next === undefined) return undefined
  const locator = next === 'null' || next === '' ? null : next
  // Of a page without rows it is not documented whether the columns come all the same.
  if (promised === '0' && text.trim() === '') return { rows: [], locator }
  const page = parseCsv(text)
  const isAsked =
    columns.length === page.columns.length && columns.every((name) => page.columns.includes(name))
  return isAsked && page.complete && Number(promised) === page.rows.length
    ? { rows: page.rows, locator }
    : undefined
}

/** A job that Salesforce no longer knows: its results are kept seven days, and given (409) to the API version alone that it was made in. */
function expired(jobId: string): (error: unknown) => never {
  return (error) => {
    const gone = error instanceof SalesforceError && [404, 409, 410].includes(error.status)
    if (!gone) throw error
    throw new SalesforceError(
      'salesforce_bulk_expired',
      `Salesforce no longer keeps the results of bulk query ${jobId}.`,
      ASK_AGAIN,
      { status: error.status, cause: error },
    )
  }
}

function textOf(json: unknown, name: string): string | undefined {
  const value =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value : undefined
}
