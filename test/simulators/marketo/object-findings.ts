// What must never be in a sync call of the four objects (design §9), and the keys that such a call writes.
import { isObject, textOf } from './call.ts'
import type { World } from './call.ts'
import { missingParent, parentFindings } from './lead-findings.ts'
import { findRow, keyOf } from './object-records.ts'
import type { ObjectDefinition } from './object-schemas.ts'

export function objectClaims(
  records: readonly unknown[],
  by: string,
  definition: ObjectDefinition,
  world: World,
): string[] {
  return records.filter(isObject).map((record) => {
    // The dedupe key where the row is known, so that one row named in two ways is noticed.
    const row = by === 'idField' ? findRow(record, by, definition, world) : undefined
    const key = row ? keyOf(row.fields, 'dedupeFields', definition) : keyOf(record, by, definition)
    return `${definition.name} ${key}`
  })
}

export function objectFindings(
  records: readonly unknown[],
  definition: ObjectDefinition,
  world: World,
): string[] {
  return records.filter(isObject).flatMap((record) => {
    const who = `${definition.name} ${keyOf(record, 'dedupeFields', definition)}`
    const owner = { externalSalesPersonId: record.externalSalesPersonId }
    if (definition.object === 'companies') return parentFindings(who, owner, world)
    if (definition.object === 'opportunities') return parentFindings(who, record, world)
    return definition.object === 'roles' ? roleFindings(who, record, world) : []
  })
}

function roleFindings(who: string, record: Record<string, unknown>, world: World): string[] {
  const { leadId } = record
  const opportunity = missingParent('opportunities', 'externalOpportunityId', record, world)
  const isLost =
    leadId !== undefined &&
    !world.store.leads.rows.has(Number(leadId)) &&
    !world.isExcused('leads', textOf(leadId))
  return [
    ...(opportunity ? [`${who} comes before its opportunity`] : []),
    ...(isLost ? [`${who} comes before its lead`] : []),
  ]
}
