// delete, undelete, hard delete. Deleting takes dependants along and fires no triggers for them: "Records
// that did not initiate a delete don't cause trigger evaluation" (salesforce §4).

import { announce, DELETED_WITH, findAny, findLiving, isDeleted, rewrite } from './dml-context.ts'
import type { DmlContext, DmlOptions } from './dml-context.ts'
import { DmlError } from './dml-error.ts'
import type { ObjectType } from './schema.ts'
import type { Row } from './table.ts'

/** Who goes with whom: an account with its contacts and opportunities, those with their contact roles. */
const DEPENDANTS: Record<string, Array<[object: string, field: string]>> = {
  Account: [
    ['Contact', 'AccountId'],
    ['Opportunity', 'AccountId'],
  ],
  Contact: [['OpportunityContactRole', 'ContactId']],
  Opportunity: [['OpportunityContactRole', 'OpportunityId']],
}

export function deleteRows(
  context: DmlContext,
  type: ObjectType,
  ids: readonly string[],
  options: DmlOptions,
): void {
  // Salesforce §4: users can't be deleted, only deactivated.
  if (!type.deletable) {
    throw new DmlError('INVALID_TYPE_FOR_OPERATION', `entity type ${type.name} can't be deleted`)
  }
  const deleted = ids.map((id) => {
    const row = findLiving(context, type, id)
    context.guard('delete', type.name, row.Id)
    sweep(context, type, row, row.Id, options)
    return row.Id
  })
  announce(context, type, 'DELETE', deleted, options)
}

function sweep(context: DmlContext, type: ObjectType, row: Row, top: string, options: DmlOptions): void {
  rewrite(context, type, row, { IsDeleted: true, [DELETED_WITH]: top }, options)
  for (const [object, dependant] of dependants(context, type, row)) {
    if (!isDeleted(dependant)) sweep(context, object, dependant, top, options)
  }
}

function dependants(context: DmlContext, type: ObjectType, row: Row): Array<[ObjectType, Row]> {
  return (DEPENDANTS[type.name] ?? []).flatMap(([object, field]) =>
    context.unit
      .pointingTo(object, field, row.Id)
      .map((dependant): [ObjectType, Row] => [context.schema.require(object), dependant]),
  )
}

export function undeleteRows(
  context: DmlContext,
  type: ObjectType,
  ids: readonly string[],
  options: DmlOptions,
): void {
  // Salesforce §4: the supported calls of OpportunityContactRole have no undelete(); User neither.
  if (!type.undeletable) throw new DmlError('UNDELETE_FAILED', `entity type ${type.name} can't be undeleted`)
  const restored = ids.map((id) => {
    const row = findAny(context, type, id)
    if (!isDeleted(row) || (row[DELETED_WITH] ?? row.Id) !== row.Id) {
      throw new DmlError('UNDELETE_FAILED', `Undelete failed: entity is not in the recycle bin: ${row.Id}`)
    }
    restore(context, type, row, row.Id, options)
    return row.Id
  })
  // Only on the top-level record (salesforce §4).
  announce(context, type, 'UNDELETE', restored, options)
}

function restore(context: DmlContext, type: ObjectType, row: Row, top: string, options: DmlOptions): void {
  const cleared = { IsDeleted: false, MasterRecordId: undefined, [DELETED_WITH]: undefined }
  rewrite(context, type, row, cleared, options)
  context.rememberRestored(row.Id)
  for (const [object, dependant] of dependants(context, type, row)) {
    if (isDeleted(dependant) && dependant[DELETED_WITH] === top) {
      restore(context, object, dependant, top, options)
    }
  }
}

/** Out of the recycle bin too: queryAll no longer shows it. No trigger knows of it. */
export function eraseRow(context: DmlContext, type: ObjectType, id: string): void {
  const row = findAny(context, type, id)
  for (const [object, dependant] of dependants(context, type, row)) eraseRow(context, object, dependant.Id)
  context.rememberFormer(type.name, row)
  context.unit.erase(type.name, row.Id)
  context.rememberErased(type.name, row.Id)
}
