// Reads what the mapping depends on: both describes, and the admin's custom metadata. An org without the custom metadata types uses
// the built-in mapping.
import { setTimeout as sleep } from 'node:timers/promises'
import { BridgeError } from '../errors.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { Salesforce } from '../salesforce/connect.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import { SalesforceError } from '../salesforce/rest-faults.ts'
import type { SourceField } from './losses.ts'
import { effectiveMapping, type Mapping, type MappingRow } from './mapping.ts'
import type { ObjectSetting } from './object-settings.ts'
import type { MarketoObject } from './objects/definition.ts'
import { DEFINITIONS } from './objects/index.ts'

/** An admin who reads the mapping anew gets an answer within 10 seconds. */
const DESCRIBE_WITHIN_MS = 4_000

export interface MappingSources {
  salesforce: Salesforce
  schema: (options?: { fresh: boolean }) => Promise<MarketoSchema>
  /** The last effective mapping. */
  before: Mapping | undefined
  /** Describes Marketo anew too; without it only where a row names a field that Marketo did not have. */
  fresh: boolean
  signal: AbortSignal
}

export async function readMapping({
  salesforce,
  schema,
  before,
  fresh,
  signal,
}: MappingSources): Promise<Mapping> {
  const fields: [ObjectName, ReadonlyMap<string, SourceField>][] = []
  for (const object of OBJECTS) {
    const describe = await salesforce.describe(object, { fresh: true, signal })
    fields.push([object, new Map(describe.fields.map((field) => [field.name, field]))])
  }
  const rows = (
    await optional<Record<string, unknown>>(
      salesforce,
      'SELECT Object__c, Salesforce_Field__c, Marketo_Field__c FROM Marketo_Field_Mapping__mdt WHERE Active__c = true',
      signal,
    )
  ).map((row): MappingRow => ({
    object: text(row.Object__c),
    salesforceField: text(row.Salesforce_Field__c),
    marketoField: text(row.Marketo_Field__c),
  }))
  const settings = (
    await optional<Record<string, unknown>>(
      salesforce,
      'SELECT Object__c, Active__c, Filter__c FROM Marketo_Object_Setting__mdt',
      signal,
    )
  ).map((row): ObjectSetting => ({
    object: text(row.Object__c),
    active: row.Active__c !== false,
    filter: text(row.Filter__c) === '' ? null : text(row.Filter__c),
  }))
  const known = await schema()
  const described =
    fresh || rows.some((row) => isUnknown(row, known)) ? await describedAnew(schema, known) : known
  return effectiveMapping({
    salesforce: Object.fromEntries(fields) as Record<ObjectName, ReadonlyMap<string, SourceField>>,
    marketo: Object.fromEntries(
      Object.entries(described.objects).map(([object, { fields }]) => [object, fields]),
    ) as Record<MarketoObject, MarketoSchema['objects']['Lead']['fields']>,
    rows,
    settings,
    ...(await triedFilters(salesforce, settings, signal)),
    before: before?.objects,
  })
}

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

/** While Marketo does not answer, what it said last holds: the Salesforce half of the mapping is read all the same. */
async function describedAnew(schema: MappingSources['schema'], known: MarketoSchema): Promise<MarketoSchema> {
  return Promise.race([
    schema({ fresh: true }).catch(() => known),
    sleep(DESCRIBE_WITHIN_MS, known, { ref: false }),
  ])
}

function isUnknown({ object, marketoField }: MappingRow, { objects }: MarketoSchema): boolean {
  const ours = OBJECTS.find((name) => name === object)
  return ours !== undefined && !objects[DEFINITIONS[ours].marketo].fields.has(marketoField.toLowerCase())
}

/** Tries each filter on one record, in the company in which it is used: an OR that reaches out of it is refused too. */
async function triedFilters(
  salesforce: Salesforce,
  settings: ObjectSetting[],
  signal: AbortSignal,
): Promise<{ refused: Map<ObjectSetting, string>; empty: Set<ObjectSetting> }> {
  const refused = new Map<ObjectSetting, string>()
  const empty = new Set<ObjectSetting>()
  for (const setting of settings) {
    const { object, filter } = setting
    if (filter === null || !(OBJECTS as readonly string[]).includes(object)) continue
    try {
      const { records } = await salesforce.query(
        `SELECT Id FROM ${object} WHERE Id != null AND (${filter}) LIMIT 1`,
        { signal },
      )
      if (records.length === 0) empty.add(setting)
    } catch (error) {
      if (!(error instanceof SalesforceError) || error.status !== 400) throw error
      refused.set(setting, error.message)
    }
  }
  return { refused, empty }
}

/** The rows, or none where the org doesn't have the custom metadata type. */
async function optional<T>(salesforce: Salesforce, soql: string, signal: AbortSignal): Promise<T[]> {
  try {
    const rows: T[] = []
    let page = await salesforce.query<T>(soql, { signal })
    rows.push(...page.records)
    while (page.next !== undefined) {
      page = await salesforce.more<T>(page.next, { signal })
      rows.push(...page.records)
    }
    return rows
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'salesforce_object_missing') return []
    throw error
  }
}
