// Marketo calls of all processes, counted where all see them: the sliding window, the calls in flight, the day's use.
import { sql } from 'kysely'
import type { Db, DbOrTrx } from './tables.ts'

export interface CallRequest {
  endpoint: string
  priority: string
  windowMs: number
  rate: number
  concurrency: number
  /** A call whose process died counts as in flight until then: Marketo may still be working on it. */
  holdMs: number
  /** The Marketo day (US Central) the call counts for, YYYY-MM-DD. */
  day: string
}

/** A call arrives at Marketo some time after it was started, so its place in the window frees a window after it *ended*;
 *  a slow call has arrived long before its end, hence the bound. */
const ARRIVAL_MS = 3_000

/** Starts a call if rate and concurrency allow it, else tells when to ask again. One row (the day's) serialises all processes. */
export async function tryStartCall(
  db: Db,
  call: CallRequest,
): Promise<{ id: number } | { retryInMs: number }> {
  return db.transaction().execute(async (trx) => {
    await sql`insert into marketo_days (day, calls) values (${call.day}, 0) on conflict (day) do nothing`.execute(
      trx,
    )
    await sql`select 1 from marketo_days where day = ${call.day} for update`.execute(trx)
    // clock_timestamp, not now(): this transaction may have waited for the row since it began.
    const { rows } = await sql<{
      flying: number
      recent: number
      free_in: number | null
      done_in: number | null
    }>`
      select
        count(*) filter (where finished_at is null and hold_until > clock_timestamp()) as flying,
        count(*) filter (where leaves > clock_timestamp()) as recent,
        (extract(epoch from min(leaves) filter (where leaves > clock_timestamp()) - clock_timestamp()) * 1000)::float8 as free_in,
        (extract(epoch from min(hold_until) filter (where finished_at is null and hold_until > clock_timestamp()) - clock_timestamp()) * 1000)::float8 as done_in
      from (
        select *, least(coalesce(finished_at, clock_timestamp()), started_at + make_interval(secs => ${ARRIVAL_MS / 1000}))
          + make_interval(secs => ${call.windowMs / 1000}) as leaves
        from marketo_calls where started_at > clock_timestamp() - interval '10 minutes') as calls`.execute(
      trx,
    )
    const { flying, recent, free_in: freeIn, done_in: doneIn } = rows[0]!
    if (recent >= call.rate) return { retryInMs: Math.max(5, Math.ceil(freeIn ?? 100)) }
    if (flying >= call.concurrency) return { retryInMs: Math.max(5, Math.min(Math.ceil(doneIn ?? 100), 250)) }
    const started = await trx
      .insertInto('marketo_calls')
      .values({
        endpoint: call.endpoint,
        priority: call.priority,
        started_at: sql<Date>`clock_timestamp()`,
        hold_until: sql<Date>`clock_timestamp() + make_interval(secs => ${call.holdMs / 1000})`,
        finished_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await trx
      .updateTable('marketo_days')
      .set({ calls: sql<number>`calls + 1` })
      .where('day', '=', call.day)
      .execute()
    return { id: started.id }
  })
}

export async function finishCall(db: Db, id: number): Promise<void> {
  await db
    .updateTable('marketo_calls')
    .set({ finished_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute()
}

/** Calls that a former leader left behind are out for no longer than a write may go on in Marketo without it. */
export async function inheritCalls(db: DbOrTrx, { goOnForMs }: { goOnForMs: number }): Promise<void> {
  await db
    .updateTable('marketo_calls')
    .set({
      hold_until: sql<Date>`least(hold_until, started_at + make_interval(secs => ${goOnForMs / 1000}))`,
    })
    .where('finished_at', 'is', null)
    .execute()
}

export async function callsOfDay(db: Db, day: string): Promise<number> {
  const row = await db.selectFrom('marketo_days').select('calls').where('day', '=', day).executeTakeFirst()
  return row?.calls ?? 0
}

/** Calls older than any window or time-out are of no use any more. */
export async function forgetOldCalls(db: Db): Promise<void> {
  await db
    .deleteFrom('marketo_calls')
    .where('started_at', '<', sql<Date>`now() - interval '15 minutes'`)
    .execute()
}
