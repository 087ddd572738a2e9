// Which troubles were met: one that was armed and that no call came upon has tested nothing.

/** What the simulators hand out for a fault that waits for its occasion. */
export interface Armed {
  readonly hits: number
}

interface Count {
  armed: number
  hit: number
}

export type Counts = ReadonlyMap<string, Count>

export interface Encounters {
  expect: (trouble: string, armed: Armed) => void
  /** Whether a trouble of this round still waits for its first call. */
  isAnyUnmet: () => boolean
  endRound: () => void
  counts: Counts
}

export function createEncounters(): Encounters {
  const counts = new Map<string, Count>()
  let ofTheRound: { trouble: string; armed: Armed }[] = []
  return {
    counts,
    expect: (trouble, armed) => void ofTheRound.push({ trouble, armed }),
    isAnyUnmet: () => ofTheRound.some(({ armed }) => armed.hits === 0),
    endRound() {
      for (const { trouble, armed } of ofTheRound)
        add(counts, trouble, { armed: 1, hit: Number(armed.hits > 0) })
      ofTheRound = []
    },
  }
}

export function addUp(all: readonly Counts[]): Counts {
  const sum = new Map<string, Count>()
  for (const counts of all) for (const [trouble, count] of counts) add(sum, trouble, count)
  return sum
}

export function tellHits(counts: Counts): string {
  const total = [...counts.values()].reduce<Count>(plus, NONE)
  return `troubles hit ${total.hit} of ${total.armed}`
}

/** One line each, those first that were met the least. */
export const tellEachHit = (counts: Counts): string[] =>
  [...counts]
    .toSorted(([, a], [, b]) => a.hit / a.armed - b.hit / b.armed)
    .map(([trouble, { armed, hit }]) => `${trouble}: hit ${hit} of ${armed}`)

const NONE: Count = { armed: 0, hit: 0 }
const plus = (a: Count, b: Count): Count => ({ armed: a.armed + b.armed, hit: a.hit + b.hit })
const add = (counts: Map<string, Count>, trouble: string, count: Count): void =>
  void counts.set(trouble, plus(counts.get(trouble) ?? NONE, count))
