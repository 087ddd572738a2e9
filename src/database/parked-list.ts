// Refused records as they are listed: by pages, filtered by words too, and grouped by reason.
import { sql } from 'kysely'
import { PARKED_COLUMNS, type ParkedRecord } from './parked.ts'
import type { DbOrTrx } from './tables.ts'

export interface ListFilter {
  object?: string | undefined
  code?: string | undefined
  /** As groups have it: one reason, whatever record it quotes. */
  group?: string | undefined
  /** Anywhere in id, code, reason or advice, whatever the case. */
  text?: string | undefined
  id?: string | undefined
}

export interface Place {
  object: string
  id: string
}

export interface Group {
  object: string
  code: string
  /** Short, and safe from what forms do to line breaks and blanks. */
  group: string
  /** Where the records' reasons differ in what they quote, with … in its place. */
  reason: string
  advice: string
  records: number
}

/** Ordered by object and id, after `after` (exclusive). */
export async function pageOfParked(
  db: DbOrTrx,
  filter: ListFilter,
  page: { after?: Place | undefined; limit: number },
): Promise<ParkedRecord[]> {
  let query = matching(db, filter)
  if (page.after) query = query.where(sql<boolean>`(object, id) > (${page.after.object}, ${page.after.id})`)
  return query.select(PARKED_COLUMNS).orderBy('object').orderBy('id').limit(page.limit).execute()
}

/** Marketo's words quote the value, the e-mail or the id at fault: without them 412 records with one reason would be 412 groups. */
const QUOTED = String.raw`(?<!\w)'[^']*'(?!\w)|"[^"]*"|[^\s@:('"]+@[^\s@)'"]+|\m\w{15}(\w{3})?\M|\d{5,}`
/** Not as a parameter: PostgreSQL would not see that it groups by what it selects. */
const KIND_OF_REASON = sql<string>`regexp_replace(reason, ${sql.lit(QUOTED)}, '…', 'g')`

/** Largest first. */
export async function groupsOfParked(db: DbOrTrx, filter: ListFilter, limit: number): Promise<Group[]> {
  return matching(db, filter)
    .select([
      'object',
      'code',
      sql<string>`md5(${KIND_OF_REASON})`.as('group'),
      sql<string>`case when count(distinct reason) = 1 then min(reason) else min(${KIND_OF_REASON}) end`.as(
        'reason',
      ),
      sql<string>`min(advice)`.as('advice'),
      sql<number>`count(*)`.as('records'),
    ])
    .groupBy(['object', 'code', KIND_OF_REASON])
    .orderBy(sql`count(*)`, 'desc')
    .orderBy('object')
    .orderBy('reason')
    .limit(limit)
    .execute()
}

export async function idsOfParked(db: DbOrTrx, filter: ListFilter): Promise<string[]> {
  const rows = await matching(db, filter).select('id').execute()
  return rows.map(({ id }) => id)
}

function matching(db: DbOrTrx, { object, code, group, text, id }: ListFilter) {
  let query = db.selectFrom('parked')
  if (object !== undefined) query = query.where('object', '=', object)
  if (code !== undefined) query = query.where('code', '=', code)
  if (group !== undefined) query = query.where(sql<boolean>`md5(${KIND_OF_REASON}) = ${group}`)
  if (id !== undefined) query = query.where('id', '=', id)
  if (text !== undefined)
    query = query.where(
      sql<boolean>`position(lower(${text}) in lower(concat_ws(' ', id, code, reason, advice))) > 0`,
    )
  return query
}
