// The reconcile that is owed, for one reason, until one that began after the note has succeeded: whoever is killed before that leaves it
// to the next leader.
import type { LeaderTransaction } from '../database/lease.ts'
import { readState, writeState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'

export interface OwedReconcile {
  /** The same note again owes no other one. */
  note(note: string): Promise<void>
  /** The last note, while it has no answer. What is to answer it must not have begun before this was asked. */
  pending(): Promise<string | undefined>
  /** A note that came after this one stays. */
  answer(note: string): Promise<void>
}

/** An admin asked for it; events of the stream may be missing. */
export type Reason = 'asked' | 'gap'

export function createOwedReconcile(deps: {
  db: Db
  leader: LeaderTransaction
  reason: Reason
}): OwedReconcile {
  const { db, leader, reason } = deps
  const [NOTED, ANSWERED] = [`reconcile-noted:${reason}`, `reconcile-answered:${reason}`]
  const noteIn = async (key: string): Promise<string | undefined> =>
    (await readState<{ note: string }>(db, key))?.note
  const write = (key: string, note: string): Promise<void> => leader((trx) => writeState(trx, key, { note }))

  return {
    note: (note) => write(NOTED, note),
    answer: (note) => write(ANSWERED, note),
    async pending() {
      const noted = await noteIn(NOTED)
      return noted === (await noteIn(ANSWERED)) ? undefined : noted
    },
  }
}
