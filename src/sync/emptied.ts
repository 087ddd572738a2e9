// Objects that a changed filter empties: it lets none of their records through, though Marketo has some. Most often that is a slip, valid
// SOQL all the same, and too few records for the brake's count. Nothing of them is removed until an admin confirms or the filter is another.
import { countLedger } from '../database/ledger.ts'
import { lockState } from '../database/pending-commands.ts'
import { readState, writeState } from '../database/state.ts'
import type { DbOrTrx, Trx } from '../database/tables.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import type { Mapping } from './mapping.ts'

/** With the filter. */
export type Emptied = Partial<Record<ObjectName, string>>

const KEY = 'emptied'

/** Pure: an object that a filter of before has emptied by and by is no surprise. */
export function emptiedBy(
  former: Emptied,
  before: Mapping | undefined,
  after: Mapping,
  inMarketo: Readonly<Record<string, number>>,
): Emptied {
  if (before === undefined) return former
  const emptied: Emptied = {}
  for (const object of OBJECTS) {
    const { active, filter } = after.objects[object]
    // Nobody has tried a filter that stays because another one was refused.
    const isUntried = active && after.untried.includes(object)
    if (filter === null || (!isUntried && !after.passesNothing.includes(object))) continue
    const was = before.objects[object]
    const isNew = (was.filter !== filter || !was.active) && (inMarketo[object] ?? 0) > 0
    if (isNew || former[object] === filter) emptied[object] = filter
  }
  return emptied
}

/** In the transaction that publishes the mapping: nobody works by it before. */
export async function noteEmptied(trx: Trx, before: Mapping | undefined, after: Mapping): Promise<void> {
  const former = (await lockState<Emptied>(trx, KEY)) ?? {}
  const inMarketo = after.passesNothing.length === 0 ? {} : await countLedger(trx)
  await writeState(trx, KEY, emptiedBy(former, before, after, inMarketo))
}

export const readEmptied = async (db: DbOrTrx): Promise<Emptied> => (await readState<Emptied>(db, KEY)) ?? {}

/** An admin wants it so, of these. */
export async function forgetEmptied(trx: Trx, objects: ReadonlySet<string>): Promise<void> {
  const emptied = Object.entries((await lockState<Emptied>(trx, KEY)) ?? {})
  await writeState(trx, KEY, Object.fromEntries(emptied.filter(([object]) => !objects.has(object))))
}
