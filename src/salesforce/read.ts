// What the sync asks of Salesforce. Ids in, the truth of now out; change lists are walked by (SystemModstamp, Id), so no server cursor
// can be lost on the way and a walk goes on after a kill.
import { instant, type Row } from './answers.ts'
import type { Salesforce } from './connect.ts'
import { toId18, type ObjectName } from './ids.ts'
import { SalesforceError } from './rest-faults.ts'

export type Reading =
  | { state: 'live'; row: Row }
  | { state: 'deleted'; masterRecordId: string | null; row: Row }
  /** Hard deleted, or not visible to the integration user: no proof of a removal. */
  | { state: 'unreadable' }

export interface ChangedRow {
  id: string
  /** SystemModstamp as SOQL takes it. */
  stamp: string
  deleted: boolean
}

export interface Position {
  stamp: string
  id: string
}

/** In the results of a bulk job; without locator from their beginning. */
export interface BulkPosition {
  jobId: string
  locator: string | null
}

export interface IdPage {
  ids: string[]
  /** Null where the rows are few enough to be paged without a bulk job. */
  jobId: string | null
  /** Where to go on after this page; null before the first page of a bulk job and after the last page. */
  locator: string | null
  done: boolean
}

export interface Reader {
  read(
    object: ObjectName,
    ids: string[],
    fields: string[],
    signal?: AbortSignal,
  ): Promise<Map<string, Reading>>
  /** Which Leads became these Contacts; Contacts that came from none are absent. */
  convertedFrom(contactIds: string[], signal?: AbortSignal): Promise<Map<string, string[]>>
  /** Which of these the condition lets in. */
  matching(object: ObjectName, ids: string[], condition: string, signal?: AbortSignal): Promise<Set<string>>
  changedSince(
    object: ObjectName,
    from: Position | BulkPosition | Date,
    options: { scope?: string | undefined; deleted: boolean; pageSize?: number; signal?: AbortSignal },
  ): AsyncIterable<{ rows: ChangedRow[]; last: Position | BulkPosition }>
  count(object: ObjectName, from?: Date, scope?: string, signal?: AbortSignal): Promise<number>
  allIds(
    object: ObjectName,
    scope?: string,
    options?: { jobId?: string; locator?: string; signal?: AbortSignal },
  ): AsyncIterable<IdPage>
  serverTime(signal?: AbortSignal): Promise<Date>
}

const CONVERSION = ['IsConverted', 'ConvertedContactId', 'ConvertedAccountId', 'ConvertedOpportunityId']

/** What decides about a removal, where the object has it. Users can't be deleted; only these three can be merged. */
const REMOVAL: Record<ObjectName, string[]> = {
  User: [],
  Account: ['IsDeleted', 'MasterRecordId'],
  Lead: ['IsDeleted', 'MasterRecordId', ...CONVERSION],
  Contact: ['IsDeleted', 'MasterRecordId'],
  Opportunity: ['IsDeleted'],
  OpportunityContactRole: ['IsDeleted'],
}

/** Conditions are limited to 4,000 characters ("SOQL and SOSL limits"): 150 ids of 18 with quotes and commas are 3,150. */
const IDS_A_QUERY = 150

const ROWS_A_PAGE = 2_000

/** From here a bulk job is cheaper than pages: 5 calls. Salesforce advises Bulk API above 2,000 rows. */
const BULK_FROM = 10_000

export function createReader(salesforce: Salesforce): Reader {
  async function queryByIds(
    soql: (list: string) => string,
    ids: string[],
    signal?: AbortSignal,
  ): Promise<Row[]> {
    const rows: Row[] = []
    for (let from = 0; from < ids.length; from += IDS_A_QUERY) {
      const list = ids.slice(from, from + IDS_A_QUERY).map((id) => `'${id}'`)
      const options = signal === undefined ? {} : { signal }
      let page = await salesforce.query(soql(list.join(',')), { deleted: true, ...options })
      rows.push(...page.records)
      while (page.next !== undefined) {
        page = await salesforce.more(page.next, options)
        rows.push(...page.records)
      }
    }
    return rows
  }

  async function count(
    object: ObjectName,
    from?: Date,
    scope?: string,
    signal?: AbortSignal,
  ): Promise<number> {
    const since = from === undefined ? undefined : `SystemModstamp >= ${from.toISOString()}`
    const { totalSize } = await salesforce.query(
      `SELECT COUNT() FROM ${object}${where(since, scope)}`,
      signal === undefined ? {} : { signal },
    )
    return totalSize
  }

  return {
    count,
    serverTime: (signal) => salesforce.serverTime(signal),

    async read(object, ids, fields, signal) {
      const wanted = object === 'Lead' ? [...fields, ...CONVERSION] : fields
      const rows = await salesforce.retrieve(object, validIds(ids), wanted, signal)
      const absent = [...rows].filter(([, row]) => row === null).map(([id]) => id)
      const removal = REMOVAL[object]
      const found = await queryByIds(
        (list) => `SELECT ${['Id', ...removal].join(', ')} FROM ${object} WHERE Id IN (${list})`,
        absent,
        signal,
      )
      const deleted = new Map(
        found.filter((row) => row.IsDeleted === true).map((row) => [toId18(row.Id), row]),
      )
      // Seen by the query but not deleted: it came back in between, and a second look has its values.
      const back = found.filter((row) => row.IsDeleted !== true).flatMap((row) => toId18(row.Id) ?? [])
      const again =
        back.length === 0
          ? new Map<string, Row | null>()
          : await salesforce.retrieve(object, back, wanted, signal)
      return new Map(
        [...rows].map(([id, row]): [string, Reading] => [id, reading(row ?? again.get(id), deleted.get(id))]),
      )
    },

    async convertedFrom(contactIds, signal) {
      const rows = await queryByIds(
        (list) =>
          `SELECT Id, ConvertedContactId FROM Lead WHERE IsConverted = true AND ConvertedContactId IN (${list})`,
        validIds(contactIds),
        signal,
      )
      const leads = new Map<string, string[]>()
      for (const row of rows) {
        const [lead, contact] = [toId18(row.Id), idIn(row.ConvertedContactId)]
        if (lead !== undefined && contact !== null) leads.set(contact, [...(leads.get(contact) ?? []), lead])
      }
      return leads
    },

    async matching(object, ids, condition, signal) {
      const rows = await queryByIds(
        (list) => `SELECT Id FROM ${object} WHERE Id IN (${list}) AND (${condition})`,
        validIds(ids),
        signal,
      )
      return new Set(rows.flatMap((row) => toId18(row.Id) ?? []))
    },

    async *changedSince(object, from, { scope, deleted, pageSize = ROWS_A_PAGE, signal }) {
      const options = { deleted, ...(signal === undefined ? {} : { signal }) }
      const tells = deleted && REMOVAL[object].includes('IsDeleted')
      const columns = ['Id', 'SystemModstamp', ...(tells ? ['IsDeleted'] : [])]
      const left = (after: Position | Date): string => `${object}${where(past(after), scope)}`
      let after = from
      for (let pages = 0; !('jobId' in after); pages++) {
        // Few changes are the rule, so nothing is counted before the first page is full.
        if (pages === 1) {
          const { totalSize } = await salesforce.query(`SELECT COUNT() FROM ${left(after)}`, options)
          if (totalSize > BULK_FROM) break
        }
        const page = await salesforce.query(
          `SELECT ${columns.join(', ')} FROM ${left(after)} ORDER BY SystemModstamp, Id LIMIT ${pageSize}`,
          options,
        )
        const rows = page.records.flatMap(changedRow)
        const last = rows.at(-1)
        if (last === undefined && page.records.length > 0) throw unreadableRows(object)
        if (last === undefined) return
        after = { stamp: last.stamp, id: last.id }
        yield { rows, last: after }
        // `next` too: a server may give fewer rows a page than were asked for.
        if (page.records.length < pageSize && page.next === undefined) return
      }
      const resume =
        'jobId' in after
          ? { jobId: after.jobId, ...(after.locator === null ? {} : { locator: after.locator }) }
          : {}
      const query = { columns, from: 'jobId' in after ? object : left(after) }
      for await (const { rows, jobId, locator } of salesforce.bulkQuery(query, { ...options, ...resume }))
        yield { rows: rows.flatMap(changedRow), last: { jobId, locator } }
    },

    async *allIds(object, scope, { jobId, locator, signal } = {}) {
      const options = signal === undefined ? {} : { signal }
      const paged =
        jobId === undefined &&
        (locator !== undefined || (await count(object, undefined, scope, signal)) <= BULK_FROM)
      if (!paged) {
        const resume = {
          ...(jobId === undefined ? {} : { jobId }),
          ...(locator === undefined ? {} : { locator }),
        }
        const pages = salesforce.bulkQuery(
          { columns: ['Id'], from: `${object}${where(undefined, scope)}` },
          { ...resume, ...options },
        )
        for await (const page of pages)
          yield {
            ids: page.rows.flatMap((row) => toId18(row.Id ?? '') ?? []),
            jobId: page.jobId,
            locator: page.locator,
            done: page.done,
          }
        return
      }
      for (let after = locator; ;) {
        const since = after === undefined ? undefined : `Id > '${toId18(after) ?? ''}'`
        const page = await salesforce.query(
          `SELECT Id FROM ${object}${where(since, scope)} ORDER BY Id LIMIT ${ROWS_A_PAGE}`,
          options,
        )
        const ids = page.records.flatMap((row) => idIn(row.Id) ?? [])
        const last = ids.at(-1)
        const done = last === undefined || (page.records.length < ROWS_A_PAGE && page.next === undefined)
        yield { ids, jobId: null, locator: done ? null : last, done }
        if (done) return
        after = last
      }
    },
  }
}

function unreadableRows(object: string): SalesforceError {
  return new SalesforceError(
    'salesforce_unreachable',
    `Salesforce answered a query for ${object} with rows that have no Id or SystemModstamp.`,
    'It is tried again by itself.',
  )
}

function reading(row: Row | null | undefined, deleted: Row | undefined): Reading {
  if (row) return { state: 'live', row }
  if (deleted) return { state: 'deleted', masterRecordId: idIn(deleted.MasterRecordId), row: deleted }
  return { state: 'unreadable' }
}

/** Only ids go into a query's text: everything else would be an injection. */
function validIds(ids: string[]): string[] {
  return [...new Set(ids.flatMap((id) => toId18(id) ?? []))]
}

function idIn(value: unknown): string | null {
  return typeof value === 'string' ? (toId18(value) ?? null) : null
}

function changedRow(row: Readonly<Record<string, unknown>>): ChangedRow[] {
  const [id, stamp] = [idIn(row.Id), instant(row.SystemModstamp)]
  return id === null || stamp === undefined
    ? []
    : [{ id, stamp: stamp.toISOString(), deleted: row.IsDeleted === true || row.IsDeleted === 'true' }]
}

function past(from: Position | Date): string {
  if (from instanceof Date) return `SystemModstamp >= ${from.toISOString()}`
  const stamp = new Date(from.stamp).toISOString()
  return `(SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > '${toId18(from.id) ?? ''}'))`
}

function where(...conditions: (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined && condition.trim() !== '')
  return given.length === 0 ? '' : ` WHERE ${given.map((condition) => `(${condition})`).join(' AND ')}`
}
