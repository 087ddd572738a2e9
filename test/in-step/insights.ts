// Is every Sales Insight value of Marketo on its Salesforce record (design §6)? Values that can't be are null: dates that are none, text that is
// blank; a description is cut to the 255 characters of its field.
import type { Scalar } from '../simulators/marketo/fields.ts'
import type { Lead, MarketoInstance, MarketoOptions } from '../simulators/marketo/index.ts'
import { tierFields } from '../simulators/marketo/lead-schema.ts'
import { settingsFrom } from '../simulators/marketo/options.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { secondsOf } from './same-value.ts'
import { scopeOf, type LeavesOut } from './scope.ts'

export interface InsightsInStep {
  ok: boolean
  /** Values of Marketo, and how many of them are on their records. */
  expected: number
  written: number
  /** Records that have any. */
  records: number
  /** By label of the Salesforce field. */
  values: Record<string, { expected: number; written: number }>
  differences: string[]
}

interface InsightField {
  label: string
  salesforce: string
  marketo: string
  /** As a text to compare, or null. */
  normal: (value: Scalar | undefined) => string | null
}

/** Lengths of the MSI package's fields (marketo-rest §8). */
const words = (longest: number) => (value: Scalar | undefined) => {
  const text = String(value ?? '')
  const short = text.slice(0, longest)
  const whole = short.isWellFormed() ? short : short.slice(0, -1)
  return whole.trim() || null
}
const time = (value: Scalar | undefined) => {
  const seconds = secondsOf(value ?? '')
  return Number.isNaN(seconds) ? null : String(seconds)
}
const whole = (value: Scalar | undefined) =>
  value === null || value === undefined || value === '' ? null : String(Math.round(Number(value)))

function fieldsOf(options: MarketoOptions): InsightField[] {
  const { score, urgency } = tierFields(settingsFrom(options))
  const moment = (part: string, label: string, normal: InsightField['normal']): InsightField => ({
    label,
    salesforce: `mkto_si__Last_Interesting_Moment_${part}__c`,
    marketo: `msiLastInterestingMoment${part}`,
    normal,
  })
  return [
    moment('Type', 'Last moment: type', words(100)),
    moment('Date', 'Last moment: date', time),
    moment('Desc', 'Last moment: description', words(255)),
    moment('Source', 'Last moment: source', words(100)),
    { label: 'Priority', salesforce: 'mkto_si__Priority__c', marketo: 'priority', normal: whole },
    { label: 'Urgency', salesforce: 'mkto_si__Urgency_Value__c', marketo: urgency, normal: whole },
    {
      label: 'Relative score',
      salesforce: 'mkto_si__Relative_Score_Value__c',
      marketo: score,
      normal: whole,
    },
  ]
}

/** A person without any value has not entered yet (design §6), so nothing is asked of its record. */
export function insightsInStep(
  org: Org,
  instance: MarketoInstance,
  options: { marketo?: MarketoOptions; leavesOut?: LeavesOut } = {},
): InsightsInStep {
  const fields = fieldsOf(options.marketo ?? {})
  const { records } = scopeOf(org, options.leavesOut)
  const values = Object.fromEntries(fields.map(({ label }) => [label, { expected: 0, written: 0 }]))
  const differences: string[] = []
  let persons = 0

  function compare(lead: Lead, object: 'Lead' | 'Contact', id: string): void {
    const row = records[object].get(id)
    if (!row || fields.every(({ marketo, normal }) => normal(lead.fields[marketo]) === null)) return
    persons++
    for (const { label, salesforce, marketo, normal } of fields) {
      const expected = normal(lead.fields[marketo])
      const isThere = normal(row[salesforce]) === expected
      if (expected !== null) values[label]!.expected++
      if (expected !== null && isThere) values[label]!.written++
      if (!isThere)
        differences.push(
          `${object} ${id}: ${salesforce} is ${JSON.stringify(row[salesforce] ?? null)}, Marketo's ${marketo} is ${JSON.stringify(lead.fields[marketo] ?? null)}`,
        )
    }
  }

  for (const lead of instance.leads.values()) {
    const id = lead.fields.externalPersonId
    if (typeof id === 'string') compare(lead, id.startsWith('00Q') ? 'Lead' : 'Contact', id)
  }
  const sum = (of: 'expected' | 'written'): number =>
    Object.values(values).reduce((total, counts) => total + counts[of], 0)
  return {
    ok: differences.length === 0,
    expected: sum('expected'),
    written: sum('written'),
    records: persons,
    values,
    differences,
  }
}
