// How many of something there were: exactly, where both bounds are one.
import type { Counts } from './counts.ts'

export interface Bounds {
  what: string
  /** What the service counts it as, all together. */
  as: readonly string[]
  least: number
  most: number
}

/** `isWhole` is false where some of its counts may be lost with a process or a term: never does it count what did not happen. */
export function compare(all: readonly Bounds[], counts: Counts, isWhole: boolean): string[] {
  return all.flatMap(({ what, as, least, most }) => {
    const counted = as.reduce((sum, key) => sum + (counts.get(key) ?? 0), 0)
    if (counted <= most && (!isWhole || counted >= least)) return []
    const there = least === most ? `${most}` : `${least} to ${most}`
    return [`${what}: ${isWhole ? there : `at most ${most}`}, and ${counted} counted as ${as.join(' and ')}`]
  })
}
