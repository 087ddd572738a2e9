// From the stream into the queue: an event's marks, the parked raw events and the new cursor commit in one transaction.
import { hash } from 'node:crypto'
import { mark, PRIORITY } from '../database/changes.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { park } from '../database/parked.ts'
import { readState, writeState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'
import type { Log } from '../log.ts'
import type { SyncCounters } from './counters.ts'
import type { StreamEvent } from '../salesforce/stream.ts'
import { readEvent } from './events.ts'

export interface EventStore {
  loadCursor(): Promise<string | null>
  storeCursor(cursor: string): Promise<void>
  store(batch: { events: StreamEvent[]; cursor: string }): Promise<void>
}

/** The cursor belongs to one org and channel: a cursor of another stream is never used. */
export const cursorKey = (orgId: string, channel: string): string => `cursor:${orgId}:${channel}`

export function createEventStore(deps: {
  db: Db
  leader: LeaderTransaction
  key: string
  log: Log
  counters: SyncCounters
  wake: () => void
}): EventStore {
  const { db, leader, key, log, counters, wake } = deps
  return {
    async loadCursor() {
      return (await readState<{ cursor: string }>(db, key))?.cursor ?? null
    },

    storeCursor: (cursor) => leader((trx) => writeState(trx, key, { cursor })),

    async store({ events, cursor }) {
      const readings = events.map((event) => ({ event, ...readEvent(event.payload) }))
      const records = readings.flatMap((reading) => reading.records)
      const broken = readings.filter((reading) => reading.problem !== undefined)
      await leader(async (trx) => {
        await mark(
          trx,
          records.map(({ object, id }) => ({ object, id, priority: PRIORITY.live })),
        )
        await park(
          trx,
          broken.map(({ event, problem }) => ({
            object: 'Event',
            // The same event again is the same entry.
            id: `event:${event.uuid ?? hash('sha1', event.raw, 'hex')}`,
            code: 'event-not-understood',
            reason: problem ?? '',
            advice:
              'See who publishes Record_Change__e besides the triggers of this package. The records it names are found by the reconcile if they changed.',
            payload: { raw: event.raw },
          })),
        )
        await writeState(trx, key, { cursor })
      })
      counters.received('stored', events.length - broken.length)
      counters.received('parked', broken.length)
      if (broken.length > 0)
        log.warn(
          { events: broken.length, reason: broken[0]?.problem },
          `parked ${broken.length} events that were not understood`,
        )
      log.debug({ events: events.length, records: records.length }, `stored ${events.length} events`)
      wake()
    },
  }
}
