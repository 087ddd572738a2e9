// A page of what changed since a cursor, oldest first, from the store: also while Marketo is down.
import { highestNumber, insightsBetween, type NumberedInsight } from '../database/insights.ts'
import { readRefreshProgress } from '../database/refresh-progress.ts'
import { databaseId } from '../database/state.ts'
import type { Db } from '../database/tables.ts'
import { decodeCursor, encodeCursor, type Cursor } from './cursor.ts'

export interface Page {
  records: NumberedInsight[]
  cursor: string
  hasMore: boolean
  /** When the values were last refreshed; null before the first time. */
  refreshedAt: string | null
}

/** A cursor that can't be walked on from, in words for whoever sent it. */
export interface BadCursor {
  reason: string
}

export async function readSince(db: Db, cursor: string | null, limit: number): Promise<Page | BadCursor> {
  // Read first: the values must be at least as new as the time that is told.
  const { lastRefreshAt } = await readRefreshProgress(db)
  const [database, now] = await Promise.all([databaseId(db), highestNumber(db)])
  const from = startOf(cursor, database, now)
  if ('reason' in from) return from
  const { position, highest } = from
  // One more than asked for tells whether there is more.
  const found = await insightsBetween(db, position, highest, limit + 1)
  const records = found.slice(0, limit)
  const hasMore = found.length > limit
  const end = hasMore ? records.at(-1)!.number : highest
  return {
    records,
    cursor: encodeCursor({ database, position: end, highest }),
    hasMore,
    refreshedAt: lastRefreshAt,
  }
}

function startOf(text: string | null, database: string, now: number): Cursor | BadCursor {
  if (text === null) return { database, position: 0, highest: now }
  const cursor = decodeCursor(text)
  if (cursor === undefined) return { reason: 'cursor is none of this service; null starts over' }
  if (cursor.database !== database) return { reason: 'cursor is from another database; null starts over' }
  if (cursor.highest > now)
    return { reason: 'cursor is from the future (the database was restored?); null starts over' }
  // At the end of a walk the next one begins.
  return cursor.position === cursor.highest ? { ...cursor, highest: now } : cursor
}
