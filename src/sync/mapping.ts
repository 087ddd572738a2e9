// Which Salesforce field goes into which Marketo field. Pure: the built-in mapping and the admin's rows (custom metadata
// Marketo_Field_Mapping__mdt, Marketo_Object_Setting__mdt), checked against both describes.
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import { lossOf, type SourceField } from './losses.ts'
import {
  isCompanyField,
  type MarketoObject,
  type ObjectDefinition,
  type Parent,
} from './objects/definition.ts'
import { DEFINITIONS } from './objects/index.ts'
import {
  effectiveSettings,
  notOneOfOurs,
  type BadSetting,
  type EffectiveSetting,
  type ObjectSetting,
  type SettingsInput,
} from './object-settings.ts'
import type { TargetField } from './values.ts'

export interface MarketoField extends TargetField {
  updateable: boolean
}

export interface MappingRow {
  object: string
  salesforceField: string
  marketoField: string
}

export interface MappedField {
  from: string
  to: TargetField
  source: 'default' | 'custom'
  /** What the pair can't carry over whole. */
  loss: string | null
}

export interface ObjectMapping {
  object: ObjectName
  active: boolean
  filter: string | null
  fields: MappedField[]
  parents: Parent[]
  /** Fields to ask Salesforce for. */
  reads: string[]
}

export interface BadRow extends MappingRow {
  reason: string
}

export interface Mapping {
  objects: Record<ObjectName, ObjectMapping>
  bad: BadRow[]
  badSettings: BadSetting[]
  /** Objects whose filter let no record through when it was read. */
  passesNothing: ObjectName[]
  /** Objects whose former filter stays, as Salesforce refused the new one. */
  untried: ObjectName[]
}

export interface MappingInput extends SettingsInput {
  /** What the integration user can read, per object, by field name. */
  salesforce: Record<ObjectName, ReadonlyMap<string, SourceField>>
  /** By lower-case name: Marketo's names are matched without regard to case. */
  marketo: Record<MarketoObject, ReadonlyMap<string, MarketoField>>
  rows: MappingRow[]
  /** Settings whose filter lets no record through. */
  empty?: ReadonlySet<ObjectSetting> | undefined
}

export function effectiveMapping(input: MappingInput): Mapping {
  const bad: BadRow[] = []
  const { settings, bad: badSettings, untried } = effectiveSettings(input)
  const objects = Object.fromEntries(
    OBJECTS.map((object) => [object, mappingOf(DEFINITIONS[object], input, settings.get(object), bad)]),
  ) as Record<ObjectName, ObjectMapping>
  for (const row of input.rows)
    if (!(OBJECTS as readonly string[]).includes(row.object))
      bad.push({ ...row, reason: notOneOfOurs(row.object) })
  const passesNothing = OBJECTS.filter((name) => {
    const { active, filter } = objects[name]
    return (
      active &&
      input.settings.some((row) => row.object === name && row.filter === filter && input.empty?.has(row))
    )
  })
  return { objects, bad, badSettings, passesNothing, untried }
}

function mappingOf(
  definition: ObjectDefinition,
  input: MappingInput,
  setting: EffectiveSetting | undefined,
  bad: BadRow[],
): ObjectMapping {
  const { object } = definition
  const readable = input.salesforce[object]
  const writable = input.marketo[definition.marketo]
  const rows = input.rows.filter((row) => row.object === object)
  const custom = goodRows(rows, definition, readable, writable, bad)
  const taken = new Set(custom.map((field) => field.to.name.toLowerCase()))

  const defaults = definition.mapping.flatMap(([from, to]): MappedField[] => {
    const target = writable.get(to.toLowerCase())
    // Adobe's sample describe calls a sales person's e-mail not updateable, its own samples write it, and MSI needs it.
    const allowed = target !== undefined && (target.updateable || (object === 'User' && to === 'email'))
    return allowed && readable.has(from) && !taken.has(to.toLowerCase())
      ? [pairOf(from, target, 'default', readable)]
      : []
  })

  const parents = definition.parents.filter(
    (parent) => readable.has(parent.field) && (parent.required || writable.has(parent.target.toLowerCase())),
  )
  const fields = [...defaults, ...custom]
  const reads = new Set([
    'Id',
    ...fields.map((field) => field.from),
    ...parents.map((parent) => parent.field),
    ...definition.reads.filter((field) => readable.has(field)),
  ])
  return {
    object,
    active: setting?.active ?? true,
    filter: setting?.filter ?? null,
    fields,
    parents,
    reads: [...reads],
  }
}

function goodRows(
  rows: MappingRow[],
  definition: ObjectDefinition,
  readable: ReadonlyMap<string, SourceField>,
  writable: ReadonlyMap<string, MarketoField>,
  bad: BadRow[],
): MappedField[] {
  const targets = new Set<string>()
  return rows.flatMap((row) => {
    const target = writable.get(row.marketoField.toLowerCase())
    const reason = reasonAgainst(row, definition, readable, target, targets)
    if (reason !== undefined || target === undefined) {
      bad.push({ ...row, reason: reason ?? '' })
      return []
    }
    targets.add(target.name)
    return [pairOf(row.salesforceField, target, 'custom', readable)]
  })
}

function pairOf(
  from: string,
  to: TargetField,
  source: MappedField['source'],
  readable: ReadonlyMap<string, SourceField>,
): MappedField {
  const field = readable.get(from)
  // Salesforce shows this field only where the org has several currencies.
  const loss =
    field === undefined ? null : lossOf(field, to, { severalCurrencies: readable.has('CurrencyIsoCode') })
  return { from, to, source, loss }
}

function reasonAgainst(
  row: MappingRow,
  definition: ObjectDefinition,
  readable: ReadonlyMap<string, SourceField>,
  target: MarketoField | undefined,
  taken: Set<string>,
): string | undefined {
  if (!readable.has(row.salesforceField))
    return `Salesforce has no field ${row.object}.${row.salesforceField} that the integration user can read`
  if (target === undefined) return `Marketo has no field ${row.marketoField} on ${definition.marketo}`
  if (keysOf(definition).has(target.name.toLowerCase()))
    return `${row.marketoField} is a key that the bridge writes itself`
  if (!target.updateable) return `Marketo does not allow writing ${row.marketoField}`
  if (definition.marketo === 'Lead' && isCompanyField(target.name))
    return `${row.marketoField} belongs to the company and may not be written through a person`
  if (taken.has(target.name)) return `${row.marketoField} is the target of another row already`
  return undefined
}

/** What the bridge writes itself, in lower case. Persons have the keys of Lead and Contact both: a Lead has no company, whatever a row says. */
function keysOf({ key, object, marketo }: ObjectDefinition): Set<string> {
  const parents = Object.values(DEFINITIONS).flatMap((one) => (one.marketo === marketo ? one.parents : []))
  const keys = [key, 'id', 'marketoGUID', ...parents.map((parent) => parent.target)]
  if (object === 'OpportunityContactRole') keys.push('role')
  return new Set(keys.map((name) => name.toLowerCase()))
}
