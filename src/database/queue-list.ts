// The queue as the console lists it, in the order of ids: stable while records come and go.
import { sql } from 'kysely'
import type { Db } from './tables.ts'

export const QUEUE_STATES = ['queued', 'again', 'waiting', 'stopped'] as const
export type QueueState = (typeof QUEUE_STATES)[number]

/** The code under which a stopped mass removal waits (sync/brake.ts). */
const STOPPED = 'removals-stopped'

export interface QueueFilter {
  object?: string | undefined
  state?: QueueState | undefined
}

const CONDITIONS = {
  queued: sql<boolean>`waiting_for is null and attempts = 0 and code is distinct from ${STOPPED}`,
  again: sql<boolean>`waiting_for is null and attempts > 0 and code is distinct from ${STOPPED}`,
  waiting: sql<boolean>`waiting_for is not null`,
  stopped: sql<boolean>`code = ${STOPPED}`,
}

export async function pageOfQueue(
  db: Db,
  { object, state }: QueueFilter,
  page: { after?: string | undefined; limit: number },
) {
  let query = db.selectFrom('changes').selectAll()
  if (object !== undefined) query = query.where('object', '=', object)
  if (state !== undefined) query = query.where(CONDITIONS[state])
  if (page.after !== undefined) query = query.where('id', '>', page.after)
  return query.orderBy('id').limit(page.limit).execute()
}

/** How many records of each object a mass removal holds up. */
export async function countStopped(db: Db): Promise<{ object: string; records: number }[]> {
  return db
    .selectFrom('changes')
    .select(['object', sql<number>`count(*)`.as('records')])
    .where(CONDITIONS.stopped)
    .groupBy('object')
    .orderBy('object')
    .execute()
}
