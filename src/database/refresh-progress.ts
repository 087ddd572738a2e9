// What the refresh of Sales Insight values remembers over kills: where it is, and which persons are still to be read. Two loops
// write it, so each writes only its own parts.
import { sql } from 'kysely'
import { toJson } from './json.ts'
import { readState } from './state.ts'
import type { DbOrTrx } from './tables.ts'

const PROGRESS = 'insights'
const WANTED = 'insights-wanted'

export interface Sweep {
  /** Everybody up to this id has been read. */
  position: string
  startedAt: string
  /** Persons that we created since then are left out: nothing can have been computed for them. */
  createdSince: string | null
  total: number
  done: number
  /** Not spread over the period: somebody waits for it. */
  hurried: boolean
}

export interface RefreshProgress {
  /** ISO times. The values are at least as new as the last refresh, as far as activities tell of changes. */
  lastRefreshAt: string | null
  lastSweepAt: string | null
  /** Marketo's paging token: all activities before it have been looked at. */
  token: string | null
  /** Pages since activities were last read to their end. */
  pages: number
  /** Marketo ids that activities told of and the ledger doesn't know, with the time (ms): perhaps their confirmation is under way. */
  unknown: [id: string, seenAt: number][]
  sweep: Sweep | null
  lastSweepStartedAt: string | null
  /** Activities were lost: everybody is to be read as soon as possible. */
  sweepAsked: boolean
}

const START: RefreshProgress = {
  lastRefreshAt: null,
  lastSweepAt: null,
  token: null,
  pages: 0,
  unknown: [],
  sweep: null,
  lastSweepStartedAt: null,
  sweepAsked: false,
}

export async function readRefreshProgress(db: DbOrTrx): Promise<RefreshProgress> {
  return { ...START, ...(await readState<Partial<RefreshProgress>>(db, PROGRESS)) }
}

/** Changes the given parts only. */
export async function noteRefreshProgress(db: DbOrTrx, parts: Partial<RefreshProgress>): Promise<void> {
  await sql`
    insert into state (key, value, updated_at) values (${PROGRESS}, ${toJson(parts)}::jsonb, now())
    on conflict (key) do update set value = state.value || excluded.value, updated_at = now()`.execute(db)
}

/** Above this a sweep is cheaper to remember than a list. */
const MOST_WANTED = 10_000

/** These persons (Marketo ids) are to be read soon: something happened to them that no activity tells. Kept until they are read. */
export async function wantInsights(db: DbOrTrx, marketoIds: string[]): Promise<void> {
  if (marketoIds.length === 0) return
  const ids = toJson(marketoIds)
  await sql`
    insert into state (key, value, updated_at) values (${WANTED}, jsonb_build_object('ids', ${ids}::jsonb, 'tooMany', false), now())
    on conflict (key) do update set updated_at = now(), value = case
      when jsonb_array_length(state.value -> 'ids') + jsonb_array_length(excluded.value -> 'ids') > ${MOST_WANTED}::int
        then state.value || '{"tooMany": true}'
      else jsonb_set(state.value, '{ids}', (state.value -> 'ids') || (excluded.value -> 'ids')) end`.execute(
    db,
  )
}

export interface WantedInsights {
  /** Marketo ids, oldest want first, perhaps repeated. */
  ids: string[]
  /** Some were not kept. */
  tooMany: boolean
}

export async function wantedInsights(db: DbOrTrx): Promise<WantedInsights> {
  return (await readState<WantedInsights>(db, WANTED)) ?? { ids: [], tooMany: false }
}

/** The first so many have been read. Wants are added at the end, so one that came meanwhile stays. */
export async function dropWanted(db: DbOrTrx, count: number): Promise<void> {
  if (count === 0) return
  await sql`
    update state set value = jsonb_set(value, '{ids}', (
      select coalesce(jsonb_agg(id order by place), '[]') from jsonb_array_elements(value -> 'ids') with ordinality as wanted(id, place)
      where place > ${count}::int))
    where key = ${WANTED}`.execute(db)
}

/** The sweep that stands for the wants that were not kept has been asked for. */
export async function forgetTooMany(db: DbOrTrx): Promise<void> {
  await sql`update state set value = value || '{"tooMany": false}' where key = ${WANTED}`.execute(db)
}
