// Writes that are out or may be out. Committed before the call; what has no outcome is looked up, never repeated blindly.
import { sql, type RawBuilder } from 'kysely'
import { toJson } from './json.ts'
import type { DbOrTrx } from './tables.ts'

export interface Intent {
  /** The Salesforce record. At most one write of a record is out at any time. */
  id: string
  object: string
  kind: 'upsert' | 'delete' | 'merge'
  /** Which call it went with. */
  call: string
  /** The mark's version that was taken. */
  version: number
  marketoId: string | null
  payload: object
}

export interface OpenIntent extends Intent {
  startedAt: Date
  ambiguous: boolean
}

export async function openIntents(db: DbOrTrx, intents: Intent[]): Promise<void> {
  if (intents.length === 0) return
  await sql`
    insert into intents (id, object, kind, call, version, marketo_id, payload, started_at)
    select id, object, kind, call, version, "marketoId", payload, now()
    from jsonb_to_recordset(${toJson(intents)}::jsonb)
      as i(id text, object text, kind text, call text, version bigint, "marketoId" text, payload jsonb)`.execute(
    db,
  )
}

/** Role keys are compared without regard to case, as Marketo does; what is returned is what was written. */
const isOneOf = (roleKeys: string[]): RawBuilder<boolean> =>
  sql`lower(payload->>'roleKey') = any(array(select lower(key) from unnest(${roleKeys}::text[]) as k(key)))`

/**
 * What is out, or may be out, under one of these role keys or Marketo persons, `besides` what these records have. Under a lock that lasts as
 * long as the transaction, so that two pieces of work can't both find a key free.
 */
export async function takenKeys(
  trx: DbOrTrx,
  wanted: { roleKeys: string[]; marketoIds: string[]; besides?: string[] },
): Promise<Set<string>> {
  // What is created has neither: it needs no lock, which would let the intents of a first load go one after another.
  if (wanted.roleKeys.length + wanted.marketoIds.length === 0) return new Set()
  await sql`select pg_advisory_xact_lock(${KEYS_LOCK})`.execute(trx)
  const { rows } = await sql<{ key: string }>`
    with others as (select * from intents where id <> all(${wanted.besides ?? []}::text[]))
    select payload->>'roleKey' as key from others where ${isOneOf(wanted.roleKeys)}
    union select marketo_id from others where object in ('Lead', 'Contact') and marketo_id = any(${wanted.marketoIds}::text[])
    union select payload->>'winner' from others where payload->>'winner' = any(${wanted.marketoIds}::text[])
    union select person from others, jsonb_array_elements_text(payload->'persons') as person
      where kind <> 'upsert' and person = any(${wanted.marketoIds}::text[])`.execute(trx)
  return new Set(rows.map((row) => row.key))
}

/** Marketo persons that the calls of these intents are about, besides those that were known when they were opened. Under the lock of
 *  `takenKeys`. */
export async function reservePersons(
  trx: DbOrTrx,
  intents: { id: string; persons: string[] }[],
): Promise<void> {
  await sql`
    update intents i set payload = i.payload || jsonb_build_object('persons', r.persons)
    from jsonb_to_recordset(${toJson(intents)}::jsonb) as r(id text, persons jsonb) where i.id = r.id`.execute(
    trx,
  )
}

/**
 * Which of these parents Marketo has, and keeps for now. Under a lock that writers share and whoever removes has alone, so that none names
 * a parent that another is just taking away.
 */
export async function standingParents(trx: DbOrTrx, parents: string[]): Promise<Set<string>> {
  if (parents.length === 0) return new Set()
  await sql`select pg_advisory_xact_lock_shared(${PARENTS_LOCK})`.execute(trx)
  const { rows } = await sql<{ id: string }>`
    select id from ledger l where id = any(${parents}::text[]) and state = 'confirmed'
      and not exists (select 1 from intents i where i.id = l.id and i.kind <> 'upsert')`.execute(trx)
  return new Set(rows.map(({ id }) => id))
}

/** Which of these parents a write that is out, or may be, names. Under the lock against `standingParents`. */
export async function namedParents(trx: DbOrTrx, parents: string[]): Promise<Set<string>> {
  if (parents.length === 0) return new Set()
  await sql`select pg_advisory_xact_lock(${PARENTS_LOCK})`.execute(trx)
  const { rows } = await sql<{ id: string }>`
    select distinct reference.value as id from intents i, jsonb_each_text(i.payload->'references') as reference
    where i.kind = 'upsert' and reference.value = any(${parents}::text[])`.execute(trx)
  return new Set(rows.map(({ id }) => id))
}

/** Role keys that an upsert is writing, under the same lock. */
export async function rolesBeingWritten(trx: DbOrTrx, roleKeys: string[]): Promise<Set<string>> {
  await sql`select pg_advisory_xact_lock(${KEYS_LOCK})`.execute(trx)
  const { rows } = await sql<{ key: string }>`
    select payload->>'roleKey' as key from intents where kind = 'upsert' and ${isOneOf(roleKeys)}`.execute(
    trx,
  )
  return new Set(rows.map((row) => row.key))
}

/** Whether a role of this opportunity, or of this Marketo person, is still to be deleted or may be. */
export async function rolesBeingDeleted(
  db: DbOrTrx,
  of: { opportunity: string } | { person: string },
): Promise<boolean> {
  const [part, value] = 'opportunity' in of ? [1, of.opportunity] : [2, of.person]
  const { rows } = await sql`
    select 1 from intents where kind = 'delete' and split_part(payload->>'roleKey', '|', ${part}::int) = ${value} limit 1`.execute(
    db,
  )
  return rows.length > 0
}

/** Role keys that another delete than these is taking away, or may be: a merge can bring the deletes of two keys onto one. */
export async function rolesGoing(
  trx: DbOrTrx,
  roleKeys: string[],
  { besides, goOnForMs }: { besides: string[]; goOnForMs: number },
): Promise<Set<string>> {
  const { rows } = await sql<{ key: string }>`
    select payload->>'roleKey' as key from intents
    where kind = 'delete' and ${isOneOf(roleKeys)} and id <> all(${besides}::text[]) and call <> ''
      and (not ambiguous or started_at > clock_timestamp() - make_interval(secs => ${goOnForMs / 1000}))`.execute(
    trx,
  )
  return new Set(rows.map((row) => row.key))
}

/** Marketo persons of these whose merge is out, or may be. */
export async function mergingPersons(db: DbOrTrx, persons: string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('intents')
    .select('marketo_id')
    .where('kind', '=', 'merge')
    .where('marketo_id', '=', sql<string>`any(${persons}::text[])`)
    .execute()
  return new Set(rows.flatMap(({ marketo_id: id }) => id ?? []))
}

/** Which of these intents stand as they were read. */
export async function standingIntents(db: DbOrTrx, intents: Intent[]): Promise<Set<string>> {
  const rows = toJson(intents.map(({ id, payload }) => ({ id, payload })))
  const { rows: standing } = await sql<{ id: string }>`
    select i.id from intents i join jsonb_to_recordset(${rows}::jsonb) as r(id text, payload jsonb) on r.id = i.id
    where i.payload->>'roleKey' is not distinct from r.payload->>'roleKey'`.execute(db)
  return new Set(standing.map(({ id }) => id))
}

/** Deletes of a Marketo person's roles are of the winner's roles, once the person was merged into it. */
export async function moveRoleDeletes(trx: DbOrTrx, loser: string, winner: string): Promise<void> {
  await sql`
    update intents set payload = jsonb_set(payload, '{roleKey}',
      to_jsonb(regexp_replace(payload->>'roleKey', '^([^|]*)[|][^|]*[|]', '\\1|' || ${winner}::text || '|')))
    where kind = 'delete' and split_part(payload->>'roleKey', '|', 2) = ${loser}`.execute(trx)
}

/** Any numbers, as long as nothing else in this database locks by them. */
const KEYS_LOCK = 728_451
/** Taken before the other one, where both are. */
const PARENTS_LOCK = 728_452

/** These intents go out with this call now. Returns those that there still are: an outcome may have been found since they were read. */
export async function assignCall(db: DbOrTrx, ids: string[], call: string): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    update intents set call = ${call}, ambiguous = false, started_at = clock_timestamp() where id = any(${ids}::text[]) returning id`.execute(
    db,
  )
  return new Set(rows.map(({ id }) => id))
}

/** The write has an outcome. */
export async function closeIntents(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from intents where id = any(${ids}::text[])`.execute(db)
}

/** The call ended without telling its outcome. The wait begins now: it may have gone out long after its intent was written. */
export async function keepAmbiguous(db: DbOrTrx, call: string): Promise<void> {
  await db
    .updateTable('intents')
    .set({ ambiguous: true, started_at: sql<Date>`clock_timestamp()` })
    .where('call', '=', call)
    .execute()
}

/** Removals that may have been carried out, or whose keys nobody else knows: they stay, and are sent again after the wait. */
export async function holdRemovals(
  db: DbOrTrx,
  ids: string[],
  { suspect = false }: { suspect?: boolean } = {},
): Promise<void> {
  await sql`
    update intents set ambiguous = true, started_at = clock_timestamp(), payload = payload || jsonb_build_object(
      'attempts', coalesce((payload->>'attempts')::int, 0) + 1, 'suspect', coalesce((payload->>'suspect')::boolean, false) or ${suspect})
    where id = any(${ids}::text[])`.execute(db)
}

/**
 * Intents of calls that nobody has out any more: their settlement failed, with the database or by an error of ours. A call is
 * outstanding before its intents are written, so the set is looked at after they were read.
 */
export async function disownIntents(db: DbOrTrx, outstanding: ReadonlySet<string>): Promise<number> {
  const calls = await db
    .selectFrom('intents')
    .select('call')
    .distinct()
    .where('ambiguous', '=', false)
    .where('call', '<>', '')
    .execute()
  const lost = calls.flatMap(({ call }) => (outstanding.has(call) ? [] : [call]))
  if (lost.length === 0) return 0
  const result = await db
    .updateTable('intents')
    .set({ ambiguous: true, started_at: sql<Date>`clock_timestamp()` })
    .where('ambiguous', '=', false)
    .where('call', 'in', lost)
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

/** At the begin of a term: whatever a former leader had out has no known outcome. */
export async function inheritIntents(db: DbOrTrx): Promise<number> {
  const result = await db
    .updateTable('intents')
    .set({ ambiguous: true, started_at: sql<Date>`clock_timestamp()` })
    .where('call', '<>', '')
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

/** Records that must not be written: a write of theirs has no known outcome, or a delete is still to be sent. */
export async function unresolvedRecords(db: DbOrTrx): Promise<Set<string>> {
  const rows = await db
    .selectFrom('intents')
    .select('id')
    .where((where) => where.or([where('ambiguous', '=', true), where('call', '=', '')]))
    .execute()
  return new Set(rows.map(({ id }) => recordOf(id)))
}

/** The Salesforce record of an intent: a role's former key has an intent of its own, `<id>:<key>`. */
export function recordOf(intentId: string): string {
  const colon = intentId.indexOf(':')
  return colon < 0 ? intentId : intentId.slice(0, colon)
}

/** Writes of unknown outcome and deletes not sent yet, oldest first, with their age by the database's clock. */
export async function pendingIntents(db: DbOrTrx): Promise<(OpenIntent & { ageMs: number })[]> {
  const rows = await db
    .selectFrom('intents')
    .select([
      'id',
      'object',
      'kind',
      'call',
      'version',
      'marketo_id as marketoId',
      'payload',
      'started_at as startedAt',
      'ambiguous',
    ])
    .select(sql<number>`(extract(epoch from clock_timestamp() - started_at) * 1000)::float8`.as('ageMs'))
    .where((where) => where.or([where('ambiguous', '=', true), where('call', '=', '')]))
    .orderBy('started_at')
    .execute()
  return rows.map((row) => ({ ...row, kind: row.kind as Intent['kind'] }))
}
