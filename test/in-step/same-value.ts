// Whether Marketo holds what Salesforce says, in the form that Marketo's field takes.
import type { DataType, Scalar } from '../simulators/marketo/fields.ts'
import type { Value } from '../simulators/salesforce/cell.ts'

export interface Target {
  dataType: DataType
  length?: number
}

/** Text areas take 30,000 bytes (marketo-rest §10). */
const TEXT_AREA_BYTES = 30_000

export const isBlank = (value: unknown): boolean => value === null || value === undefined || value === ''

export function isSame(said: Value, held: Scalar | undefined, target: Target): boolean {
  if (isBlank(said)) return isBlank(held)
  switch (target.dataType) {
    case 'boolean':
      return held === (said === true || said === 'true')
    case 'integer':
    case 'score':
    case 'reference':
      return isSameNumber(Math.round(Number(said)), held)
    case 'float':
    case 'percent':
    case 'currency':
      return isSameNumber(Number(said), held)
    case 'date':
      return held === String(said).slice(0, 10)
    case 'datetime':
      return isSameNumber(secondsOf(said), secondsOf(held))
    default:
      return typeof held === 'string' && isWholeOrCut(String(said), held, target)
  }
}

/** Numbers come back as text from some fields (marketo-rest §3.3). What is no number can't be carried over, so it is blank. */
function isSameNumber(said: number, held: Scalar | undefined): boolean {
  return Number.isNaN(said) ? isBlank(held) : !isBlank(held) && Number(held) === said
}

/** Marketo's times have whole seconds. */
export function secondsOf(time: unknown): number {
  if (typeof time === 'number') return Math.floor(time / 1000)
  const text = String(time).trim()
  // Date.parse alone takes a bare year or a word with a number for a date.
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return Number.NaN
  return Math.floor(Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) / 1000)
}

/** Cut to describe's length and no shorter, and never within a surrogate pair. */
function isWholeOrCut(said: string, held: string, { dataType, length }: Target): boolean {
  if (said === held) return true
  if (!said.startsWith(held) || !held.isWellFormed()) return false
  if (length !== undefined) return held.length >= length - 1 && Array.from(held).length <= length
  // A character has up to four bytes.
  const bytes = Buffer.byteLength(held)
  return dataType === 'text' && bytes <= TEXT_AREA_BYTES && bytes > TEXT_AREA_BYTES - 4
}
