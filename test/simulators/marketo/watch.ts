// Watches the keys and Marketo ids that calls write: none may be twice in one call, nor in two calls at once,
// because both make duplicates or lost updates (marketo-rest §4, races). Late work still holds its keys.

export interface Watch {
  /** Sentences about keys that are taken already; `leave` when the work has ended. */
  enter(n: number, claims: readonly string[]): { findings: string[]; leave: () => void }
}

export function createWatch(): Watch {
  const held = new Map<string, number>()

  return {
    enter(n, claims) {
      const findings: string[] = []
      const mine = new Set<string>()
      const taken: string[] = []
      for (const claim of claims) {
        if (mine.has(claim)) findings.push(`${claim} is twice in one call`)
        mine.add(claim)
      }
      for (const claim of mine) {
        const other = held.get(claim)
        if (other === undefined) {
          held.set(claim, n)
          taken.push(claim)
        } else findings.push(`${claim} is in two calls at once, the other is call ${other}`)
      }
      return {
        findings,
        leave() {
          for (const claim of taken.splice(0)) held.delete(claim)
        },
      }
    },
  }
}
