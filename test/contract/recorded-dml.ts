// The recorded DML of fixtures/record-changes.json, which the publisher's Apex tests and the simulator's tests both replay: what is
// told of it must be the same. Here: its form, and the simulator's half. Records have names; "many 1..450/3" is each third of 450.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'

const fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
const records = z.record(z.string(), fields)
const rows = z.array(z.record(z.string(), z.union([z.string(), z.boolean()]))).default([])
const base = { object: z.string(), records, bypass: z.boolean().default(false) }

const step = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('insert'), ...base }),
  z.strictObject({ do: z.literal('update'), ...base }),
  z.strictObject({ do: z.literal('delete'), ...base }),
  z.strictObject({ do: z.literal('undelete'), ...base }),
  z.strictObject({ do: z.literal('merge'), ...base, into: z.string(), fields: fields.default({}) }),
  z.strictObject({
    do: z.literal('convert'),
    ...base,
    /** Records that the conversion makes, in the order of their triggers. */
    makes: z.record(z.string(), z.strictObject({ object: z.string(), fields })),
  }),
])
type Step = z.output<typeof step>

const recordedCase = z.strictObject({
  case: z.string(),
  personAccounts: z.boolean().default(false),
  /** Object → custom fields, each a line of the simulator's schema. */
  customFields: z.record(z.string(), z.array(z.string())).default({}),
  mappings: rows,
  settings: rows,
  given: z.array(step).default([]),
  when: z.array(step),
  /** Events in their order: "Lead MERGE loser -> winner". */
  told: z.array(z.string()),
})
export type RecordedCase = z.output<typeof recordedCase>

export function readCases(): RecordedCase[] {
  return z
    .array(recordedCase)
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/record-changes.json'), 'utf8')))
}

/** "many 1..7/3" → many 1, many 4, many 7. */
export function expand(name: string): string[] {
  const [, stem, first, last, step = '1'] = /^(.* )(\d+)\.\.(\d+)(?:\/(\d+))?$/.exec(name) ?? []
  if (stem === undefined) return [name]
  const names = []
  for (let n = Number(first); n <= Number(last); n += Number(step)) names.push(`${stem}${n}`)
  return names
}

/** "Lead UPDATE many 1..2" → "Lead UPDATE many 1,many 2" */
export function expandEvent(event: string): string {
  const [, kind, names, replacements] = /^(\S+ \S+) (.*?)(?: -> (.*))?$/.exec(event) ?? []
  const list = (text: string): string => text.split(',').flatMap(expand).join(',')
  return `${kind} ${list(names ?? '')}${replacements === undefined ? '' : ` -> ${list(replacements)}`}`
}

export interface Replay {
  run: (steps: Step[]) => void
  /** What was told since the last time this was asked, in the form of `told`. */
  told: () => string[]
}

export function replayIn({ org, events }: SalesforceSimulator, recorded: RecordedCase): Replay {
  const idOf = new Map<string, string>()
  const nameOf = new Map<string, string>()
  let seen = events.published.length
  if (recorded.personAccounts) org.enablePersonAccounts()
  for (const [object, lines] of Object.entries(recorded.customFields))
    for (const line of lines) org.schema.addField(object, line)
  const active = (list: Record<string, string | boolean>[]) =>
    list.map((row) => ({ Active__c: true, ...row }))
  org.setCustomMetadata('Marketo_Field_Mapping__mdt', active(recorded.mappings))
  org.setCustomMetadata('Marketo_Object_Setting__mdt', active(recorded.settings))

  const known = (name: string): string => {
    const id = idOf.get(name)
    if (id === undefined) throw new Error(`${recorded.case}: nothing is called ${name}`)
    return id
  }
  const resolve = (values: z.output<typeof fields>) =>
    Object.fromEntries(
      Object.entries(values).map(([field, value]) => [
        field,
        typeof value === 'string' && value.startsWith('@') ? known(value.slice(1)) : value,
      ]),
    )
  function call(name: string, object: string, id: string): void {
    idOf.set(name, id)
    nameOf.set(id, name)
    const contact = org.get(object, id)?.['PersonContactId']
    if (typeof contact === 'string') nameOf.set(contact, name)
  }
  /** name → values; a record that several names stand for has the values of all. */
  function named(list: z.output<typeof records>): [string, z.output<typeof fields>][] {
    const all = new Map<string, z.output<typeof fields>>()
    for (const [name, values] of Object.entries(list))
      for (const one of expand(name)) all.set(one, { ...all.get(one), ...values })
    return [...all]
  }

  function run(step: Step): void {
    const { object, bypass } = step
    const list = named(step.records)
    const ids = (): string[] => list.map(([name]) => known(name))
    if (step.do === 'insert') {
      const made = org.insert(
        object,
        list.map(([, values]) => resolve(values)),
        { bypass },
      )
      for (const [at, [name]] of list.entries()) call(name, object, made[at]!)
    } else if (step.do === 'update') {
      const updates = list.map(([name, values]) => ({ id: known(name), fields: resolve(values) }))
      org.updateMany(object, updates, { bypass })
    } else if (step.do === 'delete') org.delete(object, ids(), { bypass })
    else if (step.do === 'undelete') org.undelete(object, ids(), { bypass })
    else if (step.do === 'merge')
      org.merge(object, known(step.into), ids(), { bypass, fields: resolve(step.fields) })
    else
      for (const id of ids()) {
        const createOpportunity = Object.values(step.makes).some((made) => made.object === 'Opportunity')
        const { accountId, contactId, opportunityId } = org.convertLead(id, { bypass, createOpportunity })
        const made: Record<string, string | null> = {
          Account: accountId,
          Contact: contactId,
          Opportunity: opportunityId,
        }
        for (const [name, { object }] of Object.entries(step.makes)) call(name, object, made[object]!)
      }
  }

  return {
    run: (steps) => steps.forEach(run),
    told() {
      const told = events.published.slice(seen).map(({ payload }) => {
        const event = payload as Record<string, string | null>
        const names = (list: string): string =>
          list
            .split(',')
            .map((id) => nameOf.get(id) ?? id)
            .join(',')
        const replacements = event['Replaced_By_Ids__c']
        return `${event['Object_Type__c']} ${event['Change_Type__c']} ${names(event['Record_Ids__c'] ?? '')}${
          replacements === null || replacements === undefined ? '' : ` -> ${names(replacements)}`
        }`
      })
      seen = events.published.length
      return told
    },
  }
}
