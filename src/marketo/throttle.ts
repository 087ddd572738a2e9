// How far below the configured limits this process stays after Marketo's 606 and 615: others use the same instance. The rate halves
// and the concurrency halves; both come back by themselves. Pure but for the clock that is passed in.
import type { MarketoLimits } from '../config.ts'

export const WINDOW_MS = 20_000
/** A call refused for concurrency costs nothing but a call; 2 s let some of the ten end. */
const CONCURRENCY_PAUSE_MS = 2_000
const LOWEST_FACTOR = 1 / 8

export interface Throttle {
  slowDown(code: '606' | '615'): void
  /** 0 when calls may go. */
  pausedUntil(): number
  /** The code of the limit that is felt now. */
  felt(): '606' | '615' | undefined
  rate(): number
  concurrency(): number
}

export function createThrottle(limits: MarketoLimits, now: () => number): Throttle {
  let rateCut = { factor: 1, until: 0 }
  let concurrencyCut = { slots: limits.concurrency, until: 0 }

  /** Doubles with every quiet window after the pause. */
  const factor = (): number => Math.min(1, rateCut.factor * 2 ** quietWindows(rateCut.until))
  /** One more slot with every quiet window. */
  const slots = (): number =>
    Math.min(limits.concurrency, concurrencyCut.slots + quietWindows(concurrencyCut.until))
  const quietWindows = (since: number): number => Math.max(0, Math.floor((now() - since) / WINDOW_MS))

  return {
    slowDown(code) {
      // Several calls are refused for one reason: while a pause lasts, a further refusal doesn't cut deeper.
      if (code === '606' && now() >= rateCut.until)
        rateCut = { factor: Math.max(LOWEST_FACTOR, factor() / 2), until: now() + WINDOW_MS }
      if (code === '615' && now() >= concurrencyCut.until)
        concurrencyCut = {
          slots: Math.max(1, Math.floor(slots() / 2)),
          until: now() + CONCURRENCY_PAUSE_MS,
        }
    },
    pausedUntil: () => {
      const until = Math.max(rateCut.until, concurrencyCut.until)
      return until > now() ? until : 0
    },
    felt() {
      if (rateCut.until > now() || factor() < 1) return '606'
      return concurrencyCut.until > now() || slots() < limits.concurrency ? '615' : undefined
    },
    rate: () => Math.max(1, Math.floor(limits.callsPer20Seconds * factor())),
    concurrency: slots,
  }
}
