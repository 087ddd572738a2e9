// When each object was last counted, as it is stored. A census that can't count one object, or is killed, is tried again within seconds, by
// whatever leader: what it has counted twice then was missed by one census all the same (rule 15).
import { readState, writeState } from '../database/state.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { ObjectName } from '../salesforce/ids.ts'

export interface Count {
  /** When it was begun. */
  at: number
  /** How many records were not shown. */
  unreadable: number
}

export type Counted = Partial<Record<ObjectName, Count>>

const KEY = 'census-counted'

export const readCounted = async (db: DbOrTrx): Promise<Counted> => (await readState<Counted>(db, KEY)) ?? {}

export const writeCounted = (trx: DbOrTrx, counted: Counted): Promise<void> => writeState(trx, KEY, counted)

/** Pure: whether who counts an object at this time repeats the former count of it, which no census that came to its end has had part in.
 *  Where none ever does, a day makes another one. */
export function isRepeated(
  former: Count | undefined,
  at: number,
  { lastEnd, everyMs }: { lastEnd: number; everyMs: number },
): boolean {
  return former !== undefined && former.at > lastEnd && at - former.at < everyMs
}
