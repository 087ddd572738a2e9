// How much the backfill may queue. While it waits for room nothing holds back what is queued: its parents may be what is being marked, where
// they could not be read before, and nothing else makes room.
import { setTimeout as sleep } from 'node:timers/promises'
import { countBackground } from '../database/changes.ts'
import type { Db } from '../database/tables.ts'
import { OBJECTS } from '../salesforce/ids.ts'
import type { BackfillState, StoredBackfill } from './backfill-state.ts'

/** At most so many marks are queued at once: more would only make the database large. */
export const QUEUED_AT_MOST = 100_000

export interface BackfillRoom {
  /** Waits while the queue is long; false when the backfill was paused or this process stops. */
  waitFor(state: BackfillState, more: number): Promise<boolean>
  isWaiting(): boolean
}

export function createBackfillRoom(deps: {
  db: Db
  stored: Pick<StoredBackfill, 'read'>
  signal: AbortSignal
}): BackfillRoom {
  const { db, stored, signal } = deps
  let isWaiting = false

  async function hasRoomFor(more: number): Promise<boolean> {
    let queued = 0
    for (const object of OBJECTS) queued += await countBackground(db, object, QUEUED_AT_MOST - queued)
    return queued + more <= QUEUED_AT_MOST
  }

  return {
    async waitFor(state, more) {
      try {
        for (;;) {
          if (signal.aborted || (await stored.read())?.state !== 'running') return false
          if (state.marked + more <= QUEUED_AT_MOST || (await hasRoomFor(more))) return true
          isWaiting = true
          await sleep(1_000, undefined, { signal }).catch(() => undefined)
        }
      } finally {
        isWaiting = false
      }
    },
    isWaiting: () => isWaiting,
  }
}
