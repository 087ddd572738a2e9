// Marketo's fields of a person → the values that go back. Pure. Marketo is loose about types (numbers as text, dates in several
// forms); what can't be understood is null, never an error: one odd value must not keep a page of others.
import type { InsightValues } from '../database/insights.ts'
import type { InsightField, MarketoSchema } from '../marketo/describe.ts'
import { parseMarketoTime } from '../marketo/marketo-time.ts'

/** Marketo's name of each value; absent where the instance has none. */
export type InsightNames = MarketoSchema['insights']

/** The package's lengths (facts: marketo-rest §8), in UTF-16 units, as Salesforce counts. A longer value would fail its whole row. */
const LONGEST_DESCRIPTION = 255
const LONGEST_WORD = 100

/** Salesforce keeps dates from 1700 to 4000 ("Valid Date Formats", SOQL and SOSL reference). */
const FIRST_YEAR = 1700
const LAST_YEAR = 4000

/** What a read must ask for: the person's id and the values' fields. */
export function fieldsToRead(names: InsightNames): string[] {
  return ['id', ...Object.values(names)]
}

export function readInsight(person: Record<string, unknown>, names: InsightNames): InsightValues {
  const value = (field: InsightField): unknown => {
    const name = names[field]
    return name === undefined ? null : person[name]
  }
  return {
    type: textOf(value('lastInterestingMomentType'), LONGEST_WORD),
    date: dateOf(value('lastInterestingMomentDate')),
    description: textOf(value('lastInterestingMomentDesc'), LONGEST_DESCRIPTION),
    source: textOf(value('lastInterestingMomentSource'), LONGEST_WORD),
    priority: wholeOf(value('priority')),
    urgency: wholeOf(value('urgency')),
    relativeScore: wholeOf(value('relativeScore')),
  }
}

/** Text as it is, but for what neither PostgreSQL nor Salesforce can hold (NUL, half a surrogate pair). Only empty text is blank. */
function textOf(value: unknown, longest: number): string | null {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null
  const text = cut(String(value).replaceAll('\u0000', '').toWellFormed(), longest)
  return text === '' ? null : text
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  const last = text.charCodeAt(longest - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? longest - 1 : longest)
}

function dateOf(value: unknown): Date | null {
  // A time alone or a year alone is a date to the parser, but not to Marketo.
  if (typeof value !== 'string' || !/^\s*\d{4}-\d{2}-\d{2}/.test(value)) return null
  const date = parseMarketoTime(value.trim().replace(/^(\S{10}) (?=\d)/, '$1T'))
  if (date === undefined) return null
  const year = date.getUTCFullYear()
  return year >= FIRST_YEAR && year < LAST_YEAR ? date : null
}

function wholeOf(value: unknown): number | null {
  const blank = typeof value === 'string' && value.trim() === ''
  if (blank || (typeof value !== 'number' && typeof value !== 'string')) return null
  const whole = Math.round(Number(value))
  // -0 would differ from 0 in comparisons.
  return Number.isSafeInteger(whole) ? whole + 0 : null
}
