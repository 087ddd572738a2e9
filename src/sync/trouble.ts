// What stops or limits the sync as a whole becomes a problem in the status, and holds the loop for a moment: without that, every
// record of a long queue would be read from Salesforce only to fail.
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem, type Problem } from '../database/state.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { Verdict } from '../marketo/verdict.ts'

/** So many failures in a row are no hiccup any more. */
const FAILURES_TOLD = 3
const HOLD_MS = 2_000
/** With the day used up, pacing lets one probing call an hour through; asking it more often only costs reads of Salesforce. */
const QUOTA_HOLD_MS = 5 * 60_000

export interface Trouble {
  /** What came of one call to Marketo. */
  afterCall(verdicts: Verdict[]): Promise<void>
  /** A piece of work failed as a whole: Salesforce or the database. */
  afterFailure(error: unknown): Promise<void>
  afterWork(): Promise<void>
  /** The loop takes nothing until then. */
  heldUntil(): number
}

export function createTrouble(deps: { leader: LeaderTransaction; now: () => number }): Trouble {
  const { leader, now } = deps
  let held = 0
  let marketoFailures = 0
  let workFailures = 0
  /** By system. What others have raised of it is theirs to clear. */
  const raised = new Map<string, Set<string>>()

  async function raise(problem: Problem): Promise<void> {
    const { system, code } = problem
    raised.set(system, (raised.get(system) ?? new Set<string>()).add(code))
    await leader((trx) => raiseProblem(trx, problem))
  }

  async function clear(system: Problem['system']): Promise<void> {
    const codes = raised.get(system)
    if (codes === undefined) return
    raised.delete(system)
    await leader(async (trx) => {
      for (const code of codes) await clearProblem(trx, system, code)
    })
  }

  return {
    heldUntil: () => held,

    async afterCall(verdicts) {
      if (verdicts.some(({ kind }) => kind === 'accepted' || kind === 'refused')) {
        marketoFailures = 0
        await clear('marketo')
        return
      }
      const stop = verdicts.find((verdict) => verdict.kind === 'stop' || verdict.kind === 'quota')
      if (stop !== undefined && 'code' in stop) {
        held = Math.max(
          held,
          'afterMs' in stop ? now() + stop.afterMs : Math.min(stop.until ?? Infinity, now() + QUOTA_HOLD_MS),
        )
        await raise({ system: 'marketo', code: stop.code, reason: stop.reason, advice: stop.advice })
        return
      }
      const failure = verdicts.find(
        (verdict) => verdict.kind === 'again' || verdict.kind === 'ambiguous' || verdict.kind === 'rate',
      )
      if (failure === undefined || !('code' in failure)) return
      marketoFailures++
      held = Math.max(held, now() + Math.min(HOLD_MS, 200 * marketoFailures))
      if (marketoFailures >= FAILURES_TOLD)
        await raise({ system: 'marketo', code: failure.code, reason: failure.reason, advice: failure.advice })
    },

    async afterFailure(error) {
      workFailures++
      held = Math.max(held, now() + Math.min(10_000, HOLD_MS * workFailures))
      const known = error instanceof BridgeError
      const salesforce = known && error.code.startsWith('salesforce')
      if (known || workFailures >= FAILURES_TOLD)
        await raise({
          system: salesforce ? 'salesforce' : 'sync',
          code: known ? error.code : 'unexpected',
          reason: reasonOf(error),
          advice: known ? error.advice : 'It is tried again by itself. If it stays, look at the log.',
        })
    },

    async afterWork() {
      workFailures = 0
      await clear('salesforce')
      await clear('sync')
    },
  }
}
