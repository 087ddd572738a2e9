// Marketo, or a gateway in front of it, refuses all records of an object alike: nobody is to blame. One record at a time is tried then, after
// growing pauses and each time another one, until one is let through; what is only this object's trouble holds up no other.
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem } from '../database/state.ts'
import { GATEWAY_REFUSALS } from '../marketo/known-codes.ts'
import type { Verdict } from '../marketo/verdict.ts'
import { createPauses, type Pauses } from './pauses.ts'

export interface RefusedAlike {
  /** What came of one call, or of the look-up before it. */
  after: (object: string, verdicts: readonly Verdict[]) => Promise<void>
  admit: Pauses['admit']
  /** As many writes of the object may go out. */
  room: Pauses['room']
  /** The last that was heard of the object's calls is that one was let through. */
  passed: (object: string) => boolean
}

/** So many failures in a row are no hiccup any more, and no single record's. */
export const FAILURES_TOLD = 3

/** Marketo itself has looked at the records. */
export function isRead(verdict: Verdict): boolean {
  if (verdict.kind === 'refused') return !GATEWAY_REFUSALS.includes(verdict.code)
  return ['accepted', 'gone', 'several', 'in-use'].includes(verdict.kind)
}

export function createRefusedAlike(deps: { leader: LeaderTransaction; now: () => number }): RefusedAlike {
  const { leader, now } = deps
  const pauses = createPauses(now)
  const passing = new Set<string>()
  const codeOf = (object: string): string => `refused-alike:${object}`

  async function untell(object: string, failures: number): Promise<void> {
    if (failures >= FAILURES_TOLD) await leader((trx) => clearProblem(trx, 'marketo', codeOf(object)))
  }

  return {
    passed: (object) => passing.has(object),
    admit: pauses.admit,
    room: pauses.room,
    async after(object, verdicts) {
      if (verdicts.some(isRead)) {
        passing.add(object)
        return untell(object, pauses.over(object))
      }
      // It is parked, which tells enough of it.
      if (verdicts.some(({ kind }) => kind === 'refused')) return untell(object, pauses.recount(object))
      const verdict = verdicts.find(({ kind }) => kind === 'everybody')
      if (verdict?.kind !== 'everybody') return
      passing.delete(object)
      if (pauses.failed(object) < FAILURES_TOLD) return
      await leader((trx) =>
        raiseProblem(trx, {
          system: 'marketo',
          code: codeOf(object),
          reason: `Every ${object} that is tried is refused alike, be it one or many, so none is parked for it yet: they wait, and one is tried now and then. ${verdict.reason}`,
          advice: verdict.advice,
        }),
      )
    },
  }
}
