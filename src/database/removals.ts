// What the brake on mass removals counts, and what it holds. A stop lives in the marks of the records that it stopped: it survives
// restarts, and is over when the last of them is confirmed or turns out not to be a removal.
import { sql } from 'kysely'
import type { Taken } from './changes.ts'
import { toJson } from './json.ts'
import type { DbOrTrx } from './tables.ts'

/** Any number, as long as nothing else in this database locks by it. */
const REMOVALS_LOCK = 728_453

/** Two pieces of work must not both take the last room of the hour, nor what is stopped meanwhile miss its confirmation or its problem.
 *  Lasts as long as the transaction. */
export async function lockRemovals(trx: DbOrTrx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${REMOVALS_LOCK})`.execute(trx)
}

/** Which of these an admin has said yes to. */
export async function confirmedRemovals(trx: DbOrTrx, ids: string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from changes where id = any(${ids}::text[]) and removal = 'confirmed'`.execute(trx)
  return new Set(rows.map((row) => row.id))
}

/** How many of an object were let through within the last hour, these included. */
export async function countRemovals(trx: DbOrTrx, object: string, ids: string[] = []): Promise<number> {
  const { rows } = await sql<{ records: number }>`
    select count(*) as records from (
      select id from removals where object = ${object} and at > now() - interval '1 hour'
      union select unnest(${ids}::text[])) as ids`.execute(trx)
  return rows[0]?.records ?? 0
}

/** Each counts once an hour, however many attempts it takes. */
export async function noteRemovals(trx: DbOrTrx, object: string, ids: string[]): Promise<void> {
  await sql`delete from removals where at <= now() - interval '1 hour'`.execute(trx)
  await sql`
    insert into removals (id, object, at) select unnest(${ids}::text[]), ${object}, now() on conflict do nothing`.execute(
    trx,
  )
}

/** Returns those that it stopped: not those marked again since they were taken, which may be wanted again. */
export async function stopRemovals(trx: DbOrTrx, taken: Pick<Taken, 'id' | 'version'>[]): Promise<string[]> {
  const rows = toJson(taken.map(({ id, version }) => ({ id, version })))
  const { rows: stopped } = await sql<{ id: string }>`
    update changes c set removal = 'stopped' from jsonb_to_recordset(${rows}::jsonb) as t(id text, version bigint)
    where c.id = t.id and c.version <= t.version returning c.id`.execute(trx)
  return stopped.map(({ id }) => id)
}

/** Stopped removals per object. */
export async function countStopped(db: DbOrTrx): Promise<Map<string, number>> {
  const { rows } = await sql<{ object: string; records: number }>`
    select object, count(*) as records from changes where removal = 'stopped' group by object`.execute(db)
  return new Map(rows.map((row) => [row.object, row.records]))
}

/** What is stopped is due now. */
export async function resumeStopped(trx: DbOrTrx): Promise<void> {
  await sql`update changes set due = now() where removal = 'stopped'`.execute(trx)
}

/** What is stopped now may go, and the hour of its objects begins anew. What is stopped later is another question. */
export async function confirmRemovals(trx: DbOrTrx): Promise<void> {
  const { rows } = await sql<{ object: string }>`
    update changes set removal = 'confirmed', due = now() where removal = 'stopped' returning object`.execute(
    trx,
  )
  const objects = [...new Set(rows.map((row) => row.object))]
  await sql`delete from removals where object = any(${objects}::text[])`.execute(trx)
}
