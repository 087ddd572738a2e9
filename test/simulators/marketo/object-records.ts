// Finding and checking single records of the four objects that share one set of calls.
import { reason } from './answer.ts'
import type { Reason } from './answer.ts'
import { textOf } from './call.ts'
import type { World } from './call.ts'
import type { Fields, Scalar } from './fields.ts'
import type { ObjectDefinition } from './object-schemas.ts'
import { roleKey } from './store.ts'
import type { Row } from './table.ts'
import { isReason, takeValue } from './values.ts'

export type Renamed = Record<string, unknown>

/** The record under the fields' real names; unknown fields are refused (1006, marketo-rest §5). */
export function rename(
  record: Record<string, unknown>,
  { schema }: ObjectDefinition,
): { renamed: Renamed } | { refused: Reason } {
  const renamed: Renamed = {}
  for (const name of Object.keys(record)) {
    const real = schema.nameOf(name)
    if (real === undefined) return { refused: reason('1006', `Field '${name}' not found`) }
    renamed[real] = record[name]
  }
  return { renamed }
}

/** The first key field without a value (1002, marketo-rest §5). */
export function missingKey(record: Renamed, by: string, definition: ObjectDefinition): string | undefined {
  const names = by === 'idField' ? [definition.idField] : definition.dedupeFields
  return names.find((name) => record[name] === undefined || record[name] === null || record[name] === '')
}

/** The key as text, to compare and to log. */
export function keyOf(record: Renamed, by: string, { idField, dedupeFields }: ObjectDefinition): string {
  const names = by === 'idField' ? [idField] : dedupeFields
  return names.map((name) => textOf(record[name])).join('|')
}

export function findRow(
  record: Renamed,
  by: string,
  definition: ObjectDefinition,
  world: World,
): Row | undefined {
  const table = world.store.tableOf(definition.object)
  if (by === 'idField') {
    const id = record[definition.idField]
    return table.rows.get(definition.idField === 'id' ? Number(id) : textOf(id))
  }
  if (definition.object === 'roles') return table.find('key', roleKey(record as Fields))[0]
  const name = definition.dedupeFields[0]!
  return table.find(name, record[name] as Scalar)[0]
}

/** The values to write. Keys are set on create only (marketo-rest §3.1 to §3.4: not updateable). */
export function takeObjectFields(
  record: Renamed,
  definition: ObjectDefinition,
  isNew: boolean,
): { fields: Fields } | { refused: Reason } {
  const fields: Fields = {}
  for (const name of Object.keys(record)) {
    const field = definition.schema.fields.get(name)!
    const isKey = definition.dedupeFields.includes(name)
    if (name === definition.idField) continue
    // createdAt, updatedAt: read-only; the code is not documented.
    if (name === 'createdAt' || name === 'updatedAt')
      return { refused: reason('1003', `Invalid data: field '${name}' is read-only`) }
    const value = takeValue(field, record[name])
    if (isReason(value)) return { refused: value }
    if (!isKey || isNew) fields[name] = value
  }
  return { fields }
}

/** Parents that must exist (marketo-rest §3.4 for roles, order of §4 for the others; 1013, 1004 of §5). */
export function refuseParents(
  fields: Fields,
  definition: ObjectDefinition,
  { store }: World,
): Reason | undefined {
  if (definition.object === 'roles') {
    if (fields.leadId && !store.leads.rows.has(Number(fields.leadId)))
      return reason('1004', `Lead not found: ${textOf(fields.leadId)}`)
    const opportunity = fields.externalOpportunityId
    if (opportunity && !store.opportunities.has('externalOpportunityId', opportunity))
      return reason('1013', `Object not found: externalOpportunityId '${textOf(opportunity)}'`)
    return undefined
  }
  if (definition.object === 'salesPersons') return undefined
  const { externalSalesPersonId: owner, externalCompanyId: company } = fields
  if (owner && !store.salesPersons.has('externalSalesPersonId', owner))
    return reason('1013', `Object not found: externalSalesPersonId '${textOf(owner)}'`)
  if (definition.object === 'opportunities' && company && !store.companies.has('externalCompanyId', company))
    return reason('1013', `Object not found: externalCompanyId '${textOf(company)}'`)
  return undefined
}
