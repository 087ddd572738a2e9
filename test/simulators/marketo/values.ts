// Takes one value for one field, or says why not. A null or an empty string is stored as null (marketo-rest §3).
import { reason } from './answer.ts'
import type { Reason } from './answer.ts'
import { textOf } from './call.ts'
import type { Field, Scalar } from './fields.ts'

// marketo-rest §10: strings have 255 characters by default, text areas 30,000 bytes.
const STRING_LENGTH = 255
const TEXT_BYTES = 30_000
const ASCII = /^[\x20-\x7e]*$/
const DATE = /^\d{4}-\d\d-\d\d$/
const DATETIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/

export const isReason = (value: Scalar | Reason): value is Reason =>
  typeof value === 'object' && value !== null

export function takeValue(field: Field, value: unknown): Scalar | Reason {
  if (value === null || value === '') return null
  if (typeof value === 'object' || value === undefined) return wrongType(field, value)
  switch (field.dataType) {
    case 'integer':
    case 'score':
    case 'reference':
      return takeNumber(field, value, /^-?\d{1,15}$/)
    case 'float':
    case 'percent':
    case 'currency':
      return takeNumber(field, value, /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/)
    case 'boolean':
      return takeBoolean(field, value)
    case 'date':
      return takeDate(field, value)
    case 'datetime':
      return takeDatetime(field, value)
    default:
      return takeText(field, textOf(value))
  }
}

function takeText(field: Field, value: string): Scalar | Reason {
  // marketo-rest §3.5: e-mail addresses are ASCII; the code is not documented, 1003 is "invalid data".
  if (field.dataType === 'email' && !ASCII.test(value))
    return reason('1003', `Invalid data: '${field.name}' has characters that are not ASCII`)
  const length = field.length ?? (field.dataType === 'text' ? undefined : STRING_LENGTH)
  const tooLong =
    length === undefined
      ? Buffer.byteLength(value) > TEXT_BYTES
      : value.length > length && over(value, length)
  // marketo-rest §5, 1077: seen in production as "exceeds max length".
  if (tooLong) return reason('1077', `Value for field '${field.name}' exceeds max length`)
  return value
}

/** Lengths count characters, and an emoji is one character of two UTF-16 units. */
const over = (value: string, length: number) => Array.from(value).length > length

function takeNumber(field: Field, value: unknown, form: RegExp): Scalar | Reason {
  return typeof value !== 'boolean' && form.test(String(value)) ? Number(value) : wrongType(field, value)
}

function takeBoolean(field: Field, value: unknown): Scalar | Reason {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === '1' || value === 'true') return true
  if (value === 0 || value === '0' || value === 'false') return false
  return wrongType(field, value)
}

function takeDate(field: Field, value: unknown): Scalar | Reason {
  // marketo-rest §10: date-only fields are YYYY-MM-DD.
  return typeof value === 'string' && DATE.test(value) && isDay(value) ? value : wrongType(field, value)
}

function takeDatetime(field: Field, value: unknown): Scalar | Reason {
  const text = String(value)
  if (DATE.test(text) && isDay(text)) return `${text}T00:00:00Z`
  const parts = DATETIME.exec(text)
  if (!parts) return wrongType(field, value)
  const zone = (parts[3] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  const at = Date.parse(`${parts[1]}T${parts[2]}${zone}`)
  return Number.isNaN(at) || !isDay(parts[1]!) ? wrongType(field, value) : isoSeconds(at)
}

const isDay = (day: string) => {
  const at = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

// marketo-rest §5, 1001: "Invalid value '%s'. Required of type '%s'".
const wrongType = (field: Field, value: unknown) =>
  reason('1001', `Invalid value '${textOf(value)}'. Required of type '${field.dataType}'`)

/** Marketo's times have whole seconds. */
export const isoSeconds = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`

/** The forms of one time that Marketo emits (marketo-rest §10): an offset, Z, an offset without colon. */
export function isoVaried(at: number, form: number): string {
  if (form % 3 === 0) return `${new Date(at - 8 * 3_600_000).toISOString().slice(0, 19)}-08:00`
  return form % 3 === 1 ? isoSeconds(at) : `${new Date(at).toISOString().slice(0, 19)}+0000`
}
