// Records that Marketo or we refused, each with its reason in plain words and what to do. They leave the list when they
// succeed, when they are removed in Salesforce, or for the queue when somebody asks for a retry.
import { sql } from 'kysely'
import { mark, PRIORITY } from './changes.ts'
import { toJson } from './json.ts'
import type { DbOrTrx, Trx } from './tables.ts'

export interface Refusal {
  object: string
  id: string
  code: string
  reason: string
  advice: string
  /** What was to be sent, without secrets; null where nothing was. */
  payload: object | null
}

/** Parks records, and tells the children that wait for one of them. First time and attempts go on counting for one that was parked before. One given twice (a repeated event) is one. */
export async function park(db: DbOrTrx, refusals: Refusal[]): Promise<void> {
  if (refusals.length === 0) return
  const rows = toJson([...new Map(refusals.map((refusal) => [refusal.id, refusal])).values()])
  await sql`
    insert into parked (object, id, code, reason, advice, payload, attempts, first_seen_at, last_seen_at)
    select object, id, code, reason, advice, payload, 1, now(), now()
    from jsonb_to_recordset(${rows}::jsonb) as r(object text, id text, code text, reason text, advice text, payload jsonb)
    on conflict (id) do update set
      object = excluded.object, code = excluded.code, reason = excluded.reason, advice = excluded.advice, payload = excluded.payload,
      attempts = parked.attempts + 1, last_seen_at = excluded.last_seen_at`.execute(db)
  await sql`
    update changes c set reason = 'waits for ' || r.object || ' ' || r.id || ', which is parked: ' || r.reason
    from jsonb_to_recordset(${rows}::jsonb) as r(object text, id text, reason text)
    where c.waiting_for = r.id`.execute(db)
}

export async function unpark(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from parked where id = any(${ids}::text[])`.execute(db)
}

export interface ParkedRecord {
  id: string
  object: string
  code: string
  reason: string
  advice: string
  attempts: number
  firstSeenAt: Date
  lastSeenAt: Date
}

export interface ParkedFilter {
  object?: string | undefined
  code?: string | undefined
  ids?: string[] | undefined
}

export const PARKED_COLUMNS = [
  'id',
  'object',
  'code',
  'reason',
  'advice',
  'attempts',
  'first_seen_at as firstSeenAt',
  'last_seen_at as lastSeenAt',
] as const

function filtered(db: DbOrTrx, filter: ParkedFilter) {
  let query = db.selectFrom('parked')
  if (filter.object !== undefined) query = query.where('object', '=', filter.object)
  if (filter.code !== undefined) query = query.where('code', '=', filter.code)
  if (filter.ids !== undefined) query = query.where('id', '=', sql<string>`any(${filter.ids}::text[])`)
  return query
}

export async function readParked(db: DbOrTrx, ids: string[]): Promise<Map<string, ParkedRecord>> {
  if (ids.length === 0) return new Map()
  const rows = await filtered(db, { ids }).select(PARKED_COLUMNS).execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** Those that are parked now, and stay so until the transaction ends. */
export async function stillParked(trx: Trx, filter: ParkedFilter): Promise<string[]> {
  const rows = await filtered(trx, filter).select('id').orderBy('id').forUpdate().execute()
  return rows.map(({ id }) => id)
}

/** Puts parked records back in the queue; they leave the list only when they succeed. Events can't be sent again. */
export async function retryParked(db: DbOrTrx, filter: ParkedFilter): Promise<number> {
  const rows = await filtered(db, filter).where('object', '<>', 'Event').select(['object', 'id']).execute()
  await mark(
    db,
    rows.map((row) => ({ ...row, priority: PRIORITY.asked, force: true })),
  )
  return rows.length
}

/** Puts those back in the queue that were to be sent with a field beyond these. */
export async function retryParkedBeyond(
  db: DbOrTrx,
  filter: { object: string; code: string },
  fields: string[],
): Promise<void> {
  const rows = await filtered(db, filter)
    .where(
      sql<boolean>`exists (select from jsonb_object_keys(payload) as field where field <> all(${fields}::text[]))`,
    )
    .select(['object', 'id'])
    .execute()
  await mark(
    db,
    rows.map((row) => ({ ...row, priority: PRIORITY.found, force: true })),
  )
}

export async function countParked(db: DbOrTrx): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('parked')
    .select(['object', sql<number>`count(*)`.as('records')])
    .groupBy('object')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.object, row.records]))
}
