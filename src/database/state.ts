// Small facts that must survive, and what the leader tells the other processes: its report, problems, commands.
import { sql } from 'kysely'
import { toJson, toText } from './json.ts'
import type { DbOrTrx } from './tables.ts'

export async function readState<T extends object>(db: DbOrTrx, key: string): Promise<T | undefined> {
  const row = await db.selectFrom('state').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value as T | undefined
}

export async function writeState(db: DbOrTrx, key: string, value: object): Promise<void> {
  const json = toJson(value)
  await db
    .insertInto('state')
    .values({ key, value: json, updated_at: sql<Date>`now()` })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ value: json, updated_at: sql<Date>`now()` }),
    )
    .execute()
}

export async function clearState(db: DbOrTrx, key: string): Promise<void> {
  await db.deleteFrom('state').where('key', '=', key).execute()
}

/** Made with the schema; a cursor of another database is told by it. */
export async function databaseId(db: DbOrTrx): Promise<string> {
  const state = await readState<{ id: string }>(db, 'database')
  return state?.id ?? ''
}

export interface Problem {
  system:
    'salesforce' | 'marketo' | 'database' | 'stream' | 'mapping' | 'removals' | 'insights' | 'sync' | 'alerts'
  code: string
  reason: string
  advice: string
}

/** Raises a problem, or refreshes its words; `since` stays. */
export async function raiseProblem(db: DbOrTrx, problem: Problem): Promise<void> {
  const [reason, advice] = [toText(problem.reason), toText(problem.advice)]
  await db
    .insertInto('problems')
    .values({ ...problem, reason, advice, since: sql<Date>`now()` })
    .onConflict((conflict) => conflict.columns(['system', 'code']).doUpdateSet({ reason, advice }))
    .execute()
}

/** The problem is over; without a code all of that system are. */
export async function clearProblem(db: DbOrTrx, system: Problem['system'], code?: string): Promise<void> {
  let query = db.deleteFrom('problems').where('system', '=', system)
  if (code !== undefined) query = query.where('code', '=', code)
  await query.execute()
}

/** A new leader finds out for itself what is wrong; the codes that stay are those that it would find late. */
export async function clearProblems(db: DbOrTrx, stay: string[]): Promise<void> {
  await db
    .deleteFrom('problems')
    .where('code', '<>', sql<string>`all(${stay}::text[])`)
    .execute()
}

export async function listProblems(db: DbOrTrx): Promise<(Problem & { since: Date })[]> {
  const rows = await db.selectFrom('problems').selectAll().orderBy('since').execute()
  return rows.map((row) => ({ ...row, system: row.system as Problem['system'] }))
}

/** Commands by name; a command to any process reaches the leader through this table. */
export interface Command {
  name:
    'backfill' | 'backfill-pause' | 'backfill-resume' | 'reconcile' | 'reload-mapping' | 'confirm-removals'
  arguments: object
}

export async function sendCommand(db: DbOrTrx, command: Command): Promise<number> {
  const row = await db
    .insertInto('commands')
    .values({ name: command.name, arguments: toJson(command.arguments) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export type SentCommand = Command & { id: number }

/** Oldest first. */
export async function readCommands(db: DbOrTrx): Promise<SentCommand[]> {
  const rows = await db.selectFrom('commands').select(['id', 'name', 'arguments']).orderBy('id').execute()
  return rows.map((row) => ({ id: row.id, name: row.name as Command['name'], arguments: row.arguments }))
}

/** It is done. */
export async function dropCommand(db: DbOrTrx, id: number): Promise<void> {
  await db.deleteFrom('commands').where('id', '=', id).execute()
}
