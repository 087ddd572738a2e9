// Bulk API 2.0 query jobs: created, worked on, read page by page as CSV, deleted (salesforce §7).

import { ApiError } from './api-error.ts'
import { presentCsv } from './cell.ts'
import type { Exchange } from './exchange.ts'
import type { FaultBox } from './faults.ts'
import { readJson } from './rest-records.ts'
import { refuseAggregates, runSoql, type Result, type RunContext } from './soql-run.ts'

type State = 'UploadComplete' | 'InProgress' | 'Aborted' | 'JobComplete' | 'Failed'

interface Job {
  id: string
  operation: 'query' | 'queryAll'
  object: string
  createdAt: number
  startedAt: number
  state: State
  errorMessage?: string
  delimiter: string
  lineEnding: string
  result: Result
  processed: number
}

const DELIMITERS: Record<string, string> = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
}
/** Rows put into one piece of the stream. */
const PIECE = 1_000

export interface BulkDesk {
  answer(exchange: Exchange, id: string | undefined, results: boolean): Promise<void>
}

export function createBulkDesk(options: {
  context: RunContext
  faults: FaultBox
  userId: string
  /** How long a job stays in each state before it is complete. */
  stepMs: () => number
  pageSize: () => number
  dailyJobs: () => number
  apiVersion: string
}): BulkDesk {
  const { context, faults } = options
  const jobs = new Map<string, Job>()
  let made = 0

  /** Jobs move by the clock on the wall: so polls, not waits, drive nothing. */
  const advance = (job: Job, exchange: Exchange) => {
    const elapsed = performance.now() - job.startedAt
    if (job.state === 'UploadComplete' && elapsed >= options.stepMs()) job.state = 'InProgress'
    if (job.state !== 'InProgress' || elapsed < 2 * options.stepMs()) return
    const fault = faults.take('bulkJob', exchange.call)
    if (fault) {
      job.state = 'Failed'
      job.errorMessage = fault.errorMessage
      return
    }
    job.state = 'JobComplete'
    job.processed = job.result.rows.length
  }

  const create = async (exchange: Exchange): Promise<void> => {
    const body = await readJson(exchange)
    const { operation, query, columnDelimiter = 'COMMA', lineEnding = 'LF' } = body
    if (operation !== 'query' && operation !== 'queryAll') {
      throw new ApiError(400, 'INVALIDJOB', `Unsupported operation: ${String(operation)}`)
    }
    if (typeof query !== 'string') throw new ApiError(400, 'INVALIDJOB', 'query is required')
    const delimiter = DELIMITERS[String(columnDelimiter)]
    if (!delimiter)
      throw new ApiError(400, 'INVALIDJOB', `Unknown column delimiter: ${String(columnDelimiter)}`)
    if (made >= options.dailyJobs()) {
      throw new ApiError(400, 'LIMIT_EXCEEDED', 'ApiBatchItems Limit exceeded: query jobs in 24 hours')
    }
    exchange.call.detail = `${operation} ${query}`
    const result = runSoql(context, query, operation === 'queryAll')
    refuseAggregates(result)
    const job: Job = {
      id: `750xx${(++made).toString(36).toUpperCase().padStart(10, '0')}AAA`,
      operation,
      object: result.type.name,
      createdAt: context.now(),
      startedAt: performance.now(),
      state: 'UploadComplete',
      delimiter,
      lineEnding: lineEnding === 'CRLF' ? '\r\n' : '\n',
      result,
      processed: 0,
    }
    jobs.set(job.id, job)
    return exchange.json(200, info(job))
  }

  const info = (job: Job) => {
    const stamp = new Date(job.createdAt).toISOString().replace('Z', '+0000')
    return {
      id: job.id,
      operation: job.operation,
      object: job.object,
      createdById: options.userId,
      createdDate: stamp,
      systemModstamp: stamp,
      state: job.state,
      concurrencyMode: 'Parallel',
      contentType: 'CSV',
      apiVersion: Number(options.apiVersion),
      jobType: 'V2Query',
      lineEnding: job.lineEnding === '\n' ? 'LF' : 'CRLF',
      columnDelimiter: Object.keys(DELIMITERS).find((name) => DELIMITERS[name] === job.delimiter),
      numberRecordsProcessed: job.processed,
      retries: 0,
      totalProcessingTime: Math.round(performance.now() - job.startedAt),
      isPkChunkingSupported: true,
      ...(job.errorMessage !== undefined && { errorMessage: job.errorMessage }),
    }
  }

  const find = (id: string): Job => {
    const job = jobs.get(id) ?? [...jobs.values()].find((job) => job.id.slice(0, 15) === id)
    if (!job) throw new ApiError(404, 'NOT_FOUND', 'The requested resource does not exist')
    return job
  }

  const results = (exchange: Exchange, job: Job): Promise<void> => {
    if (job.state !== 'JobComplete') {
      throw new ApiError(400, 'INVALIDJOBSTATE', `Invalid job state: ${job.state}. Expected JobComplete`)
    }
    const locator = exchange.url.searchParams.get('locator')
    const from = locator === null ? 0 : decodeLocator(locator)
    if (from === undefined || from > job.result.rows.length) {
      throw new ApiError(400, 'INVALID_QUERY_LOCATOR', `Invalid locator: ${locator}`)
    }
    const asked = Number(exchange.url.searchParams.get('maxRecords') ?? options.pageSize())
    if (!(asked > 0)) throw new ApiError(400, 'INVALIDJOB', 'maxRecords must be a positive number')
    const to = Math.min(from + asked, job.result.rows.length)
    exchange.call.detail = `results ${from}–${to} of ${job.result.rows.length}`
    const cut = faults.take('bulkResults', exchange.call)
    if (!cut?.bare) {
      // The last page says the word null.
      exchange.header('Sforce-Locator', to < job.result.rows.length ? encodeLocator(to) : 'null')
      exchange.header('Sforce-NumberOfRecords', String(to - from))
    }
    if (!cut) return exchange.stream('text/csv', csv(job, from, to))
    const end = from + Math.max(1, Math.floor((to - from) * cut.keep))
    if (cut.bare) return exchange.stream('text/csv', csv(job, from, end))
    return exchange.stream(
      'text/csv',
      cutShort(csv(job, from, end), cut.drop ? () => exchange.drop() : undefined),
    )
  }

  return {
    async answer(exchange, id, wantsResults) {
      exchange.call.detail ||= `${exchange.method} ${id ?? ''}`.trim()
      if (id === undefined) {
        if (exchange.method === 'POST') return create(exchange)
        if (exchange.method !== 'GET') throw methodNotAllowed(exchange.method, 'GET,POST')
        return exchange.json(200, { done: true, records: [...jobs.values()].map(info), nextRecordsUrl: null })
      }
      const job = find(id)
      advance(job, exchange)
      if (wantsResults) return results(exchange, job)
      if (exchange.method === 'GET') return exchange.json(200, info(job))
      if (exchange.method === 'DELETE') {
        if (job.state === 'UploadComplete' || job.state === 'InProgress') {
          throw new ApiError(400, 'INVALIDJOBSTATE', `Deleting not allowed in state ${job.state}`)
        }
        jobs.delete(job.id)
        return exchange.json(204, undefined)
      }
      if (exchange.method !== 'PATCH') throw methodNotAllowed(exchange.method, 'GET,PATCH,DELETE')
      const { state } = await readJson(exchange)
      if (state !== 'Aborted' || job.state === 'JobComplete' || job.state === 'Failed') {
        throw new ApiError(400, 'INVALIDJOBSTATE', `Aborting already ${job.state} Job not allowed`)
      }
      job.state = 'Aborted'
      return exchange.json(200, info(job))
    },
  }
}

export const methodNotAllowed = (method: string, allowed: string): ApiError =>
  new ApiError(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed. Allowed are ${allowed}`)

const encodeLocator = (position: number): string => Buffer.from(`p${position}`).toString('base64url')

function decodeLocator(locator: string): number | undefined {
  const position = /^p(\d+)$/.exec(Buffer.from(locator, 'base64url').toString('utf8'))?.[1]
  return position === undefined ? undefined : Number(position)
}

function* csv({ result, delimiter, lineEnding }: Job, from: number, to: number): Generator<string> {
  const { columns, rows } = result
  yield columns.map(({ parts }) => `"${parts.join('.')}"`).join(delimiter) + lineEnding
  for (let start = from; start < to; start += PIECE) {
    let piece = ''
    for (const row of rows.slice(start, Math.min(to, start + PIECE))) {
      piece += columns.map(({ field, read }) => presentCsv(field, read(row))).join(delimiter) + lineEnding
    }
    yield piece
  }
}

/** Ends in the middle of a row. */
function* cutShort(pieces: Iterable<string>, drop?: () => void): Generator<string> {
  let last: string | undefined
  for (const piece of pieces) {
    if (last !== undefined) yield last
    last = piece
  }
  if (last !== undefined) yield last.slice(0, -Math.min(10, last.length >> 1))
  drop?.()
}
