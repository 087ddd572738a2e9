// How much went out and how much waited, per five minutes: what the charts are drawn from.
import { sql } from 'kysely'
import type { Db, DbOrTrx } from './tables.ts'

export interface Sample {
  at: Date
  sent: number
  refused: number
  queued: number
  waiting: number
  parked: number
}

const MINUTES = 5
const KEPT_HOURS = 48

/** Adds what was sent since the last call to the current five minutes, and notes how much waits now. */
export async function takeSample(db: DbOrTrx, since: { sent: number; refused: number }): Promise<void> {
  await sql`
    insert into samples (at, sent, refused, queued, waiting, parked)
    select date_bin(make_interval(mins => ${MINUTES}), now(), 'epoch'::timestamptz), ${since.sent}, ${since.refused},
      (select count(*) from changes where waiting_for is null), (select count(*) from changes where waiting_for is not null),
      (select count(*) from parked)
    on conflict (at) do update set sent = samples.sent + excluded.sent, refused = samples.refused + excluded.refused,
      queued = excluded.queued, waiting = excluded.waiting, parked = excluded.parked`.execute(db)
  await sql`delete from samples where at < now() - make_interval(hours => ${KEPT_HOURS})`.execute(db)
}

/** Oldest first. */
export async function listSamples(db: Db, hours: number): Promise<Sample[]> {
  return db
    .selectFrom('samples')
    .selectAll()
    .where('at', '>=', sql<Date>`now() - make_interval(hours => ${hours})`)
    .orderBy('at')
    .execute()
}

/** The fewest refused records of that time; undefined where nobody looked. */
export async function fewestParked(db: Db, hours: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('samples')
    .select(sql<number | null>`min(parked)`.as('fewest'))
    .where('at', '>=', sql<Date>`now() - make_interval(hours => ${hours})`)
    .executeTakeFirst()
  return row?.fewest ?? undefined
}
