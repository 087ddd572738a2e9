// Which calls Marketo's day still allows: our own ceiling, the 80 % at which background work stops, and the pause after a 607,
// with one probing call an hour. Decides only; pacing.ts does the waiting.
import type { MarketoLimits } from '../config.ts'
import { marketoDayOf } from './marketo-day.ts'
import type { Usage } from './usage.ts'

export type QuotaCode = '607' | 'daily-ceiling' | 'background-ceiling'

/** No call at all goes out any more today, but for the probe; at 80 % only background work rests. */
export function isDayUsedUp(code: string): boolean {
  return code === '607' || code === 'daily-ceiling'
}

export interface QuotaPause {
  code: QuotaCode
  /** Marketo's midnight. */
  until: number
  /** When a call is worth a try: before midnight after a 607, because a quota can be raised. */
  retryAt: number
}

export interface Quota {
  /** The pause that stands in the way of a call now; none for the hourly probe after a 607. */
  refuses(background: boolean): QuotaPause | undefined
  pauses(): QuotaPause[]
  /** A call of ours goes out. */
  count(): void
  /** Marketo answered 607. */
  exhausted(): void
  /** Marketo answered otherwise; a call from before the 607 proves nothing. */
  answered(startedAt: number): void
  noteOwn(used: number): void
  /** What is said of another day than today, or of none, changes nothing. */
  noteInstance(usage: Pick<Usage, 'date' | 'total'>): void
  own(): number
  instance(): number | undefined
}

const PROBE_EVERY_MS = 3_600_000
/** A fifth of the day is kept for live changes. */
const BACKGROUND_SHARE = 0.8

export function createQuota(limits: MarketoLimits, now: () => number): Quota {
  let day = marketoDayOf(now())
  let own = 0
  let instance: number | undefined
  let exhaustedSince: number | undefined
  let probeAt = 0

  const turn = (): void => {
    if (now() < day.end) return
    day = marketoDayOf(now())
    own = 0
    instance = undefined
    exhaustedSince = undefined
  }
  const pause = (code: QuotaCode, retryAt: number): QuotaPause => ({ code, until: day.end, retryAt })

  const pauses = (): QuotaPause[] => {
    turn()
    const found: QuotaPause[] = []
    if (exhaustedSince !== undefined) found.push(pause('607', Math.min(probeAt, day.end)))
    if (own >= limits.dailyCalls) found.push(pause('daily-ceiling', day.end))
    const ownShare = own / limits.dailyCalls
    const instanceShare = (instance ?? 0) / limits.instanceDailyCalls
    if (Math.max(ownShare, instanceShare) >= BACKGROUND_SHARE)
      found.push(pause('background-ceiling', day.end))
    return found
  }

  return {
    pauses,
    refuses(background) {
      return pauses()
        .filter(({ code }) => background || code !== 'background-ceiling')
        .find(({ code, retryAt }) => code !== '607' || now() < retryAt)
    },
    count() {
      turn()
      own++
      if (instance !== undefined) instance++
      if (exhaustedSince !== undefined) probeAt = now() + PROBE_EVERY_MS
    },
    exhausted() {
      turn()
      if (exhaustedSince !== undefined) return
      exhaustedSince = now()
      probeAt = exhaustedSince + PROBE_EVERY_MS
    },
    answered(startedAt) {
      if (exhaustedSince !== undefined && startedAt > exhaustedSince) exhaustedSince = undefined
    },
    noteOwn(used) {
      turn()
      own = used
    },
    noteInstance({ date, total }) {
      turn()
      if (date === day.date) instance = total
    },
    own: () => {
      turn()
      return own
    },
    instance: () => {
      turn()
      return instance
    },
  }
}
