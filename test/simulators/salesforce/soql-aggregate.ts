// COUNT(), COUNT(field), MIN, MAX, SUM, AVG, with or without GROUP BY.

import { malformedQuery } from './api-error.ts'
import { present } from './cell.ts'
import type { Query, Selected } from './soql-parse.ts'
import { resolvePath, type Path } from './soql-path.ts'
import type { Result, RunContext, Shown } from './soql-run.ts'
import type { Field, ObjectType } from './schema.ts'
import type { Cell, Row } from './table.ts'

export function runAggregates(
  context: RunContext,
  type: ObjectType,
  alias: string,
  query: Query,
  rows: Row[],
): Result {
  const [only] = query.select
  const base = { type, rows: [], columns: [], show: () => ({ attributes: { type: 'AggregateResult' } }) }
  if (query.select.length === 1 && only?.kind === 'aggregate' && only.name === 'COUNT' && !only.path) {
    return { ...base, totalSize: Math.min(rows.length, query.limit ?? Infinity) }
  }

  const groups = query.groupBy.map((text) => resolvePath(context, type, alias, text))
  const buckets = new Map<string, Row[]>()
  if (groups.length === 0) buckets.set('', rows)
  else
    for (const row of rows) fill(buckets, JSON.stringify(groups.map((path) => path.read(row) ?? null)), row)

  const columns = query.select.map((item) => column(context, type, alias, item, groups))
  let unnamed = 0
  const names = query.select.map((item, i) => nameOf(item, groups, i) ?? `expr${unnamed++}`)
  const aggregates = [...buckets.values()].map((bucket) => {
    const shown: Shown = { attributes: { type: 'AggregateResult' } }
    for (const [i, name] of names.entries()) shown[name] = columns[i]!(bucket)
    return shown
  })
  const cut = aggregates.slice(query.offset ?? 0, (query.offset ?? 0) + (query.limit ?? Infinity))
  return { ...base, totalSize: cut.length, aggregates: cut }
}

function fill(buckets: Map<string, Row[]>, key: string, row: Row): void {
  const bucket = buckets.get(key)
  if (bucket) bucket.push(row)
  else buckets.set(key, [row])
}

function nameOf(item: Selected, groups: Path[], _position: number): string | undefined {
  if (item.kind === 'fields') return undefined
  if (item.alias) return item.alias
  if (item.kind === 'aggregate') return undefined
  return groups.find((path) => path.parts.join('.').toLowerCase() === item.path.toLowerCase())?.field.name
}

function column(
  context: RunContext,
  type: ObjectType,
  alias: string,
  item: Selected,
  groups: Path[],
): (rows: Row[]) => unknown {
  if (item.kind === 'fields') throw malformedQuery('FIELDS is not allowed with aggregates')
  if (item.kind === 'field') {
    const path = resolvePath(context, type, alias, item.path)
    if (!groups.some((group) => group.parts.join('.') === path.parts.join('.'))) {
      throw malformedQuery(`Field must be grouped or aggregated: ${item.path}`)
    }
    return (rows) => present(path.field, rows[0] && path.read(rows[0]))
  }
  if (item.path === undefined) throw malformedQuery(`unexpected token: '${item.name}()'`)
  const path = resolvePath(context, type, alias, item.path)
  return (rows) =>
    aggregate(
      item.name,
      path.field,
      rows.flatMap((row) => path.read(row) ?? []),
    )
}

function aggregate(name: string, field: Field, cells: Cell[]): unknown {
  if (name === 'COUNT') return cells.length
  if (name === 'COUNT_DISTINCT') return new Set(cells).size
  if (cells.length === 0) return null
  if (name === 'MIN')
    return present(
      field,
      cells.reduce((a, b) => (b < a ? b : a)),
    )
  if (name === 'MAX')
    return present(
      field,
      cells.reduce((a, b) => (b > a ? b : a)),
    )
  const sum = cells.reduce<number>((total, cell) => total + Number(cell), 0)
  return name === 'SUM' ? sum : sum / cells.length
}
