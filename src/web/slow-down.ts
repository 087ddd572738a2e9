// Slows down whoever fails repeatedly, by address, and nobody else. After a few failures each further one doubles the wait.

const FREE_FAILURES = 5
const FIRST_WAIT_MS = 2_000
/** Guessing a generated token at one try in five minutes is hopeless; a person who mistyped is back after a coffee. */
const LONGEST_WAIT_MS = 300_000
/** So long after the last failure an address begins anew. */
const FORGET_MS = 900_000
/** Somebody with many addresses must not fill the memory: the oldest go first. */
const MOST_ADDRESSES = 10_000

export interface SlowDown {
  /** Milliseconds that the address has to wait; 0 when it may try. */
  waitOf(address: string): number
  failed(address: string): void
  succeeded(address: string): void
}

export function createSlowDown(now: () => number): SlowDown {
  const known = new Map<string, { failures: number; at: number; until: number }>()

  return {
    waitOf: (address) => Math.max(0, (known.get(address)?.until ?? 0) - now()),

    failed(address) {
      const before = known.get(address)
      const failures = before !== undefined && now() - before.at < FORGET_MS ? before.failures + 1 : 1
      const over = failures - FREE_FAILURES
      const wait = over < 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** over)
      known.delete(address)
      known.set(address, { failures, at: now(), until: now() + wait })
      if (known.size > MOST_ADDRESSES) known.delete(known.keys().next().value!)
    },

    succeeded: (address) => void known.delete(address),
  }
}
