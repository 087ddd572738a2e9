// Commands that were sent and that the leader has not obeyed yet, for those of which one at a time makes sense.
import { sql } from 'kysely'
import { readState } from './state.ts'
import type { Trx } from './tables.ts'

/** A row of the state table, locked until the transaction ends; made if need be. */
export async function lockState<T extends object>(trx: Trx, key: string): Promise<T | undefined> {
  await sql`
    insert into state (key, value, updated_at) values (${key}, '{}'::jsonb, now())
    on conflict (key) do update set updated_at = now()`.execute(trx)
  return readState<T>(trx, key)
}

/** Whether a command of this name waits to be taken. */
export async function waitsForLeader(trx: Trx, name: string): Promise<boolean> {
  const row = await trx.selectFrom('commands').select('id').where('name', '=', name).executeTakeFirst()
  return row !== undefined
}
