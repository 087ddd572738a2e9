// What stops or limits the sync as a whole becomes a problem in the status, and holds the loop for a moment: without that, every
// record of a long queue would be read from Salesforce only to fail.
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem, type Problem } from '../database/state.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { Verdict } from '../marketo/verdict.ts'
import { createRefusedAlike, isRead, type RefusedAlike } from './refused-alike.ts'

/** So many failures in a row are no hiccup any more. */
const FAILURES_TOLD = 3
const HOLD_MS = 2_000
/** With the day used up, pacing lets one probing call an hour through; asking it more often only costs reads of Salesforce. */
const QUOTA_HOLD_MS = 5 * 60_000

/** May be over the next time. */
const PASSING: readonly Verdict['kind'][] = ['again', 'rate', 'renew-token']

/** Pushes go well while look-ups fail, and the other way round. */
type Finder = 'calls' | 'look-ups' | 'salesforce' | 'sync'

export interface Trouble {
  /** What came of one call to Marketo. */
  afterCall(verdicts: Verdict[]): Promise<void>
  /** What came of the look-ups of unknown outcomes that were due. */
  afterLookUps(verdicts: Verdict[]): Promise<void>
  /** A piece of work failed as a whole: Salesforce or the database. */
  afterFailure(error: unknown): Promise<void>
  afterWork(): Promise<void>
  /** The loop takes nothing until then. */
  heldUntil(): number
  alike: RefusedAlike
}

export function createTrouble(deps: { leader: LeaderTransaction; now: () => number }): Trouble {
  const { leader, now } = deps
  let held = 0
  let marketoFailures = 0
  let lookUpFailures = 0
  let workFailures = 0
  /** By who found it, with its system. What others have raised is theirs to clear. */
  const raised = new Map<Finder, Map<string, Problem['system']>>()

  async function raise(finder: Finder, problem: Problem): Promise<void> {
    const own = raised.get(finder) ?? new Map<string, Problem['system']>()
    raised.set(finder, own.set(problem.code, problem.system))
    await leader((trx) => raiseProblem(trx, problem))
  }

  async function clear(finder: Finder): Promise<void> {
    const own = raised.get(finder)
    if (own === undefined) return
    raised.delete(finder)
    const others = new Set([...raised.values()].flatMap((codes) => [...codes.keys()]))
    await leader(async (trx) => {
      for (const [code, system] of own) if (!others.has(code)) await clearProblem(trx, system, code)
    })
  }

  return {
    heldUntil: () => held,
    alike: createRefusedAlike(deps),

    async afterCall(verdicts) {
      if (verdicts.some(isRead)) {
        marketoFailures = 0
        await clear('calls')
        return
      }
      const stop = verdicts.find((verdict) => verdict.kind === 'stop' || verdict.kind === 'quota')
      if (stop !== undefined && 'code' in stop) {
        held = Math.max(
          held,
          'afterMs' in stop ? now() + stop.afterMs : Math.min(stop.until ?? Infinity, now() + QUOTA_HOLD_MS),
        )
        await raise('calls', { system: 'marketo', code: stop.code, reason: stop.reason, advice: stop.advice })
        return
      }
      const failure = verdicts.find(
        (verdict) => verdict.kind === 'again' || verdict.kind === 'ambiguous' || verdict.kind === 'rate',
      )
      if (failure === undefined || !('code' in failure)) return
      marketoFailures++
      held = Math.max(held, now() + Math.min(HOLD_MS, 200 * marketoFailures))
      if (marketoFailures >= FAILURES_TOLD)
        await raise('calls', {
          system: 'marketo',
          code: failure.code,
          reason: failure.reason,
          advice: failure.advice,
        })
    },

    async afterLookUps(verdicts) {
      const failure = verdicts.find(({ kind }) => kind !== 'accepted')
      if (failure === undefined || !('code' in failure)) {
        lookUpFailures = 0
        await clear('look-ups')
        return
      }
      lookUpFailures++
      if (lookUpFailures >= FAILURES_TOLD || !PASSING.includes(failure.kind))
        await raise('look-ups', {
          system: 'marketo',
          code: failure.code,
          reason: `What became of some writes can't be looked up, so their records wait. ${failure.reason}`,
          advice: failure.advice,
        })
    },

    async afterFailure(error) {
      workFailures++
      held = Math.max(held, now() + Math.min(10_000, HOLD_MS * workFailures))
      const known = error instanceof BridgeError
      const salesforce = known && error.code.startsWith('salesforce')
      if (known || workFailures >= FAILURES_TOLD)
        await raise(salesforce ? 'salesforce' : 'sync', {
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
