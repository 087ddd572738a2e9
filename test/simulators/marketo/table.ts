// Rows of one object with indexes on their keys. A row keeps the fields it was sent and nothing else, so that a
// million leads fit into memory. Keys compare without case, which is why Adobe asks for 18-character ids (marketo-rest §8).
import type { Fields, Scalar } from './fields.ts'

export interface Row<Id extends number | string = number | string> {
  readonly id: Id
  createdAt: number
  updatedAt: number
  fields: Fields
}

export interface Table<Id extends number | string> {
  rows: Map<Id, Row<Id>>
  insert(id: Id, fields: Fields, at: number): Row<Id>
  update(row: Row<Id>, changes: Fields, at: number): void
  remove(row: Row<Id>): void
  /** Indexes the field on first use. */
  find(field: string, value: Scalar): Row<Id>[]
  has(field: string, value: Scalar): boolean
  isAlive(row: Row<Id>): boolean
}

type Entry<Id extends number | string> = Row<Id> | Set<Row<Id>>
type KeyOf = (fields: Fields) => Scalar | undefined

const keyText = (value: Scalar | undefined) =>
  value === undefined || value === null ? undefined : String(value).toLowerCase()

export function createTable<Id extends number | string>(computed: Record<string, KeyOf> = {}): Table<Id> {
  const rows = new Map<Id, Row<Id>>()
  const indexes = new Map<string, Map<string, Entry<Id>>>()

  const keyOf = (name: string, fields: Fields) => keyText(computed[name]?.(fields) ?? fields[name])

  function add(index: Map<string, Entry<Id>>, key: string | undefined, row: Row<Id>): void {
    if (key === undefined) return
    const entry = index.get(key)
    if (entry === undefined) index.set(key, row)
    else if (entry instanceof Set) entry.add(row)
    else index.set(key, new Set([entry, row]))
  }

  function drop(index: Map<string, Entry<Id>>, key: string | undefined, row: Row<Id>): void {
    if (key === undefined) return
    const entry = index.get(key)
    if (entry === row) index.delete(key)
    else if (entry instanceof Set && entry.delete(row) && entry.size === 0) index.delete(key)
  }

  function indexOn(name: string): Map<string, Entry<Id>> {
    let index = indexes.get(name)
    if (!index) {
      index = new Map()
      indexes.set(name, index)
      for (const row of rows.values()) add(index, keyOf(name, row.fields), row)
    }
    return index
  }

  return {
    rows,
    insert(id, fields, at) {
      const row: Row<Id> = { id, createdAt: at, updatedAt: at, fields }
      rows.set(id, row)
      for (const [name, index] of indexes) add(index, keyOf(name, fields), row)
      return row
    },
    update(row, changes, at) {
      const before = [...indexes.keys()].map((name) => keyOf(name, row.fields))
      // A cleared field stays as null: deleting it would turn the row into a slow, large dictionary.
      for (const name of Object.keys(changes)) {
        const value = changes[name] ?? null
        if (value !== null || name in row.fields) row.fields[name] = value
      }
      row.updatedAt = at
      let nth = 0
      for (const [name, index] of indexes) {
        const old = before[nth++]
        const key = keyOf(name, row.fields)
        if (old === key) continue
        drop(index, old, row)
        add(index, key, row)
      }
    },
    remove(row) {
      rows.delete(row.id)
      for (const [name, index] of indexes) drop(index, keyOf(name, row.fields), row)
    },
    find(field, value) {
      const entry = indexOn(field).get(keyText(value) ?? '')
      if (entry === undefined) return []
      return entry instanceof Set ? [...entry] : [entry]
    },
    has: (field, value) => indexOn(field).has(keyText(value) ?? ''),
    isAlive: (row) => rows.get(row.id) === row,
  }
}
