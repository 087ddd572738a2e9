// SOQL tokens to a tree. A recursive-descent parser; knows the grammar, not the schema.

import { malformedQuery } from './api-error.ts'
import { tokenize, type Token } from './soql-lex.ts'

export type Literal =
  | { type: 'string'; value: string; pattern: string }
  | { type: 'number'; value: number }
  | { type: 'boolean'; value: boolean }
  | { type: 'null' }
  | { type: 'date'; value: string }
  | { type: 'datetime'; value: number }
  | { type: 'named'; name: string; n: number }

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like'

export type Condition =
  | { op: 'and' | 'or'; parts: Condition[] }
  | { op: 'not'; part: Condition }
  | { op: 'compare'; path: string; operator: Operator; value: Literal }
  | { op: 'in'; path: string; negated: boolean; values: Literal[] }
  | { op: 'semijoin'; path: string; negated: boolean; query: Query }

export type Selected =
  | { kind: 'field'; path: string; alias?: string }
  | { kind: 'aggregate'; name: string; path?: string; alias?: string }
  | { kind: 'fields'; set: string }

export interface Order {
  path: string
  descending: boolean
  nullsLast: boolean
}

export interface Query {
  select: Selected[]
  object: string
  alias?: string
  where?: Condition
  groupBy: string[]
  orderBy: Order[]
  limit?: number
  offset?: number
}

const AGGREGATES = new Set(['COUNT', 'COUNT_DISTINCT', 'MIN', 'MAX', 'SUM', 'AVG'])
const NAMED_DATE =
  /^(TODAY|YESTERDAY|TOMORROW|THIS_WEEK|LAST_WEEK|NEXT_WEEK|THIS_MONTH|LAST_MONTH|NEXT_MONTH|THIS_YEAR|LAST_YEAR|NEXT_YEAR|LAST_90_DAYS|NEXT_90_DAYS|(?:LAST|NEXT)_N_DAYS:\d+|N_DAYS_AGO:\d+)$/i
const CLAUSES = new Set([
  'WHERE',
  'GROUP',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FOR',
  'WITH',
  'USING',
  'HAVING',
  'ALL',
])

export function parseSoql(soql: string): Query {
  const reader = createReader(tokenize(soql))
  const query = readQuery(reader)
  if (reader.peek().type !== 'end') throw unexpected(reader.peek())
  return query
}

interface Reader {
  peek(ahead?: number): Token
  next(): Token
  isWord(...words: string[]): boolean
  skipWord(...words: string[]): boolean
  skipSign(sign: string): boolean
  word(): string
  sign(sign: string): void
  integer(): number
}

const unexpected = (token: Token) => malformedQuery(`unexpected token: '${token.text}'`)

function createReader(tokens: Token[]): Reader {
  let position = 0
  const peek = (ahead = 0) => tokens[Math.min(position + ahead, tokens.length - 1)]!
  const next = () => tokens[Math.min(position++, tokens.length - 1)]!
  /** `ORDER BY` is two words in a row. */
  const isWord = (...words: string[]) =>
    words.every((word, i) => peek(i).type === 'word' && peek(i).text.toUpperCase() === word)
  return {
    peek,
    next,
    isWord,
    skipWord(...words) {
      const found = isWord(...words)
      if (found) position += words.length
      return found
    },
    skipSign(sign) {
      const found = peek().type === 'sign' && peek().text === sign
      if (found) position++
      return found
    },
    word() {
      const token = next()
      if (token.type !== 'word') throw unexpected(token)
      return token.text
    },
    sign(sign) {
      const token = next()
      if (token.type !== 'sign' || token.text !== sign) throw unexpected(token)
    },
    integer() {
      const token = next()
      if (token.type !== 'number' || !/^\d+$/.test(token.text)) throw unexpected(token)
      return Number(token.value)
    },
  }
}

function readQuery(reader: Reader): Query {
  if (!reader.skipWord('SELECT')) throw unexpected(reader.peek())
  const select = readSelect(reader)
  if (!reader.skipWord('FROM')) throw unexpected(reader.peek())
  const query: Query = { select, object: reader.word(), groupBy: [], orderBy: [] }
  const next = reader.peek()
  if (next.type === 'word' && !CLAUSES.has(next.text.toUpperCase())) query.alias = reader.word()
  if (reader.skipWord('WHERE')) query.where = readConditions(reader)
  if (reader.skipWord('GROUP', 'BY')) query.groupBy = readList(reader, () => reader.word())
  if (reader.skipWord('ORDER', 'BY')) query.orderBy = readList(reader, () => readOrder(reader))
  if (reader.skipWord('LIMIT')) query.limit = reader.integer()
  if (reader.skipWord('OFFSET')) query.offset = reader.integer()
  if (query.offset !== undefined && query.offset > 2000) {
    throw malformedQuery('Maximum SOQL offset allowed is 2000')
  }
  return query
}

function readList<T>(reader: Reader, item: () => T): T[] {
  const items = [item()]
  while (reader.skipSign(',')) items.push(item())
  return items
}

function readSelect(reader: Reader): Selected[] {
  return readList(reader, () => {
    const name = reader.word()
    if (!reader.skipSign('(')) return withAlias(reader, { kind: 'field', path: name })
    const upper = name.toUpperCase()
    if (upper === 'FIELDS') {
      const set = reader.word().toUpperCase()
      reader.sign(')')
      return { kind: 'fields', set }
    }
    if (!AGGREGATES.has(upper))
      throw malformedQuery(`unknown function '${name}' (the simulator knows aggregates)`)
    const path = reader.skipSign(')') ? undefined : reader.word()
    if (path !== undefined) reader.sign(')')
    return withAlias(reader, { kind: 'aggregate', name: upper, ...(path !== undefined && { path }) })
  })
}

function withAlias<T extends Selected>(reader: Reader, item: T): T {
  const next = reader.peek()
  if (next.type !== 'word' || next.text.toUpperCase() === 'FROM') return item
  return { ...item, alias: reader.word() }
}

function readOrder(reader: Reader): Order {
  const path = reader.word()
  const descending = reader.skipWord('DESC')
  if (!descending) reader.skipWord('ASC')
  const nullsLast = reader.skipWord('NULLS', 'LAST')
  if (!nullsLast) reader.skipWord('NULLS', 'FIRST')
  return { path, descending, nullsLast }
}

/** SOQL refuses `a AND b OR c` (the other word is left over, and unexpected): only parentheses mix the two. */
function readConditions(reader: Reader): Condition {
  const parts = [readCondition(reader)]
  const op = reader.isWord('AND') ? 'AND' : 'OR'
  while (reader.skipWord(op)) parts.push(readCondition(reader))
  return parts.length === 1 ? parts[0]! : { op: op === 'AND' ? 'and' : 'or', parts }
}

function readCondition(reader: Reader): Condition {
  if (reader.skipWord('NOT')) return { op: 'not', part: readCondition(reader) }
  if (reader.skipSign('(')) {
    const condition = readConditions(reader)
    reader.sign(')')
    return condition
  }
  const path = reader.word()
  if (reader.skipWord('IN')) return readSet(reader, path, false)
  if (reader.skipWord('NOT', 'IN')) return readSet(reader, path, true)
  if (reader.skipWord('LIKE')) return { op: 'compare', path, operator: 'like', value: readLiteral(reader) }
  const sign = reader.next()
  if (sign.type !== 'sign' || '(),'.includes(sign.text)) throw unexpected(sign)
  const operator = (sign.text === '<>' ? '!=' : sign.text) as Operator
  return { op: 'compare', path, operator, value: readLiteral(reader) }
}

function readSet(reader: Reader, path: string, negated: boolean): Condition {
  reader.sign('(')
  if (reader.isWord('SELECT')) {
    const query = readQuery(reader)
    reader.sign(')')
    return { op: 'semijoin', path, negated, query }
  }
  const values = readList(reader, () => readLiteral(reader))
  reader.sign(')')
  return { op: 'in', path, negated, values }
}

function readLiteral(reader: Reader): Literal {
  const token = reader.next()
  switch (token.type) {
    case 'string':
      return { type: 'string', value: String(token.value), pattern: token.pattern }
    case 'number':
    case 'datetime':
      return { type: token.type, value: Number(token.value) }
    case 'date':
      return { type: 'date', value: token.text }
    case 'word':
      if (/^null$/i.test(token.text)) return { type: 'null' }
      if (/^(true|false)$/i.test(token.text)) return { type: 'boolean', value: /^true$/i.test(token.text) }
      if (NAMED_DATE.test(token.text)) {
        const [name = '', n = '0'] = token.text.toUpperCase().split(':')
        return { type: 'named', name, n: Number(n) }
      }
      throw unexpected(token)
    default:
      throw unexpected(token)
  }
}
