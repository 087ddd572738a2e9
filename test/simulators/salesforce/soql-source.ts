// Where a query finds its rows: by id, through a reference, along SystemModstamp, or all by Id. Only a
// shortcut: the WHERE clause is still asked about each row.

import type { Condition, Order, Query } from './soql-parse.ts'
import { to18 } from './record-id.ts'
import type { ObjectType } from './schema.ts'
import type { Row, Table } from './table.ts'

export interface Source {
  rows: Iterable<Row>
  /** The rows come in the order that the query asks for. */
  ordered: boolean
}

export function chooseSource(table: Table, type: ObjectType, query: Query): Source {
  const ids = namedIds(query.where, 'id')
  if (ids) return { rows: ids.flatMap((id) => table.get(id) ?? []), ordered: false }

  for (const field of type.fields.values()) {
    const targets = field.type === 'reference' && namedIds(query.where, field.name.toLowerCase())
    if (!targets) continue
    const pointing = targets.flatMap((id) => table.pointingTo(field.name, id))
    return { rows: pointing.sort((a, b) => (a.Id < b.Id ? -1 : 1)), ordered: query.orderBy.length === 0 }
  }

  const [from, to] = stampBounds(query.where)
  const byStamp = orderedBy(query.orderBy, 'systemmodstamp')
  if (byStamp || ((from > -Infinity || to < Infinity) && type.field('SystemModstamp'))) {
    const descending = byStamp === 'descending'
    return { rows: table.byStamp({ from, to, descending }), ordered: byStamp !== undefined }
  }

  const byId = query.orderBy.length === 0 ? 'ascending' : orderedBy(query.orderBy, 'id')
  const after = lowestId(query.where)
  return {
    rows: table.byId({ from: after, descending: byId === 'descending' }),
    ordered: byId !== undefined,
  }
}

/** The ids that a condition at the top, or one of those joined by AND, allows in a field. */
function namedIds(condition: Condition | undefined, field: string): string[] | undefined {
  if (!condition) return undefined
  if (condition.op === 'and') {
    for (const part of condition.parts) {
      const ids = namedIds(part, field)
      if (ids) return ids
    }
    return undefined
  }
  const literals =
    condition.op === 'compare' && condition.operator === '='
      ? [condition.value]
      : condition.op === 'in' && !condition.negated
        ? condition.values
        : undefined
  if (!literals || !('path' in condition) || condition.path.toLowerCase() !== field) return undefined
  const ids: string[] = []
  for (const literal of literals) {
    // `= null` needs a look at every row; what is no id is refused elsewhere.
    if (literal.type !== 'string') return undefined
    const id = to18(literal.value)
    if (id) ids.push(id)
  }
  return [...new Set(ids)]
}

/** The hull of what a condition says about SystemModstamp. */
function stampBounds(condition: Condition | undefined): [from: number, to: number] {
  const everything: [number, number] = [-Infinity, Infinity]
  if (!condition) return everything
  if (condition.op === 'and' || condition.op === 'or') {
    const bounds = condition.parts.map(stampBounds)
    const lows = bounds.map(([from]) => from)
    const highs = bounds.map(([, to]) => to)
    return condition.op === 'and'
      ? [Math.max(...lows), Math.min(...highs)]
      : [Math.min(...lows), Math.max(...highs)]
  }
  if (condition.op !== 'compare' || condition.path.toLowerCase() !== 'systemmodstamp') return everything
  if (condition.value.type !== 'datetime') return everything
  const { value } = condition.value
  if (condition.operator === '=') return [value, value]
  if (condition.operator === '>' || condition.operator === '>=') return [value, Infinity]
  if (condition.operator === '<' || condition.operator === '<=') return [-Infinity, value]
  return everything
}

function lowestId(condition: Condition | undefined): string | undefined {
  if (!condition) return undefined
  if (condition.op === 'and') {
    const lows = condition.parts.flatMap((part) => lowestId(part) ?? [])
    return lows.sort().at(-1)
  }
  if (condition.op !== 'compare' || condition.path.toLowerCase() !== 'id') return undefined
  if (condition.operator !== '>' && condition.operator !== '>=') return undefined
  return condition.value.type === 'string' ? to18(condition.value.value) : undefined
}

/** `ORDER BY field [, Id]`, both in one direction. */
function orderedBy(orders: Order[], field: string): 'ascending' | 'descending' | undefined {
  const [first, second] = orders
  if (first?.path.toLowerCase() !== field || orders.length > 2) return undefined
  if (second && (second.path.toLowerCase() !== 'id' || second.descending !== first.descending))
    return undefined
  return first.descending ? 'descending' : 'ascending'
}
