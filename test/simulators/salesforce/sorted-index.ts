// Entries in order, kept cheaply: new ones mostly come last. Dead entries (rows replaced or gone) stay as
// tombstones and are swept out when they outnumber the living.

import type { Row } from './table.ts'

export interface SortedIndex<Entry> {
  add(entry: Entry): void
  /** Living rows from the first entry that is not `before`, to the last that `until` allows. */
  walk(options: {
    before?: (entry: Entry) => boolean
    until?: (entry: Entry) => boolean
    descending?: boolean
  }): Generator<Row>
}

/** Entries that land further than this from the end are gathered and merged at the next read. */
const SPLICE_REACH = 2_000

export function createSortedIndex<Entry>(options: {
  compare: (a: Entry, b: Entry) => number
  /** The row an entry stands for; undefined when the entry is dead. */
  living: (entry: Entry) => Row | undefined
  size: () => number
  entries: Iterable<Entry>
}): SortedIndex<Entry> {
  const { compare, living, size } = options
  let sorted = [...options.entries].sort(compare)
  let late: Entry[] = []

  /** The first position whose entry is not `before`. */
  const search = (before: (entry: Entry) => boolean): number => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (before(sorted[middle]!)) low = middle + 1
      else high = middle
    }
    return low
  }

  const settle = () => {
    const stale = sorted.length + late.length > 2 * size() + 1_000
    if (late.length === 0 && !stale) return
    sorted = [...sorted, ...late].filter((entry) => living(entry) !== undefined).sort(compare)
    late = []
  }

  return {
    add(entry) {
      const last = sorted.at(-1)
      if (last === undefined || compare(last, entry) <= 0) {
        sorted.push(entry)
        return
      }
      const position = search((other) => compare(other, entry) <= 0)
      if (sorted.length - position <= SPLICE_REACH) sorted.splice(position, 0, entry)
      else late.push(entry)
    },
    *walk({ before, until, descending }) {
      settle()
      const entries = sorted
      const start = before ? search(before) : 0
      const end = until ? search(until) : entries.length
      const step = descending ? -1 : 1
      let previous: Row | undefined
      for (let i = descending ? end - 1 : start; i >= start && i < end; i += step) {
        const row = living(entries[i]!)
        // An id that was removed and came back is there twice, side by side.
        if (row && row !== previous) yield row
        previous = row ?? previous
      }
    },
  }
}
