// How far the backfill is: what is marked less what is still queued or in flight. Turns it to done when nothing of it is left.
import { countBackground } from '../database/changes.ts'
import { analyzeHotTables } from '../database/maintenance.ts'
import type { Db } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { QUEUED_AT_MOST } from './backfill-room.ts'
import type { BackfillState, StoredBackfill } from './backfill-state.ts'

export interface BackfillProgress {
  state: BackfillState['state']
  done: number
  total: number
  etaSeconds: number | null
}

export async function progressOf(
  deps: {
    db: Db
    stored: Pick<StoredBackfill, 'read'>
    /** False where another one has begun, or this one was paused. */
    keep: (state: BackfillState) => Promise<boolean>
    log: Log
  },
  inFlight: number,
): Promise<BackfillProgress> {
  const { db, stored, keep, log } = deps
  const state = await stored.read()
  if (state === undefined) return { state: 'idle', done: 0, total: 0, etaSeconds: null }
  const { marked, total, finishedAt } = state
  if (state.state === 'done' || state.state === 'failed')
    return { state: state.state, done: marked, total: marked, etaSeconds: null }
  let queued = inFlight
  for (const object of state.objects) queued += await countBackground(db, object, QUEUED_AT_MOST * 2)
  const done = Math.max(0, marked - queued)
  if (
    state.state === 'running' &&
    finishedAt !== null &&
    queued === 0 &&
    (await keep({ ...state, state: 'done', finishedAt: new Date().toISOString() }))
  ) {
    log.info(
      { records: marked, ms: Date.now() - Date.parse(state.startedAt) },
      `backfill is done: ${marked} records`,
    )
    await analyzeHotTables(db)
    return { state: 'done', done: marked, total: marked, etaSeconds: null }
  }
  const elapsed = (Date.now() - Date.parse(state.startedAt)) / 1000
  return {
    state: state.state,
    done,
    total: Math.max(total, marked),
    etaSeconds: done === 0 ? null : Math.round((elapsed / done) * (Math.max(total, marked) - done)),
  }
}
