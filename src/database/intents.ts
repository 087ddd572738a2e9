// Writes that are out or may be out. Committed before the call; what has no outcome is looked up, never repeated blindly.
import { sql } from 'kysely'
import type { DbOrTrx } from './tables.ts'

export interface Intent {
  /** The Salesforce record. At most one write of a record is out at any time. */
  id: string
  object: string
  kind: 'upsert' | 'delete' | 'merge'
  /** Which call it went with. */
  call: string
  /** The mark's version that was taken. */
  version: number
  marketoId: string | null
  payload: object
}

export interface OpenIntent extends Intent {
  startedAt: Date
  ambiguous: boolean
}

export async function openIntents(db: DbOrTrx, intents: Intent[]): Promise<void> {
  if (intents.length === 0) return
  await sql`
    insert into intents (id, object, kind, call, version, marketo_id, payload, started_at)
    select id, object, kind, call, version, "marketoId", payload, now()
    from jsonb_to_recordset(${JSON.stringify(intents)}::jsonb)
      as i(id text, object text, kind text, call text, version bigint, "marketoId" text, payload jsonb)`.execute(
    db,
  )
}

/** The write has an outcome. */
export async function closeIntents(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from intents where id = any(${ids}::text[])`.execute(db)
}

/** The call ended without telling its outcome. */
export async function keepAmbiguous(db: DbOrTrx, call: string): Promise<void> {
  await db.updateTable('intents').set({ ambiguous: true }).where('call', '=', call).execute()
}

/** Everything without outcome, oldest first, with its age by the database's clock. */
export async function pendingIntents(db: DbOrTrx): Promise<(OpenIntent & { ageMs: number })[]> {
  const rows = await db
    .selectFrom('intents')
    .select([
      'id',
      'object',
      'kind',
      'call',
      'version',
      'marketo_id as marketoId',
      'payload',
      'started_at as startedAt',
      'ambiguous',
    ])
    .select(sql<number>`(extract(epoch from clock_timestamp() - started_at) * 1000)::float8`.as('ageMs'))
    .orderBy('started_at')
    .execute()
  return rows.map((row) => ({ ...row, kind: row.kind as Intent['kind'] }))
}
