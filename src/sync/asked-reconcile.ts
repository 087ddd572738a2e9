// The reconcile that an admin asked for, remembered until it has run: whoever is killed before that leaves it to the next leader.
import type { LeaderTransaction } from '../database/lease.ts'
import { readState, writeState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'

export interface AskedReconcile {
  /** By this command; a later one asks anew. */
  ask(command: number): Promise<void>
  /** The command that has not been answered yet. */
  pending(): Promise<number | undefined>
  answer(command: number): Promise<void>
}

const [ASKED, ANSWERED] = ['reconcile-asked', 'reconcile-answered']

export function createAskedReconcile(deps: { db: Db; leader: LeaderTransaction }): AskedReconcile {
  const { db, leader } = deps
  const commandIn = async (key: string): Promise<number> =>
    (await readState<{ command: number }>(db, key))?.command ?? 0
  const note = (key: string, command: number): Promise<void> =>
    leader((trx) => writeState(trx, key, { command }))

  return {
    ask: (command) => note(ASKED, command),
    answer: (command) => note(ANSWERED, command),
    async pending() {
      const asked = await commandIn(ASKED)
      return asked > (await commandIn(ANSWERED)) ? asked : undefined
    },
  }
}
