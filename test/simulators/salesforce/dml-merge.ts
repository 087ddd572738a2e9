// merge: one delete for the losers, one update for the winner; children of the losers are re-parented
// without any trigger (salesforce §4).

import { announce, DELETED_WITH, findLiving, isDeleted, rewrite } from './dml-context.ts'
import type { DmlContext, DmlOptions } from './dml-context.ts'
import { DmlError } from './dml-error.ts'
import { updateRows, type Fields } from './dml-save.ts'
import type { ObjectType } from './schema.ts'

/** A merge call takes at most three records: a master and two losers. */
const MOST_LOSERS = 2

const CHILDREN: Record<string, Array<[object: string, field: string]>> = {
  Account: [
    ['Contact', 'AccountId'],
    ['Opportunity', 'AccountId'],
    ['Account', 'ParentId'],
  ],
  Contact: [
    ['OpportunityContactRole', 'ContactId'],
    ['Contact', 'ReportsToId'],
  ],
  Lead: [],
}

export function mergeRows(
  context: DmlContext,
  type: ObjectType,
  masterId: string,
  loserIds: readonly string[],
  masterFields: Fields,
  options: DmlOptions,
): void {
  if (!type.mergeable) {
    throw new DmlError('INVALID_TYPE_FOR_OPERATION', `entity type ${type.name} can't be merged`)
  }
  if (loserIds.length === 0 || loserIds.length > MOST_LOSERS) {
    throw new DmlError('INVALID_FIELD', `a merge takes one or two losers, not ${loserIds.length}`)
  }
  const master = findLiving(context, type, masterId)
  const losers = loserIds.map((id) => findLiving(context, type, id))
  if (losers.some((loser) => loser.Id === master.Id)) {
    throw new DmlError('INVALID_FIELD', 'the master record can not be merged into itself')
  }

  for (const loser of losers) {
    for (const [object, field] of CHILDREN[type.name] ?? []) {
      const childType = context.schema.require(object)
      for (const child of context.unit.pointingTo(object, field, loser.Id)) {
        if (!isDeleted(child)) rewrite(context, childType, child, { [field]: master.Id }, options)
      }
    }
    // MasterRecordId is seen in `after delete` and stays in the recycle bin: queryAll shows it.
    const gone = { IsDeleted: true, MasterRecordId: master.Id, [DELETED_WITH]: loser.Id }
    rewrite(context, type, loser, gone, options)
  }

  // Order: after delete (the publisher says MERGE, never DELETE), then the master's update triggers.
  announce(
    context,
    type,
    'MERGE',
    losers.map((loser) => loser.Id),
    options,
    losers.map(() => master.Id),
  )
  updateRows(context, type, [{ id: master.Id, fields: masterFields }], options)
}
