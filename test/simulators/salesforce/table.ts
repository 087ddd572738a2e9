// One object's rows. A row is never changed, only replaced, so whoever holds one holds a snapshot.
// Rows keep only what is not null, dates and times as milliseconds: a million of them must fit.

import { createSortedIndex, type SortedIndex } from './sorted-index.ts'

export type Cell = string | number | boolean

export interface Row {
  readonly Id: string
  readonly [field: string]: Cell | undefined
}

export interface Table {
  get(id: string): Row | undefined
  put(row: Row): void
  /** Hard delete. */
  remove(id: string): void
  size(): number
  rows(): IterableIterator<Row>
  byId(options?: { from?: string | undefined; descending?: boolean }): Generator<Row>
  /** By SystemModstamp, then Id; both bounds included. */
  byStamp(options?: { from?: number; to?: number; descending?: boolean }): Generator<Row>
  /** By a reference field; the first use builds the index. */
  pointingTo(field: string, id: string): Row[]
}

const stampOf = (row: Row): number => (row['SystemModstamp'] as number | undefined) ?? 0
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Id of the target → ids of the rows that point to it. */
type Pointers = Map<string, Set<string>>

const point = (index: Pointers, target: Cell | undefined, id: string) => {
  if (typeof target !== 'string') return
  const sources = index.get(target)
  if (sources) sources.add(id)
  else index.set(target, new Set([id]))
}
const unpoint = (index: Pointers, target: Cell | undefined, id: string) => {
  if (typeof target === 'string') index.get(target)?.delete(id)
}

export function createTable(): Table {
  const rows = new Map<string, Row>()
  const pointers = new Map<string, Map<string, Set<string>>>()
  let ids: SortedIndex<string> | undefined
  let stamps: SortedIndex<Row> | undefined

  return {
    get: (id) => rows.get(id),
    put(row) {
      const old = rows.get(row.Id)
      rows.set(row.Id, row)
      if (!old) ids?.add(row.Id)
      stamps?.add(row)
      for (const [field, index] of pointers) {
        if (old?.[field] === row[field]) continue
        unpoint(index, old?.[field], row.Id)
        point(index, row[field], row.Id)
      }
    },
    remove(id) {
      const old = rows.get(id)
      rows.delete(id)
      for (const [field, index] of pointers) unpoint(index, old?.[field], id)
    },
    size: () => rows.size,
    rows: () => rows.values(),
    byId({ from, descending = false } = {}) {
      ids ??= createSortedIndex<string>({
        compare: compareText,
        living: (id) => rows.get(id),
        size: () => rows.size,
        entries: rows.keys(),
      })
      return ids.walk({ ...(from !== undefined && { before: (id: string) => id < from }), descending })
    },
    byStamp({ from = -Infinity, to = Infinity, descending = false } = {}) {
      stamps ??= createSortedIndex<Row>({
        compare: (a, b) => stampOf(a) - stampOf(b) || compareText(a.Id, b.Id),
        living: (row) => (rows.get(row.Id) === row ? row : undefined),
        size: () => rows.size,
        entries: rows.values(),
      })
      return stamps.walk({
        ...(from > -Infinity && { before: (row: Row) => stampOf(row) < from }),
        ...(to < Infinity && { until: (row: Row) => stampOf(row) <= to }),
        descending,
      })
    },
    pointingTo(field, id) {
      let index = pointers.get(field)
      if (!index) {
        index = new Map()
        for (const row of rows.values()) point(index, row[field], row.Id)
        pointers.set(field, index)
      }
      return [...(index.get(id) ?? [])].map((source) => rows.get(source)!)
    },
  }
}
