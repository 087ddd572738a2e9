// Runs a parsed query: finds the rows, orders and cuts them, and says how to show each.

import { ApiError, invalidField, malformedQuery } from './api-error.ts'
import { present, type Value } from './cell.ts'
import { runAggregates } from './soql-aggregate.ts'
import { compileCondition, type ConditionContext } from './soql-condition.ts'
import { parseSoql, type Query } from './soql-parse.ts'
import { findObject, resolvePath, type Path, type PathContext } from './soql-path.ts'
import { chooseSource } from './soql-source.ts'
import type { ObjectType } from './schema.ts'
import type { Cell, Row, Table } from './table.ts'

export type Shown = { attributes: { type: string; url?: string } } & Record<string, unknown>

export interface Result {
  type: ObjectType
  rows: Row[]
  /** The columns of a query without aggregates. */
  columns: Path[]
  show(row: Row): Shown
  /** COUNT() has a size and no rows; aggregates have rows of their own. */
  totalSize: number
  aggregates?: Shown[]
}

export interface RunContext extends PathContext {
  now(): number
  table(object: string): Table
  /** Living (or, for queryAll, all) rows that the user sees. */
  sees(row: Row, all: boolean): boolean
  recordUrl(object: string, id: string): string
}

export function runSoql(context: RunContext, soql: string, all = false): Result {
  return runQuery(context, parseSoql(soql), all)
}

function runQuery(context: RunContext, query: Query, all: boolean): Result {
  const type = findObject(context, query.object)
  const alias = query.alias ?? type.name
  const conditions: ConditionContext = {
    ...context,
    runSubquery: (subquery) => subqueryCells(context, subquery, all),
  }
  const allowed = query.where && compileCondition(conditions, type, alias, query.where)
  const aggregated = query.groupBy.length > 0 || query.select.some((item) => item.kind === 'aggregate')
  const columns = aggregated ? [] : selectColumns(context, type, alias, query)
  const orders = aggregated ? [] : orderPaths(context, type, alias, query)

  const source = chooseSource(context.table(type.name), type, query)
  const wanted = aggregated ? Infinity : (query.limit ?? Infinity) + (query.offset ?? 0)
  const rows: Row[] = []
  for (const row of source.rows) {
    if (rows.length >= wanted && source.ordered) break
    if (context.sees(row, all) && (!allowed || allowed(row))) rows.push(row)
  }
  if (aggregated) return runAggregates(context, type, alias, query, rows)
  if (!source.ordered && orders.length > 0) rows.sort(comparing(orders))
  const cut = rows.slice(query.offset ?? 0, wanted)
  return {
    type,
    rows: cut,
    columns,
    totalSize: cut.length,
    show: (row) => showRow(context, type, columns, row),
  }
}

function subqueryCells(context: RunContext, query: Query, all: boolean): Cell[] {
  if (query.select.length !== 1) throw malformedQuery('a semi-join selects one field')
  const { rows, columns } = runQuery(context, query, all)
  return rows.flatMap((row) => columns[0]?.read(row) ?? [])
}

function selectColumns(context: RunContext, type: ObjectType, alias: string, query: Query): Path[] {
  const columns = query.select.flatMap((item) => {
    if (item.kind === 'aggregate') return []
    if (item.kind === 'field') return [resolvePath(context, type, alias, item.path)]
    if (item.set !== 'STANDARD' && (query.limit === undefined || query.limit > 200)) {
      throw malformedQuery('The SOQL FIELDS function must have a LIMIT of at most 200')
    }
    return [...type.fields.values()]
      .filter((field) => item.set === 'ALL' || field.custom === (item.set === 'CUSTOM'))
      .filter((field) => context.permits(type.name, field.name))
      .map((field) => resolvePath(context, type, alias, field.name))
  })
  const seen = new Set<string>()
  for (const { parts } of columns) {
    const name = parts.join('.')
    if (seen.has(name)) throw malformedQuery(`duplicate field selected: ${name}`)
    seen.add(name)
  }
  return columns
}

interface OrderPath {
  path: Path
  descending: boolean
  nullsLast: boolean
}

function orderPaths(context: RunContext, type: ObjectType, alias: string, query: Query): OrderPath[] {
  return query.orderBy.map(({ path: text, descending, nullsLast }) => {
    const path = resolvePath(context, type, alias, text)
    if (path.field.type === 'longtext') {
      throw invalidField(`field '${path.field.name}' can not be sorted in a query call`)
    }
    return { path, descending, nullsLast }
  })
}

/** Nulls come first unless the query says otherwise. */
function comparing(orders: OrderPath[]): (a: Row, b: Row) => number {
  return (a, b) => {
    for (const { path, descending, nullsLast } of orders) {
      const x = path.read(a)
      const y = path.read(b)
      if (x === y) continue
      if (x === undefined || y === undefined) return (x === undefined) === nullsLast ? 1 : -1
      const order = compareCells(path, x, y)
      if (order !== 0) return descending ? -order : order
    }
    return a.Id < b.Id ? -1 : 1
  }
}

function compareCells(path: Path, x: Cell, y: Cell): number {
  if (typeof x !== 'string' || typeof y !== 'string') return Number(x) - Number(y)
  if (path.field.type === 'id' || path.field.type === 'reference') return x < y ? -1 : 1
  const [a, b] = [x.toLowerCase(), y.toLowerCase()]
  return a < b ? -1 : a > b ? 1 : 0
}

function showRow(context: RunContext, type: ObjectType, columns: Path[], row: Row): Shown {
  const shown: Shown = { attributes: attributes(context, type, row) }
  for (const { parts, field, parents, read } of columns) {
    if (parents.length === 0) shown[field.name] = present(field, read(row))
    else showParent(context, shown, parts, parents, row, present(field, read(row)))
  }
  return shown
}

const attributes = (context: RunContext, type: ObjectType, row: Row) => ({
  type: type.name,
  url: context.recordUrl(type.name, row.Id),
})

/** A parent shows as a nested record, or null when there is none. */
function showParent(
  context: RunContext,
  shown: Record<string, unknown>,
  parts: string[],
  parents: Path['parents'],
  row: Row,
  value: Value,
): void {
  let holder = shown
  for (const [level, parent] of parents.entries()) {
    const name = parts[level]!
    const parentRow = parent(row)
    const type = parentRow && context.schema.ofId(parentRow.Id)
    if (!parentRow || !type) {
      holder[name] ??= null
      return
    }
    const nested = (holder[name] ?? { attributes: attributes(context, type, parentRow) }) as Record<
      string,
      unknown
    >
    holder[name] = nested
    holder = nested
  }
  holder[parts.at(-1)!] = value
}

/** For callers that allow neither aggregates nor functions (bulk). */
export function refuseAggregates(result: Result): void {
  if (result.aggregates || result.columns.length === 0) {
    throw new ApiError(400, 'INVALIDJOB', 'Aggregate Relationships not supported in Bulk Query')
  }
}
