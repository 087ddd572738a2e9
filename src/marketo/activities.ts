// Marketo's activity log: types by name (their ids differ between instances), a token for a time, pages from a token.
import { z } from 'zod'
import type { ReadTurn } from './calls.ts'
import type { MarketoClient } from './client.ts'
import { failed, type Failed } from './outcome.ts'
import { parseMarketoTime } from './marketo-time.ts'
import { readPages } from './pages.ts'

export const ACTIVITY_TYPES = {
  interestingMoment: 'Interesting Moment',
  changeScore: 'Change Score',
  mergeLeads: 'Merge Leads',
} as const

export type ActivityType = keyof typeof ACTIVITY_TYPES

export interface Activity {
  /** Unique; `id` is being withdrawn by Marketo. */
  guid: string
  typeId: number
  leadId: number
  at: Date | undefined
  attributes: Record<string, unknown>
}

const type = z.object({ id: z.coerce.number().int(), name: z.string() })

/** The ids of these types; one that the instance doesn't have is absent. */
export async function activityTypes(
  client: MarketoClient,
  turn: ReadTurn,
): Promise<{ ok: true; types: Partial<Record<ActivityType, number>> } | Failed> {
  const found = await readPages(client, (nextPageToken) =>
    read('activities/types.json', { nextPageToken }, turn),
  )
  if (!found.ok) return found
  const byName = new Map(
    found.records.flatMap((record) => {
      const { data } = type.safeParse(record)
      return data ? [[data.name.trim().toLowerCase(), data.id] as const] : []
    }),
  )
  const types: Partial<Record<ActivityType, number>> = {}
  for (const [key, name] of Object.entries(ACTIVITY_TYPES) as [ActivityType, string][]) {
    const id = byName.get(name.toLowerCase())
    if (id !== undefined) types[key] = id
  }
  return { ok: true, types }
}

/** A token for the activities since then. Marketo resolves seconds: what is from the same second comes again. */
export async function pagingToken(
  client: MarketoClient,
  turn: ReadTurn & { since: Date },
): Promise<{ ok: true; token: string } | Failed> {
  const sinceDatetime = `${turn.since.toISOString().slice(0, 19)}Z`
  const call = read('activities/pagingtoken.json', { sinceDatetime }, turn)
  // Its time-out in Marketo is 300 s (help/rest-api/activities.md); a token that takes longer than this is asked for anew.
  const outcome = await client.request({ ...call, timeoutMs: 305_000 })
  if (!outcome.ok) return outcome
  if (outcome.nextPageToken === undefined)
    return failed('body', 'not-marketo', 'the answer holds no paging token', true)
  return { ok: true, token: outcome.nextPageToken }
}

/** Marketo ids of the persons that a "Merge Leads" merged away. */
export const losersOf = ({ attributes }: Activity): string[] =>
  JSON.stringify(attributes['Merge IDs'] ?? '').match(/\d+/g) ?? []

export interface ActivityPage {
  ok: true
  activities: Activity[]
  nextPageToken: string
  /** Also with a short or an empty page. */
  moreResult: boolean
}

const activity = z
  .object({
    marketoGUID: z.string().optional(),
    id: z.union([z.string(), z.number()]).optional(),
    leadId: z.coerce.number().int(),
    activityTypeId: z.coerce.number().int(),
    activityDate: z.string().optional(),
    attributes: z
      .array(z.object({ name: z.string(), value: z.unknown().optional() }))
      .nullish()
      .catch(null),
  })
  .transform((raw): Activity => ({
    guid: raw.marketoGUID ?? String(raw.id ?? ''),
    typeId: raw.activityTypeId,
    leadId: raw.leadId,
    at: raw.activityDate === undefined ? undefined : parseMarketoTime(raw.activityDate),
    attributes: Object.fromEntries((raw.attributes ?? []).map(({ name, value }) => [name, value])),
  }))

export async function activityPage(
  client: MarketoClient,
  turn: ReadTurn & { typeIds: readonly number[]; token: string },
): Promise<ActivityPage | Failed> {
  const { typeIds, token } = turn
  const outcome = await client.request(
    read('activities.json', { activityTypeIds: typeIds, nextPageToken: token }, turn),
  )
  if (!outcome.ok) return outcome
  return {
    ok: true,
    activities: outcome.result.flatMap((raw) => activity.safeParse(raw).data ?? []),
    // Marketo always gives one; without it the same page is asked for again.
    nextPageToken: outcome.nextPageToken ?? token,
    moreResult: outcome.moreResult && outcome.nextPageToken !== undefined,
  }
}

function read(
  endpoint: string,
  query: Record<string, string | readonly number[] | undefined>,
  { priority, signal }: ReadTurn,
): Parameters<MarketoClient['request']>[0] {
  return { endpoint, method: 'GET', query, priority, signal, kind: 'read', timeoutMs: 65_000 }
}
