// An object that can't be read for the backfill: it rests, longer from time to time, and is a problem in the status, while the others go
// on. Every try may cost one of the 10,000 bulk jobs that Salesforce gives an org a day ("Bulk API 2.0 Limits").
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem } from '../database/state.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { ObjectName } from '../salesforce/ids.ts'

const REST = { firstMs: 2_000, capMs: 15 * 60_000 }

export interface BackfillTrouble {
  isResting(object: ObjectName): boolean
  /** It rests from now on. */
  failed(object: ObjectName): void
  /** It is at its end, or has gone on from a place that was stored. A query's first pages alone are no sign: each try may fail after them. */
  works(object: ObjectName): void
  raise(trx: DbOrTrx, object: ObjectName, error: unknown): Promise<void>
  clear(trx: DbOrTrx, object: ObjectName): Promise<void>
  /** They are the matter of another backfill, or of none. */
  forget(objects: ObjectName[]): Promise<void>
}

/** Pure: the rest after so many failures in a row. */
export const restAfter = (failures: number): number =>
  Math.min(REST.capMs, REST.firstMs * 2 ** Math.min(failures - 1, 20))

export function createBackfillTrouble(deps: {
  leader: LeaderTransaction
  now: () => number
}): BackfillTrouble {
  const { leader, now } = deps
  const resting = new Map<ObjectName, { failures: number; until: number }>()
  const raised = new Set<ObjectName>()

  async function clear(trx: DbOrTrx, object: ObjectName): Promise<void> {
    if (!raised.has(object)) return
    await clearProblem(trx, 'salesforce', codeOf(object))
    raised.delete(object)
  }

  return {
    isResting: (object) => (resting.get(object)?.until ?? -Infinity) > now(),
    failed(object) {
      const failures = (resting.get(object)?.failures ?? 0) + 1
      resting.set(object, { failures, until: now() + restAfter(failures) })
    },
    works: (object) => void resting.delete(object),
    async raise(trx, object, error) {
      raised.add(object)
      await raiseProblem(trx, {
        system: 'salesforce',
        code: codeOf(object),
        reason: `The backfill cannot read ${object}, so records of it may be missing in Marketo: ${reasonOf(error)}`,
        advice: `${error instanceof BridgeError ? `${error.advice} ` : ''}The backfill goes on with the other objects, and tries ${object} again by itself, at last every ${REST.capMs / 60_000} minutes.`,
      })
    },
    clear,
    async forget(objects) {
      for (const object of objects) resting.delete(object)
      const told = objects.filter((object) => raised.has(object))
      if (told.length === 0) return
      await leader(async (trx) => {
        for (const object of told) await clear(trx, object)
      })
    },
  }
}

const codeOf = (object: ObjectName): string => `backfill-failed:${object}`
