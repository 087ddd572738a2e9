// Does what admins asked for, oldest first. A command stays in the database until it is done: a kill or a Salesforce that does not answer
// loses none.
import type { LeaderTransaction } from './database/lease.ts'
import {
  clearProblem,
  dropCommand,
  raiseProblem,
  readCommands,
  type Command,
  type SentCommand,
} from './database/state.ts'
import type { Db } from './database/tables.ts'
import { BridgeError, reasonOf } from './errors.ts'
import { isTermOver } from './loop.ts'
import type { Log } from './log.ts'

/** What failed is not tried again sooner. */
const AGAIN_MS = 5_000

export function createObey(deps: {
  db: Db
  leader: LeaderTransaction
  log: Log
  now: () => number
  act: (command: SentCommand) => Promise<void>
}): () => Promise<void> {
  const { db, leader, log, now, act } = deps
  const notBefore = new Map<number, number>()
  const failing = new Set<Command['name']>()

  async function attempt(command: SentCommand): Promise<boolean> {
    const { id, name } = command
    try {
      await act(command)
      notBefore.delete(id)
      if (failing.delete(name)) await leader((trx) => clearProblem(trx, 'sync', `command:${name}`))
      return true
    } catch (error) {
      if (isTermOver(error)) throw error
      log.warn({ command: name, reason: reasonOf(error) }, `the command ${name} failed`)
      // Whoever asked for it waited, and was told.
      if (name === 'reload-mapping') return true
      notBefore.set(id, now() + AGAIN_MS)
      failing.add(name)
      const advice = error instanceof BridgeError ? error.advice : 'It is tried again by itself; see the log.'
      const reason = `What an admin asked for (${name}) could not be done yet: ${reasonOf(error)}`
      await leader((trx) => raiseProblem(trx, { system: 'sync', code: `command:${name}`, reason, advice }))
      return false
    }
  }

  return async () => {
    for (const command of await readCommands(db)) {
      if (now() < (notBefore.get(command.id) ?? 0)) continue
      if (await attempt(command)) await leader((trx) => dropCommand(trx, command.id))
    }
  }
}
