// One field's value on its way in (checked, trimmed, cut to what Salesforce stores) and out (REST, CSV).

import { DmlError } from './dml-error.ts'
import { to18 } from './record-id.ts'
import type { Field } from './schema.ts'
import type { Cell } from './table.ts'

export type Value = string | number | boolean | null
export type Input = Value | Date | undefined

const DATE = /^\d{4}-\d{2}-\d{2}$/
/** Salesforce stores times in whole seconds: a SystemModstamp always ends in .000 (known; no document read). */
const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000

const wrongType = (field: Field, value: Input): DmlError =>
  new DmlError(
    'INVALID_TYPE_ON_FIELD_IN_RECORD',
    `${field.label}: value not of required type: ${JSON.stringify(value)}`,
    [field.name],
  )

/** What the table stores; undefined is null. An empty text is null, as everywhere in Salesforce (§4). */
export function toCell(field: Field, value: Input, trusted = false): Cell | undefined {
  if (value === null || value === undefined || value === '') return undefined
  switch (field.type) {
    case 'boolean':
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === 'false') return value === 'true'
      throw wrongType(field, value)
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      return toNumber(field, value)
    case 'date':
      return toDate(field, value)
    case 'datetime':
      return toTime(field, value)
    case 'id':
    case 'reference':
      return toId(field, value)
    default:
      return toText(field, value, trusted)
  }
}

function toNumber(field: Field, value: Input): number {
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) throw wrongType(field, value)
  if (Math.abs(number) >= 10 ** field.length) {
    throw new DmlError('NUMBER_OUTSIDE_VALID_RANGE', `${field.label}: value outside of valid range`, [
      field.name,
    ])
  }
  return number
}

function toDate(field: Field, value: Input): string {
  const text = value instanceof Date ? value.toISOString().slice(0, 10) : value
  if (typeof text !== 'string' || !DATE.test(text) || Number.isNaN(Date.parse(text))) {
    throw wrongType(field, value)
  }
  return text
}

function toTime(field: Field, value: Input): number {
  const ms = value instanceof Date ? value.getTime() : typeof value === 'number' ? value : parseTime(value)
  if (Number.isNaN(ms)) throw wrongType(field, value)
  return wholeSecond(ms)
}

/** Accepts both offsets that Salesforce writes: +0000 (REST) and Z (bulk, events). */
export function parseTime(value: unknown): number {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value)) return NaN
  return Date.parse(value.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
}

function toId(field: Field, value: Input): string {
  const id = typeof value === 'string' ? to18(value) : undefined
  if (!id)
    throw new DmlError('MALFORMED_ID', `${field.label}: id value of incorrect type: ${String(value)}`, [
      field.name,
    ])
  return id
}

/** Exports are trusted: an org may hold texts longer than a newer describe says. */
function toText(field: Field, value: Input, trusted: boolean): string | undefined {
  if (typeof value === 'object') throw wrongType(field, value)
  const text = String(value).trim()
  if (text === '') return undefined
  if (trusted) return text
  if (text.length > field.length) {
    throw new DmlError(
      'STRING_TOO_LONG',
      `${field.label}: data value too large: ${text.slice(0, 60)} (max length=${field.length})`,
      [field.name],
    )
  }
  if (field.type === 'email' && !/^[^@\s]+@[^@\s]+$/.test(text)) {
    throw new DmlError('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${text}`, [
      field.name,
    ])
  }
  return text
}

/** REST writes times as 2026-11-23T10:00:00.000+0000. */
export function present(field: Field, cell: Cell | undefined): Value {
  if (cell === undefined) return field.type === 'boolean' ? false : null
  return field.type === 'datetime' ? new Date(cell as number).toISOString().replace('Z', '+0000') : cell
}

/** Bulk API 2.0 quotes every value, writes null as "" and times with Z. */
export function presentCsv(field: Field, cell: Cell | undefined): string {
  if (cell === undefined) return field.type === 'boolean' ? '"false"' : '""'
  if (field.type === 'datetime') return `"${new Date(cell as number).toISOString()}"`
  return typeof cell === 'string' ? `"${cell.replaceAll('"', '""')}"` : `"${cell}"`
}
