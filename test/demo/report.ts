// What a run comes to: tables for a reader, one JSON object for a program.
import Table from 'cli-table3'
import type { InStep } from '../in-step/check.ts'
import type { InsightsInStep } from '../in-step/insights.ts'
import { OBJECTS, type ObjectName } from '../in-step/objects.ts'
import type { CallLog } from '../simulators/marketo/index.ts'

export interface Outcome {
  records: InStep
  insights: InsightsInStep
  marketoCalls: number
  callsPerObject: Record<ObjectName, number>
  seconds: number
  peakRssMb: number
}

const RECORDS_PER_CALL = 300
const SHOWN = 10

/** The fewest calls that could carry so many records. */
export function floorOf(records: number): number {
  return Math.ceil(records / RECORDS_PER_CALL)
}

/** A refused record is not in Marketo, whatever the reason: then not everything is in step. */
export function differencesOf({ records, insights }: Outcome): string[] {
  const refused = [...records.refusals].map(
    ([id, { object, reason }]) => `${object} ${id} is refused: ${reason}`,
  )
  return [...records.differences, ...refused, ...insights.differences]
}

export function isInStep(outcome: Outcome): boolean {
  return outcome.records.ok && outcome.records.refusals.size === 0 && outcome.insights.ok
}

export function marketoCallFloor({ objects }: InStep): number {
  return OBJECTS.reduce((sum, object) => sum + floorOf(objects[object].salesforce), 0)
}

/** Calls that wrote this object; Leads and Contacts go to one endpoint, and are told apart by their keys. */
export function callsPerObject(calls: CallLog): Record<ObjectName, number> {
  const counts = Object.fromEntries(OBJECTS.map((object) => [object, 0])) as Record<ObjectName, number>
  const endpoints: Record<string, ObjectName> = {
    'salespersons.json': 'User',
    'companies.json': 'Account',
    'opportunities.json': 'Opportunity',
    'opportunities/roles.json': 'OpportunityContactRole',
  }
  for (const { endpoint, method, records } of calls) {
    const object = endpoint === 'leads.json' ? personIn(records) : endpoints[endpoint]
    if (object !== undefined && method === 'POST') counts[object]++
  }
  return counts
}

function personIn(records: readonly unknown[] = []): ObjectName {
  const [first] = records
  const key =
    typeof first === 'object' && first !== null && 'externalPersonId' in first ? first.externalPersonId : ''
  return String(key).startsWith('003') ? 'Contact' : 'Lead'
}

export function tell(outcome: Outcome, say: (line: string) => void): void {
  const { records, insights } = outcome
  say(objectTable(outcome))
  say(valueTable(insights))
  const floor = marketoCallFloor(records)
  const others = outcome.marketoCalls - Object.values(outcome.callsPerObject).reduce((a, b) => a + b, 0)
  say(
    `Marketo calls: ${outcome.marketoCalls} in all, ${others} of them to look, describe and read back; ${floor} is the floor (${RECORDS_PER_CALL} records a call).`,
  )
  say(`Took ${outcome.seconds} s; the service's memory peaked at ${outcome.peakRssMb} MB.`)
  const differences = differencesOf(outcome)
  if (differences.length === 0) {
    say('In step: every record is in Marketo exactly once, and every value is back on its record.')
    return
  }
  say(`Not in step: ${differences.length} differences. The first ${Math.min(SHOWN, differences.length)}:`)
  for (const difference of differences.slice(0, SHOWN)) say(`  - ${difference}`)
}

function objectTable({ records, callsPerObject }: Outcome): string {
  const table = new Table({
    head: ['Object', 'In Salesforce', 'In Marketo', 'Refused', 'Calls', 'Floor'],
    colAligns: ['left', 'right', 'right', 'left', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const object of OBJECTS) {
    const { salesforce, marketo } = records.objects[object]
    table.push([
      object,
      count(salesforce),
      count(marketo),
      refusedOf(object, records),
      callsPerObject[object],
      floorOf(salesforce),
    ])
  }
  return table.toString()
}

/** How many, and why: reasons that differ in ids and quoted values only are one. */
function refusedOf(object: ObjectName, { objects, refusals }: InStep): string {
  const { refused } = objects[object]
  if (refused === 0) return '0'
  const reasons = new Map<string, number>()
  for (const { object: of, reason } of refusals.values()) {
    if (of !== object) continue
    const kind = reason.replaceAll(/\b[A-Za-z0-9]{15,18}\b/g, '…').replaceAll(/'[^']*'|"[^"]*"/g, '…')
    reasons.set(kind, (reasons.get(kind) ?? 0) + 1)
  }
  const told = [...reasons].sort(([, a], [, b]) => b - a).map(([reason, times]) => `${times} × ${reason}`)
  return [count(refused), ...told.slice(0, 3).map((line) => wrap(line, 48))].join('\n')
}

function valueTable({ values, expected, written, records }: InsightsInStep): string {
  const table = new Table({
    head: ['Value', 'In Marketo', 'On its record'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const [label, counts] of Object.entries(values))
    table.push([label, count(counts.expected), count(counts.written)])
  table.push([`All, of ${count(records)} persons`, count(expected), count(written)])
  return table.toString()
}

const count = (value: number): string => value.toLocaleString('en')

function wrap(text: string, width: number): string {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n')
}

export function toJson(outcome: Outcome): string {
  return JSON.stringify({
    ok: isInStep(outcome),
    objects: outcome.records.objects,
    marketoCalls: outcome.marketoCalls,
    marketoCallFloor: marketoCallFloor(outcome.records),
    insights: { expected: outcome.insights.expected, written: outcome.insights.written },
    seconds: outcome.seconds,
    peakRssMb: outcome.peakRssMb,
  })
}
