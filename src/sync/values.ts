// A Salesforce value as Marketo's field takes it. Pure; what is lost on the way is reported, never silently.
import type { Value } from './hashes.ts'

export interface TargetField {
  name: string
  /** Marketo's data type as describe tells it. */
  dataType: string
  length?: number | undefined
}

export interface Converted {
  value: Value
  /** Set where the value could not be carried over whole. */
  note?: string
}

/** Longest text areas are 30,000 bytes (marketo-rest facts §10). */
const TEXT_AREA_BYTES = 30_000

const YES = ['true', '1', 'yes']
const NO = ['false', '0', 'no']

export function convert(given: unknown, target: TargetField): Converted {
  if (given === null || given === undefined || given === '') return { value: null }
  const value = plain(given)
  switch (target.dataType) {
    case 'boolean': {
      const word = String(value).toLowerCase()
      if (YES.includes(word)) return { value: true }
      return NO.includes(word) ? { value: false } : lost(value, target)
    }
    case 'integer':
    case 'score':
    case 'long': {
      const number = numberOf(value)
      if (number === null) return lost(value, target)
      return Number.isInteger(number)
        ? { value: number }
        : { value: Math.round(number), note: `${target.name} was rounded from ${number}` }
    }
    case 'float':
    case 'double':
    case 'currency':
    case 'percent': {
      const number = numberOf(value)
      return number === null ? lost(value, target) : { value: number }
    }
    case 'date': {
      const text = String(value)
      return /^\d{4}-\d{2}-\d{2}/.test(text) ? { value: text.slice(0, 10) } : lost(value, target)
    }
    case 'datetime': {
      const time = Date.parse(String(value))
      return Number.isNaN(time)
        ? lost(value, target)
        : { value: new Date(time).toISOString().replace(/\.000Z$/, 'Z') }
    }
    default:
      return textOf(String(value), target)
  }
}

/** Compound fields (addresses, locations) are objects. */
function plain(value: unknown): string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value)
}

function numberOf(value: unknown): number | null {
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value.trim() !== ''
        ? Number(value)
        : Number.NaN
  return Number.isFinite(number) ? number : null
}

function lost(value: unknown, target: TargetField): Converted {
  return {
    value: null,
    note: `${target.name} was left out: ${typeof value === 'string' ? 'its text' : 'its value'} is no ${target.dataType}`,
  }
}

function textOf(text: string, target: TargetField): Converted {
  const whole = cutCharacters(text, target.length ?? Number.POSITIVE_INFINITY)
  const cut = target.dataType === 'text' ? cutBytes(whole, TEXT_AREA_BYTES) : whole
  return cut.length === text.length
    ? { value: text }
    : { value: cut, note: `${target.name} was cut to ${cut.length} characters, all that Marketo takes` }
}

/** Never in the middle of a surrogate pair. */
export function cutCharacters(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length)
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut
}

function cutBytes(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text)
  if (encoded.length <= bytes) return text
  let end = bytes
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--
  return new TextDecoder().decode(encoded.subarray(0, end))
}
