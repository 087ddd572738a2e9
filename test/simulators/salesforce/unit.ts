// One transaction's work: rows written but not yet seen by others, and the events to publish after the
// commit (PublishAfterCommit: none on rollback, salesforce §3).

import type { RecordChange } from './record-change.ts'
import type { Row, Table } from './table.ts'

export interface Unit {
  read(object: string, id: string): Row | undefined
  write(object: string, row: Row): void
  erase(object: string, id: string): void
  /** Rows whose reference field holds this id, deleted ones too. */
  pointingTo(object: string, field: string, id: string): Row[]
  announce(change: RecordChange): void
  commit(): RecordChange[]
}

export function createUnit(table: (object: string) => Table): Unit {
  const written = new Map<string, Map<string, Row | undefined>>()
  const changes: RecordChange[] = []

  const overlay = (object: string) => {
    const rows = written.get(object) ?? new Map<string, Row | undefined>()
    written.set(object, rows)
    return rows
  }

  return {
    read(object, id) {
      const rows = written.get(object)
      return rows?.has(id) ? rows.get(id) : table(object).get(id)
    },
    write: (object, row) => void overlay(object).set(row.Id, row),
    erase: (object, id) => void overlay(object).set(id, undefined),
    pointingTo(object, field, id) {
      const rows = written.get(object)
      const stored = table(object).pointingTo(field, id)
      if (!rows) return stored
      const own = [...rows.values()].filter((row): row is Row => row?.[field] === id)
      return [...stored.filter((row) => !rows.has(row.Id)), ...own]
    },
    announce: (change) => void changes.push(change),
    commit() {
      for (const [object, rows] of written) {
        const target = table(object)
        for (const [id, row] of rows) {
          if (row) target.put(row)
          else target.remove(id)
        }
      }
      written.clear()
      return changes.splice(0)
    },
  }
}
