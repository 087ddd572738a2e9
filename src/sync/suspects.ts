// Records whose call failed as a whole, again and again: Marketo's system error may have one of them behind it. They go in ever
// smaller calls, looked up in between, until the one at fault is alone.
import type { Verdict } from '../marketo/verdict.ts'
import { RECORDS_A_CALL } from './batches.ts'

/** Why a record is sent anew: its attempts count calls that failed as a whole. */
export const UNKNOWN_OUTCOME = 'unknown-outcome'

/** From the 4th attempt on calls get ever smaller. Only what fails alone for an hour or more (an attempt takes the ambiguous wait) is
 *  refused: an outage must not park good records. */
const ATTEMPTS_WHOLE = 4
const ATTEMPTS_ALONE = 50

export function sizeAfter(attempt: number): number {
  return Math.max(1, RECORDS_A_CALL >> Math.max(0, attempt - ATTEMPTS_WHOLE))
}

/** A call that may have been carried out is not halved at once: its records are looked up first, and go in smaller calls then. */
export function lookedUpFirst(verdict: Verdict, records: number, attempt: number): Verdict {
  if (verdict.kind !== 'bisect' || !verdict.wait) return verdict
  const { code, reason, advice } = verdict
  return { kind: records === 1 && attempt > ATTEMPTS_ALONE ? 'refused' : 'ambiguous', code, reason, advice }
}
