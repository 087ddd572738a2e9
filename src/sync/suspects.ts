// Records whose call failed as a whole, again and again: Marketo's system error may have one of them behind it. They go in ever
// smaller calls, looked up in between, until the one at fault is alone.
import { GATEWAY_REFUSALS } from '../marketo/known-codes.ts'
import type { Verdict } from '../marketo/verdict.ts'
import { RECORDS_A_CALL } from './batches.ts'

/** Why a record is sent anew: its attempts count calls that failed as a whole. */
export const UNKNOWN_OUTCOME = 'unknown-outcome'

/** From the 4th attempt on calls get ever smaller. Only what fails alone for an hour or more (an attempt takes the ambiguous wait) is
 *  refused: an outage must not park good records. */
const ATTEMPTS_WHOLE = 4
const ATTEMPTS_ALONE = 50
/** Where everything is refused alike: at most a minute each, so two hours or more. */
const ATTEMPTS_ALIKE = 120
/** Where others were let through meanwhile; not the first time, as that may be the moment in which a gateway begins to refuse everybody. */
const ATTEMPTS_AMONG_OTHERS = 3

/** Whose call fails as a whole: they go in ever smaller ones, and don't make those of others small. */
export function suspicionOf({ code, attempts }: { code: string | null; attempts: number }): number {
  return code !== null && (code === UNKNOWN_OUTCOME || GATEWAY_REFUSALS.includes(code)) ? attempts : 0
}

export function sizeAfter(attempt: number): number {
  return Math.max(1, RECORDS_A_CALL >> Math.max(0, attempt - ATTEMPTS_WHOLE))
}

/** A call that may have been carried out is not halved at once: its records are looked up first, and go in smaller calls then. */
export function lookedUpFirst(verdict: Verdict, records: number, attempt: number): Verdict {
  if (verdict.kind !== 'bisect' || !verdict.wait) return verdict
  const { code, reason, advice } = verdict
  return { kind: records === 1 && attempt > ATTEMPTS_ALONE ? 'refused' : 'ambiguous', code, reason, advice }
}

/** Everything that went with it was refused alike. Who was alone is at fault all the same when others are let through, or it never ends. */
export function blamed(verdict: Verdict, records: number, attempt: number, othersPassed: boolean): Verdict {
  if (verdict.kind !== 'everybody' || records > 1) return verdict
  const most = othersPassed ? ATTEMPTS_AMONG_OTHERS : ATTEMPTS_ALIKE
  return attempt >= most ? { ...verdict, kind: 'refused' } : verdict
}
