// The calls that the bridge makes of persons and objects. Searches take any number of values; writes take one batch (≤ 300 records,
// ≤ 1 MB: that is the caller's to keep) and give results aligned with it. Nothing here throws for what Marketo does.
import type { MarketoCall, MarketoClient } from './client.ts'
import { failed, type CallOutcome, type Failed, type MarketoObject, type WriteOutcome } from './outcome.ts'
import { readInParts, readPages, type Found } from './pages.ts'
import { alignResults } from './results.ts'

export type CustomObject = Exclude<MarketoObject, 'Lead'>
export type Fields = Record<string, unknown>
/** Whose turn a call takes, and what may stop it. */
export type ReadTurn = Pick<MarketoCall, 'priority' | 'signal'>
export type Turn = Pick<MarketoCall, 'priority' | 'signal' | 'beforeSend'>

/** Records of a write, and values of a filter (help/rest-api/lead-database.md). */
export const MAX_RECORDS = 300
/** help/rest-api/leads.md; 1080 above. */
const MAX_LOSERS = 25

/** Longer than the server's own time-outs (90, 180, 60 s), or a call would be repeated while the first still runs. */
const LEADS_TIMEOUT_MS = 95_000
const MERGE_TIMEOUT_MS = 185_000
const TIMEOUT_MS = 65_000

/** Below /rest/v1/. */
export const PATHS: Record<MarketoObject, string> = {
  SalesPerson: 'salespersons',
  Company: 'companies',
  Lead: 'leads',
  Opportunity: 'opportunities',
  OpportunityRole: 'opportunities/roles',
}

export interface Search extends ReadTurn {
  filterType: string
  /** Any number; duplicates are asked once. */
  values: readonly (string | number)[]
  /** Always given: without them Marketo returns a handful of fields of its own choice. */
  fields: readonly string[]
  /** A value that alone matches more than Marketo lists (1,000) is left out; otherwise it fails the search. */
  leaveOutCrowds?: boolean
}

export function findLeads(client: MarketoClient, search: Search): Promise<Found> {
  return find(client, 'Lead', search)
}

export function findObjects(client: MarketoClient, kind: CustomObject, search: Search): Promise<Found> {
  return find(client, kind, search)
}

function find(client: MarketoClient, kind: MarketoObject, search: Search): Promise<Found> {
  const { filterType, fields, leaveOutCrowds = false, priority, signal } = search
  // A comma separates values and can't be escaped: such a value would be found as two others.
  const values = [...new Set(search.values.map(String))].filter(
    (value) => value !== '' && !value.includes(','),
  )
  const read = (part: readonly string[]) =>
    readPages(
      client,
      (nextPageToken) => ({
        endpoint: `${PATHS[kind]}.json`,
        method: 'GET',
        query: { filterType, filterValues: part, fields, batchSize: MAX_RECORDS, nextPageToken },
        priority,
        signal,
        kind: 'read',
        timeoutMs: TIMEOUT_MS,
      }),
      (record) => saysWhoItIs(record, fields),
    )
  return readInParts(values, MAX_RECORDS, read, { leaveOutCrowds })
}

export interface RoleKey {
  externalOpportunityId: string
  leadId: number
  role: string
}

/** Roles by their compound key, which only a POST with a body can carry (help/rest-api/lead-database.md). */
export function findRoles(
  client: MarketoClient,
  search: ReadTurn & { keys: readonly RoleKey[]; fields: readonly string[] },
): Promise<Found> {
  const { keys, fields, priority, signal } = search
  return readInParts(keys, MAX_RECORDS, (input) =>
    readPages(
      client,
      (nextPageToken) => ({
        endpoint: `${PATHS.OpportunityRole}.json`,
        method: 'POST',
        query: { _method: 'GET', nextPageToken },
        body: { filterType: 'dedupeFields', fields, input },
        priority,
        signal,
        kind: 'read',
        timeoutMs: TIMEOUT_MS,
      }),
      (record) => saysWhoItIs(record, fields),
    ),
  )
}

/** Whether Marketo's own id is there, where it was asked for. To leave a person out that has none would let a second one be created. */
function saysWhoItIs({ id, marketoGUID }: Fields, fields: readonly string[]): boolean {
  if (fields.includes('id') && !/^[1-9]\d*$/.test(typeof id === 'number' ? String(id) : textOf(id)))
    return false
  return !fields.includes('marketoGUID') || textOf(marketoGUID) !== ''
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export interface LeadsWrite extends Turn {
  action: 'createOnly' | 'updateOnly' | 'createOrUpdate' | 'createDuplicate'
  lookupField?: string | undefined
  input: readonly Fields[]
}

export function syncLeads(client: MarketoClient, leads: LeadsWrite): Promise<WriteOutcome> {
  const { action, lookupField, input } = leads
  return write(client, 'Lead', 'leads.json', { action, lookupField, input }, leads)
}

export function deleteLeads(
  client: MarketoClient,
  leads: Turn & { ids: readonly number[] },
): Promise<WriteOutcome> {
  return write(client, 'Lead', 'leads/delete.json', { input: leads.ids.map((id) => ({ id })) }, leads)
}

/** The winner keeps its values unless they are empty; nothing undoes it. More than 25 losers take several calls. */
export async function mergeLeads(
  client: MarketoClient,
  merge: Turn & { winner: number; losers: readonly number[] },
): Promise<CallOutcome> {
  const { winner, losers, priority, signal, beforeSend } = merge
  let outcome: CallOutcome | undefined
  for (let at = 0; at < losers.length && outcome?.ok !== false; at += MAX_LOSERS)
    outcome = await client.request({
      endpoint: `leads/${winner}/merge.json`,
      method: 'POST',
      query: { leadIds: losers.slice(at, at + MAX_LOSERS) },
      priority,
      signal,
      beforeSend,
      kind: 'write',
      timeoutMs: MERGE_TIMEOUT_MS,
    })
  if (!outcome) throw new RangeError(`a merge into ${winner} needs somebody to merge`)
  return outcome
}

/** createOrUpdate by dedupeFields: the only form that every reading of Marketo's documents allows. */
export function syncObjects(
  client: MarketoClient,
  kind: CustomObject,
  objects: Turn & { input: readonly Fields[] },
): Promise<WriteOutcome> {
  const body = { action: 'createOrUpdate', dedupeBy: 'dedupeFields', input: objects.input }
  return write(client, kind, `${PATHS[kind]}.json`, body, objects)
}

export function deleteObjects(
  client: MarketoClient,
  kind: CustomObject,
  objects: Turn & { keys: readonly Fields[] },
): Promise<WriteOutcome> {
  const body = { deleteBy: 'dedupeFields', input: objects.keys }
  return write(client, kind, `${PATHS[kind]}/delete.json`, body, objects)
}

async function write(
  client: MarketoClient,
  kind: MarketoObject,
  endpoint: string,
  body: { input: readonly Fields[]; [parameter: string]: unknown },
  { priority, signal, beforeSend }: Turn,
): Promise<WriteOutcome> {
  const sent = body.input.length
  if (sent === 0 || sent > MAX_RECORDS)
    throw new RangeError(`a call to ${endpoint} takes 1 to ${MAX_RECORDS} records, not ${sent}`)
  const timeoutMs = kind === 'Lead' ? LEADS_TIMEOUT_MS : TIMEOUT_MS
  const call = { endpoint, body, priority, signal, beforeSend, timeoutMs }
  const outcome = await client.request({ ...call, method: 'POST', kind: 'write' })
  if (!outcome.ok) return { outcome, results: [] }
  const results = alignResults(outcome.result, body.input, kind === 'Lead' ? 'Lead' : 'other')
  return results ? { outcome, results } : { outcome: misaligned(outcome.result.length, sent), results: [] }
}

function misaligned(answered: number, sent: number): Failed {
  return failed('body', 'results-misaligned', `${answered} results for ${sent} records`, true)
}
