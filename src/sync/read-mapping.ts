// Reads what the mapping depends on: both describes, and the admin's custom metadata. An org without the custom metadata types uses
// the built-in mapping.
import { BridgeError } from '../errors.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { Salesforce } from '../salesforce/connect.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import { effectiveMapping, type Mapping, type MappingRow, type ObjectSetting } from './mapping.ts'
import type { MarketoObject } from './objects/definition.ts'

export async function readMapping(
  salesforce: Salesforce,
  schema: MarketoSchema,
  signal: AbortSignal,
): Promise<Mapping> {
  const fields: [ObjectName, ReadonlySet<string>][] = []
  for (const object of OBJECTS) {
    const describe = await salesforce.describe(object, { fresh: true, signal })
    fields.push([object, new Set(describe.fields.map((field) => field.name))])
  }
  const rows = await optional<Record<string, unknown>>(
    salesforce,
    'SELECT Object__c, Salesforce_Field__c, Marketo_Field__c FROM Marketo_Field_Mapping__mdt WHERE Active__c = true',
    signal,
  )
  const settings = await optional<Record<string, unknown>>(
    salesforce,
    'SELECT Object__c, Active__c, Filter__c FROM Marketo_Object_Setting__mdt',
    signal,
  )
  return effectiveMapping({
    salesforce: Object.fromEntries(fields) as Record<ObjectName, ReadonlySet<string>>,
    marketo: Object.fromEntries(
      Object.entries(schema.objects).map(([object, { fields }]) => [object, fields]),
    ) as Record<MarketoObject, MarketoSchema['objects']['Lead']['fields']>,
    rows: rows.map((row): MappingRow => ({
      object: text(row.Object__c),
      salesforceField: text(row.Salesforce_Field__c),
      marketoField: text(row.Marketo_Field__c),
    })),
    settings: settings.map((row): ObjectSetting => ({
      object: text(row.Object__c),
      active: row.Active__c !== false,
      filter: text(row.Filter__c) === '' ? null : text(row.Filter__c),
    })),
  })
}

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

/** The rows, or none where the org doesn't have the custom metadata type. */
async function optional<T>(salesforce: Salesforce, soql: string, signal: AbortSignal): Promise<T[]> {
  try {
    return (await salesforce.query<T>(soql, { signal })).records
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'salesforce_object_missing') return []
    throw error
  }
}
