// What a pair of fields can't carry over whole, known from both descriptions before any value is seen. Pure; what a single value loses
// is told with its record (values.ts).
import type { TargetField } from './values.ts'

/** A Salesforce field as describe tells it. */
export interface SourceField {
  type: string
  /** In characters; 0 where the type has none. */
  length: number
}

type Family = 'text' | 'number' | 'whole' | 'date' | 'datetime' | 'boolean' | 'compound'

/** "Field Types" in Salesforce's Object Reference; what is not here is text: picklists, references, e-mails. */
const SOURCES: Record<string, Family> = {
  boolean: 'boolean',
  int: 'whole',
  long: 'whole',
  double: 'number',
  currency: 'number',
  percent: 'number',
  date: 'date',
  datetime: 'datetime',
  address: 'compound',
  location: 'compound',
  complexvalue: 'compound',
  base64: 'compound',
}

/** Marketo's "Field Types"; what is not here is text. */
const TARGETS: Record<string, Family> = {
  boolean: 'boolean',
  integer: 'whole',
  score: 'whole',
  long: 'whole',
  float: 'number',
  double: 'number',
  currency: 'number',
  percent: 'number',
  date: 'date',
  datetime: 'datetime',
}

const isNumber = (family: Family): boolean => family === 'number' || family === 'whole'

/** Null for a pair that carries every value over. */
export function lossOf(
  source: SourceField,
  target: TargetField,
  org: { severalCurrencies: boolean } = { severalCurrencies: false },
): string | null {
  if (source.type === 'currency' && org.severalCurrencies)
    return "the amount is sent in the record's own currency, without saying which: Marketo knows one only"
  const from = SOURCES[source.type] ?? 'text'
  const to = TARGETS[target.dataType] ?? 'text'
  if (to === 'text') return textLoss(from, source, target)
  if (from === 'compound')
    return `it is compound, and no ${target.dataType} can be made of it: map one of its parts`
  if (from === 'text') return `only texts that are a ${target.dataType} are sent, all others are left out`
  if (from === 'number' && to === 'whole') return 'decimals, if there are any, are rounded'
  if (from === 'datetime' && to === 'date') return 'the time of day is dropped, and the day is that in UTC'
  if (from === to || (isNumber(from) && isNumber(to)) || (from === 'date' && to === 'datetime')) return null
  return `no ${target.dataType} can be made of a ${source.type}, so nothing is sent`
}

function textLoss(from: Family, source: SourceField, { length }: TargetField): string | null {
  if (from === 'compound') return 'it is compound and sent as JSON text: map its parts instead'
  if (from !== 'text' || length === undefined || source.length <= length) return null
  return `texts of more than ${length} characters are cut (Salesforce allows ${source.length})`
}
