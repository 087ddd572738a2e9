// All ids of an object in scope, as Salesforce told them, beside the ledger: what is in one and not in the other. In a table, because a
// million ids are 100 MB in memory.
import { sql } from 'kysely'
import { PRIORITY } from './changes.ts'
import type { DbOrTrx } from './tables.ts'

export async function clearCensus(db: DbOrTrx): Promise<void> {
  await sql`truncate census`.execute(db)
}

export async function addToCensus(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0)
    await sql`insert into census (id) select unnest(${ids}::text[]) on conflict do nothing`.execute(db)
}

export async function countCensus(db: DbOrTrx): Promise<number> {
  const { rows } = await sql<{ records: number }>`select count(*) as records from census`.execute(db)
  return rows[0]?.records ?? 0
}

/** Marks what Salesforce has in scope and the ledger doesn't hold as confirmed; what is queued or parked is known anyway. */
export async function markUnknown(db: DbOrTrx, object: string): Promise<number> {
  const result = await sql`
    insert into changes (object, id, version, priority, due, force, attempts, marked_at)
    select ${object}, c.id, nextval('change_version'), ${PRIORITY.found}, now(), false, 0, now()
    from census c
    left join ledger l on l.id = c.id
    where coalesce(l.state, '') <> 'confirmed' and not exists (select 1 from parked p where p.id = c.id)
    on conflict (id) do nothing`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

/** What Marketo has, or may have, by the ledger, and the census didn't see, in id order after `after`. */
export async function unseen(db: DbOrTrx, object: string, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select l.id from ledger l
    where l.object = ${object} and (l.state in ('confirmed', 'claimed', 'lost') or l.state = 'outside' and l.marketo_id is not null)
      and l.id > ${after} and not exists (select 1 from census c where c.id = l.id)
    order by l.id limit ${limit}`.execute(db)
  return rows.map((row) => row.id)
}

/** Counts how often running Salesforce has not shown these at all. `proven`: its log of deletions names them. */
export async function noteMissed(
  db: DbOrTrx,
  missed: { id: string; proven: boolean }[],
  atLeast: number,
): Promise<void> {
  if (missed.length === 0) return
  await sql`
    update ledger l set missed = case when m.proven then greatest(l.missed, ${atLeast}) else least(l.missed + 1, 100) end
    from jsonb_to_recordset(${JSON.stringify(missed)}::jsonb) as m(id text, proven boolean) where l.id = m.id`.execute(
    db,
  )
}

export async function noteSeen(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0)
    await sql`update ledger set missed = 0 where id = any(${ids}::text[]) and missed > 0`.execute(db)
}
