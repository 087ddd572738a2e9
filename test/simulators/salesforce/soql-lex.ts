// SOQL text to tokens.

import { malformedQuery } from './api-error.ts'
import { parseTime } from './cell.ts'

export interface Token {
  type: 'word' | 'string' | 'number' | 'date' | 'datetime' | 'sign' | 'end'
  text: string
  /** A string without escapes, a number, a time in milliseconds. */
  value: string | number
  /** A string as the source of a regular expression, for LIKE. */
  pattern: string
  at: number
}

/** Salesforce §7: "SOQL statement <= 100,000 chars (MALFORMED_QUERY)". */
const LONGEST_STATEMENT = 100_000
/** Salesforce §7: "Strings in WHERE clauses can't exceed 4,000 characters", here read as each literal. */
const LONGEST_STRING = 4_000

const SPACE = /\s+/y
const DATETIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})/y
const DATE = /\d{4}-\d{2}-\d{2}/y
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?![\w])/y
const WORD = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::\d+)?/y
const SIGN = /<=|>=|!=|<>|[=<>(),]/y

const ESCAPES: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  "'": "'",
  '"': '"',
  '\\': '\\',
}

export function tokenize(soql: string): Token[] {
  if (soql.length > LONGEST_STATEMENT) {
    throw malformedQuery(`SOQL statements cannot be longer than ${LONGEST_STATEMENT} characters.`)
  }
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(soql)?.[0]
  }
  const push = (type: Token['type'], text: string, value: string | number = text, pattern = '') => {
    tokens.push({ type, text, value, pattern, at })
    at += text.length
  }

  while (at < soql.length) {
    const space = take(SPACE)
    if (space) {
      at += space.length
      continue
    }
    if (soql[at] === "'") {
      const { text, value, pattern } = readString(soql, at)
      push('string', text, value, pattern)
      continue
    }
    const datetime = take(DATETIME)
    if (datetime) {
      push('datetime', datetime, parseTime(datetime))
      continue
    }
    const date = take(DATE)
    if (date) {
      push('date', date)
      continue
    }
    const number = take(NUMBER)
    if (number) {
      push('number', number, Number(number))
      continue
    }
    const word = take(WORD)
    if (word) {
      push('word', word)
      continue
    }
    const sign = take(SIGN)
    if (!sign) throw malformedQuery(`line 1:${at} no viable alternative at character '${soql[at]}'`)
    push('sign', sign)
  }
  tokens.push({ type: 'end', text: '<EOF>', value: '', pattern: '', at })
  return tokens
}

function readString(soql: string, start: number): { text: string; value: string; pattern: string } {
  let value = ''
  let pattern = ''
  let at = start + 1
  for (; at < soql.length && soql[at] !== "'"; at++) {
    const char = soql[at]!
    if (char !== '\\') {
      value += char
      pattern += char === '%' ? '[^]*' : char === '_' ? '[^]' : quoted(char)
      continue
    }
    const escaped = soql[++at] ?? ''
    const unicode = escaped === 'u' ? /^[0-9a-fA-F]{4}/.exec(soql.slice(at + 1))?.[0] : undefined
    const meant = unicode
      ? String.fromCharCode(parseInt(unicode, 16))
      : escaped === '_' || escaped === '%'
        ? escaped
        : ESCAPES[escaped.toLowerCase()]
    if (meant === undefined) {
      throw malformedQuery(
        `Invalid string literal '${soql.slice(start + 1, at + 1)}'. Illegal character sequence '\\${escaped}' in string literal.`,
      )
    }
    if (unicode) at += 4
    value += meant
    pattern += quoted(meant)
  }
  if (at >= soql.length) throw malformedQuery(`line 1:${start} mismatched character '<EOF>' expecting '''`)
  if (value.length > LONGEST_STRING) {
    throw malformedQuery(`Strings in WHERE clauses can't exceed ${LONGEST_STRING} characters`)
  }
  return { text: soql.slice(start, at + 1), value, pattern }
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
