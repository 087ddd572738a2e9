// What was sent of each record and what came of it, kept 30 days. Names of fields only.
import { sql } from 'kysely'
import { toJson } from './json.ts'
import type { Db, DbOrTrx } from './tables.ts'

export interface Happening {
  object: string
  id: string
  outcome: 'sent' | 'refused'
  code: string | null
  reason: string | null
  fields: string[]
}

const KEPT_DAYS = 30

export async function noteHistory(db: DbOrTrx, happenings: Happening[]): Promise<void> {
  if (happenings.length === 0) return
  await sql`
    insert into history (at, object, id, outcome, code, reason, fields)
    select now(), object, id, outcome, code, reason, array(select jsonb_array_elements_text(fields))
    from jsonb_to_recordset(${toJson(happenings)}::jsonb) as h(object text, id text, outcome text, code text, reason text, fields jsonb)`.execute(
    db,
  )
}

/** Newest first. */
export async function listHistory(db: Db, id: string, limit: number): Promise<(Happening & { at: Date })[]> {
  return db
    .selectFrom('history')
    .select(['at', 'object', 'id', 'outcome', 'code', 'reason', 'fields'])
    .where('id', '=', id)
    .orderBy('number', 'desc')
    .limit(limit)
    .execute()
}

/** For records that were removed: nothing of them is kept. */
export async function forgetHistory(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from history where id = any(${ids}::text[])`.execute(db)
}

export async function forgetOldHistory(db: Db): Promise<void> {
  await sql`delete from history where at < now() - make_interval(days => ${KEPT_DAYS})`.execute(db)
}
