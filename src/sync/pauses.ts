// What is refused alike is not tried again in full: after pauses that grow one is tried, until one is let through.
import { backoff } from '../marketo/verdict.ts'

export interface Pauses {
  /** Who may go now; of several the one that has failed least: who is at fault itself must not be tried in place of the others. */
  admit: <Item>(what: string, items: readonly Item[], attemptsOf: (item: Item) => number) => Item[]
  /** As many may go now. */
  room: (what: string) => number
  /** Until one may be tried. */
  leftMs: (what: string) => number
  /** Returns how often in a row. */
  failed: (what: string) => number
  /** The one that was tried is known to be at fault, which says nothing of the others. Returns how often it had failed in a row. */
  recount: (what: string) => number
  /** Returns how often it had failed in a row. */
  over: (what: string) => number
}

export function createPauses(now: () => number): Pauses {
  const failing = new Map<string, { failures: number; until: number }>()

  function pause(what: string, failures: number): void {
    failing.set(what, { failures, until: now() + backoff(failures) })
  }

  const failuresOf = (what: string): number => failing.get(what)?.failures ?? 0
  const leftMs = (what: string): number => Math.max(0, (failing.get(what)?.until ?? 0) - now())
  const room = (what: string): number => {
    if (!failing.has(what)) return Infinity
    return leftMs(what) > 0 ? 0 : 1
  }

  return {
    room,
    leftMs,
    admit(what, items, attemptsOf) {
      const most = room(what)
      if (most === Infinity || items.length === 0) return [...items]
      // No other is tried beside it.
      if (most === 1) pause(what, failuresOf(what))
      return items.toSorted((one, other) => attemptsOf(one) - attemptsOf(other)).slice(0, most)
    },
    failed(what) {
      pause(what, 1 + failuresOf(what))
      return failuresOf(what)
    },
    recount(what) {
      const known = failing.get(what)
      if (known === undefined) return 0
      failing.set(what, { ...known, failures: 0 })
      return known.failures
    },
    over(what) {
      const failures = failuresOf(what)
      failing.delete(what)
      return failures
    },
  }
}
