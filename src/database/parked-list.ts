// Refused records as the console lists them: filtered by words too, and grouped by reason.
import { sql } from 'kysely'
import type { ParkedRecord } from './parked.ts'
import type { Db } from './tables.ts'

export interface ListFilter {
  object?: string | undefined
  code?: string | undefined
  /** As groups have it: one reason in the same words. */
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
  reason: string
  advice: string
  records: number
}

export async function pageOfParked(
  db: Db,
  filter: ListFilter,
  page: { after?: Place | undefined; limit: number },
): Promise<ParkedRecord[]> {
  let query = matching(db, filter)
  if (page.after) query = query.where(sql<boolean>`(object, id) > (${page.after.object}, ${page.after.id})`)
  return query
    .select([
      'id',
      'object',
      'code',
      'reason',
      'advice',
      'attempts',
      'first_seen_at as firstSeenAt',
      'last_seen_at as lastSeenAt',
    ])
    .orderBy('object')
    .orderBy('id')
    .limit(page.limit)
    .execute()
}

/** Largest first. */
export async function groupsOfParked(db: Db, filter: ListFilter, limit: number): Promise<Group[]> {
  return matching(db, filter)
    .select([
      'object',
      'code',
      'reason',
      sql<string>`md5(reason)`.as('group'),
      sql<string>`min(advice)`.as('advice'),
      sql<number>`count(*)`.as('records'),
    ])
    .groupBy(['object', 'code', 'reason'])
    .orderBy(sql`count(*)`, 'desc')
    .orderBy('object')
    .orderBy('reason')
    .limit(limit)
    .execute()
}

export async function idsOfParked(db: Db, filter: ListFilter): Promise<string[]> {
  const rows = await matching(db, filter).select('id').execute()
  return rows.map(({ id }) => id)
}

function matching(db: Db, { object, code, group, text, id }: ListFilter) {
  let query = db.selectFrom('parked')
  if (object !== undefined) query = query.where('object', '=', object)
  if (code !== undefined) query = query.where('code', '=', code)
  if (group !== undefined) query = query.where(sql<boolean>`md5(reason) = ${group}`)
  if (id !== undefined) query = query.where('id', '=', id)
  if (text !== undefined)
    query = query.where(
      sql<boolean>`position(lower(${text}) in lower(concat_ws(' ', id, code, reason, advice))) > 0`,
    )
  return query
}
