// Turns a WHERE clause into a function of a row, checking types as Salesforce does, and finds out how
// to reach its rows without reading them all.

import { ApiError, invalidField } from './api-error.ts'
import { namedRange } from './soql-date.ts'
import type { Condition, Literal, Operator, Query } from './soql-parse.ts'
import { resolvePath, type Path, type PathContext } from './soql-path.ts'
import { to18 } from './record-id.ts'
import type { Field, ObjectType } from './schema.ts'
import type { Cell, Row } from './table.ts'

export type Predicate = (row: Row) => boolean

export interface ConditionContext extends PathContext {
  now(): number
  /** The values of a semi-join's single field. */
  runSubquery(query: Query): Cell[]
}

const NUMERIC = new Set(['int', 'double', 'currency', 'percent'])

export function compileCondition(
  context: ConditionContext,
  type: ObjectType,
  alias: string,
  condition: Condition,
): Predicate {
  switch (condition.op) {
    case 'and': {
      const parts = condition.parts.map((part) => compileCondition(context, type, alias, part))
      return (row) => parts.every((part) => part(row))
    }
    case 'or': {
      const parts = condition.parts.map((part) => compileCondition(context, type, alias, part))
      return (row) => parts.some((part) => part(row))
    }
    case 'not': {
      const part = compileCondition(context, type, alias, condition.part)
      return (row) => !part(row)
    }
    case 'compare': {
      const path = filterable(context, type, alias, condition.path)
      return compare(context, path, condition.operator, condition.value)
    }
    case 'in': {
      const path = filterable(context, type, alias, condition.path)
      const cells = condition.values.map((value) => toComparable(path.field, value))
      return member(path, new Set(cells), condition.negated)
    }
    default: {
      const path = filterable(context, type, alias, condition.path)
      const cells = context.runSubquery(condition.query).map((cell) => fold(path.field, cell))
      return member(path, new Set(cells), condition.negated)
    }
  }
}

function filterable(context: PathContext, type: ObjectType, alias: string, text: string): Path {
  const path = resolvePath(context, type, alias, text)
  if (path.field.type === 'longtext') {
    throw invalidField(`field '${path.field.name}' can not be filtered in a query call`)
  }
  return path
}

/** Text compares without case; ids with it. */
const fold = (field: Field, cell: Cell | undefined): Cell | undefined =>
  typeof cell === 'string' && field.type !== 'id' && field.type !== 'reference' ? cell.toLowerCase() : cell

const valueOf = (path: Path, row: Row): Cell | undefined => {
  const cell = path.read(row)
  return cell === undefined && path.field.type === 'boolean' ? false : fold(path.field, cell)
}

/** `!=` and `NOT IN` also find rows where the field is null. */
function member(path: Path, cells: ReadonlySet<Cell | undefined>, negated: boolean): Predicate {
  return (row) => cells.has(valueOf(path, row)) !== negated
}

function compare(context: ConditionContext, path: Path, operator: Operator, literal: Literal): Predicate {
  const { field } = path
  if (operator === 'like') {
    if (literal.type !== 'string') throw wrongLiteral(field, 'string and should be enclosed in quotes')
    if (NUMERIC.has(field.type) || field.type === 'boolean' || field.type.startsWith('date')) {
      throw new ApiError(
        400,
        'INVALID_QUERY_FILTER_OPERATOR',
        `invalid operator on ${field.type} field '${field.name}'`,
      )
    }
    const pattern = new RegExp(`^${literal.pattern}$`, 'i')
    return (row) => {
      const cell = path.read(row)
      return typeof cell === 'string' && pattern.test(cell)
    }
  }
  if (literal.type === 'named') {
    const [from, to] = namedRange(literal.name, literal.n, context.now())
    return compareRange(path, operator, from, to)
  }
  const wanted = toComparable(field, literal)
  if (operator === '=') return (row) => valueOf(path, row) === wanted
  if (operator === '!=') return (row) => valueOf(path, row) !== wanted
  if (field.type === 'boolean') {
    throw new ApiError(
      400,
      'INVALID_QUERY_FILTER_OPERATOR',
      `invalid operator on boolean field '${field.name}'`,
    )
  }
  if (wanted === undefined) return () => false
  return (row) => {
    const cell = valueOf(path, row)
    if (cell === undefined) return false
    if (operator === '<') return cell < wanted
    if (operator === '<=') return cell <= wanted
    if (operator === '>') return cell > wanted
    return cell >= wanted
  }
}

/** A date literal is a span: `= TODAY` is within, `> TODAY` after it, `>= TODAY` from its start. */
function compareRange(path: Path, operator: Operator, from: number, to: number): Predicate {
  if (!path.field.type.startsWith('date')) throw wrongLiteral(path.field, typeName(path.field))
  return (row) => {
    const cell = path.read(row)
    if (cell === undefined) return operator === '!='
    const time = typeof cell === 'string' ? Date.parse(cell) : Number(cell)
    if (operator === '=') return time >= from && time < to
    if (operator === '!=') return time < from || time >= to
    if (operator === '<') return time < from
    if (operator === '<=') return time < to
    if (operator === '>') return time >= to
    return time >= from
  }
}

const typeName = (field: Field): string =>
  field.type === 'datetime'
    ? 'dateTime'
    : NUMERIC.has(field.type) && field.type !== 'int'
      ? 'double'
      : field.type

const wrongLiteral = (field: Field, wanted: string): ApiError =>
  invalidField(`value of filter criterion for field '${field.name}' must be of type ${wanted}`)

/** A literal as the table would hold it; an empty string finds null. */
function toComparable(field: Field, literal: Literal): Cell | undefined {
  if (literal.type === 'null') return undefined
  const unquoted = `${typeName(field)} and should not be enclosed in quotes`
  switch (field.type) {
    case 'boolean':
      if (literal.type !== 'boolean') throw wrongLiteral(field, unquoted)
      return literal.value
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      if (literal.type !== 'number') throw wrongLiteral(field, unquoted)
      return literal.value
    case 'date':
      if (literal.type !== 'date') throw wrongLiteral(field, unquoted)
      return literal.value
    case 'datetime':
      if (literal.type !== 'datetime') throw wrongLiteral(field, unquoted)
      return literal.value
    case 'id':
    case 'reference':
      if (literal.type !== 'string') throw wrongLiteral(field, 'string and should be enclosed in quotes')
      if (literal.value === '') return undefined
      return comparableId(field, literal.value)
    default:
      if (literal.type !== 'string') throw wrongLiteral(field, 'string and should be enclosed in quotes')
      return literal.value === '' ? undefined : literal.value.toLowerCase()
  }
}

function comparableId(field: Field, text: string): string {
  const id = to18(text)
  if (id) return id
  throw new ApiError(400, 'INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${text} (${field.name})`)
}
