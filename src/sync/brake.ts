// Stops a mass removal: a lost permission, a wrong filter or a mass delete by mistake must not empty Marketo unseen.
import { resumePostponed, type Postponed } from '../database/changes.ts'
import { countLedger } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem, readState, writeState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'

/** In an hour at most this many removals of an object, or this share of it, whichever is more. */
export const REMOVALS_AN_HOUR = 100
export const REMOVALS_SHARE = 0.02
const HOUR_MS = 3_600_000

export interface Brake {
  /** Counts each record's removal once, when it may go; raises a problem when it may not. */
  allows(object: string, ids: string[]): Promise<boolean>
  /** An admin has looked: removals go on without limit for an hour. */
  confirm(): Promise<void>
  /** How a stopped removal waits. */
  stopped: Omit<Postponed, 'id'>
}

interface BrakeState {
  hour: number
  /** Ids that were let through in this hour: a removal that takes several attempts is one removal. */
  removed: Record<string, string[]>
  confirmedAt: number | null
}

/** Pure: how many removals of an object that counts `records` in Marketo may happen in an hour. */
export function allowance(records: number): number {
  return Math.max(REMOVALS_AN_HOUR, Math.floor(records * REMOVALS_SHARE))
}

export function createBrake(deps: { db: Db; leader: LeaderTransaction; now: () => number }): Brake {
  const { db, leader, now } = deps
  const stopped = {
    afterMs: 60_000,
    code: 'removals-stopped',
    reason: 'a mass removal was stopped until an admin confirms it',
  }

  async function current(): Promise<BrakeState> {
    const state = await readState<BrakeState>(db, 'removals')
    if (state !== undefined && now() - state.hour < HOUR_MS) return state
    return { hour: now(), removed: {}, confirmedAt: state?.confirmedAt ?? null }
  }

  return {
    stopped,

    async allows(object, ids) {
      const state = await current()
      if (state.confirmedAt !== null && now() - state.confirmedAt < HOUR_MS) return true
      const before = state.removed[object] ?? []
      const removed = [...new Set([...before, ...ids])]
      const limit = allowance(((await countLedger(db))[object] ?? 0) + before.length)
      if (removed.length <= limit) {
        await leader((trx) =>
          writeState(trx, 'removals', { ...state, removed: { ...state.removed, [object]: removed } }),
        )
        return true
      }
      await leader((trx) =>
        raiseProblem(trx, {
          system: 'removals',
          code: `mass-removal:${object}`,
          reason: `${removed.length} ${object} records are to be removed from Marketo within an hour, more than ${limit}. The rest waits.`,
          advice:
            'Look in Salesforce whether they are really gone or filtered out; if so, confirm the removal (console, or POST /api/removals/confirm).',
        }),
      )
      return false
    },

    async confirm() {
      const state = await current()
      await leader(async (trx) => {
        await writeState(trx, 'removals', { ...state, confirmedAt: now() })
        await clearProblem(trx, 'removals')
        await resumePostponed(trx, stopped.code)
      })
    },
  }
}
