// Follows Marketo's activity log: interesting moments and score changes point at persons to read again, and so do merges, which give the
// survivor the values that it had not, and take the losers away. The token moves with the wants in one transaction, so a kill loses none.
import { personsByMarketoId, type KnownPerson } from '../database/insights.ts'
import { countLedger } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { noteRefreshProgress, wantInsights, type RefreshProgress } from '../database/refresh-progress.ts'
import { clearProblem, raiseProblem } from '../database/state.ts'
import type { Db, DbOrTrx } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { activityPage, activityTypes, losersOf, pagingToken, type Activity } from '../marketo/activities.ts'
import { MAX_RECORDS } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { Failed } from '../marketo/outcome.ts'
import { verdictOfCall } from '../marketo/verdict.ts'

export interface Step {
  ok: true
  /** There are more activities. */
  more: boolean
}

export interface MomentsDeps {
  db: Db
  leader: LeaderTransaction
  client: MarketoClient
  onMerged: (trx: DbOrTrx, survivors: KnownPerson[]) => Promise<void>
  log: Log
  now: () => number
  signal: AbortSignal
}

/** Activity types belong to what may be remembered for "a day or more" (marketo-integration-best-practices.md). */
const TYPES_FOR_MS = 24 * 3_600_000

/** A page may be short or even empty with more behind it; two calls are never worth a sweep. */
const FEWEST_PAGES = 2

/** A person that we are just creating may have activities before the ledger knows it. Most others are none of ours. */
const UNKNOWN_FOR_MS = 15 * 60_000
const MOST_UNKNOWN = 3_000

/** `isFresh`: that person was read after the activity already. */
export type FollowMoments = (
  progress: RefreshProgress,
  isFresh: (activity: Activity) => boolean,
) => Promise<Step | Failed>

export function createFollowMoments(deps: MomentsDeps): FollowMoments {
  const { db, leader, client, log, now, signal } = deps
  const turn = { priority: 'refresh', signal } as const
  let types: { ids: number[]; merge: number | undefined; at: number } | undefined

  return async (progress, isFresh) => {
    const wanted = await typesToFollow()
    if (!wanted.ok) return wanted
    // Without such activities only the sweep tells of changes.
    if (wanted.ids.length === 0) return { ok: true, more: false }
    const { token } = progress
    if (token === null) return beginAnew(false)
    const page = await activityPage(client, { ...turn, typeIds: wanted.ids, token })
    if (!page.ok) return isRefused(page) ? loseToken(page) : page
    const pages = progress.pages + 1
    const isMerge = ({ typeId }: Activity): boolean => typeId === wanted.merge
    await remember(
      progress,
      page.activities.filter((activity) => isMerge(activity) || !isFresh(activity)),
      isMerge,
      {
        token: page.nextPageToken,
        pages: page.moreResult ? pages : 0,
      },
    )
    if (!page.moreResult) return { ok: true, more: false }
    if (pages < FEWEST_PAGES || pages * MAX_RECORDS < (await countPersons())) return { ok: true, more: true }
    log.info({ pages }, 'more activities than a sweep of everybody costs: sweeping instead')
    return beginAnew(true)
  }

  async function typesToFollow(): Promise<{ ok: true; ids: number[]; merge: number | undefined } | Failed> {
    if (types !== undefined && now() - types.at < TYPES_FOR_MS) return { ok: true, ...types }
    const found = await activityTypes(client, turn)
    if (!found.ok) return found
    const { interestingMoment, changeScore, mergeLeads } = found.types
    const ids = [interestingMoment, changeScore, mergeLeads].filter((id) => id !== undefined)
    types = { ids, merge: mergeLeads, at: now() }
    await tellTypes(interestingMoment !== undefined && changeScore !== undefined)
    return { ok: true, ids, merge: mergeLeads }
  }

  async function tellTypes(complete: boolean): Promise<void> {
    const code = 'activity-types'
    await leader((trx) =>
      complete
        ? clearProblem(trx, 'insights', code)
        : raiseProblem(trx, {
            system: 'insights',
            code,
            reason: 'Marketo does not list the activity types Interesting Moment and Change Score.',
            advice:
              'In Marketo: Admin > Users & Roles > Roles: give the API-only role Read-Only Activity and Read-Only Activity Metadata. Until then new values are found by the daily sweep only.',
          }),
    )
  }

  /** The token is from before the sweep, so that nothing falls in between. */
  async function beginAnew(sweep: boolean): Promise<Step | Failed> {
    const found = await pagingToken(client, { ...turn, since: new Date(now()) })
    if (!found.ok) return found
    await leader((trx) =>
      noteRefreshProgress(trx, { token: found.token, pages: 0, ...(sweep ? { sweepAsked: true } : {}) }),
    )
    return { ok: true, more: false }
  }

  async function loseToken(refused: Failed): Promise<Step | Failed> {
    log.warn({ code: refused.code, reason: refused.message }, 'Marketo no longer takes the token: sweeping')
    return beginAnew(true)
  }

  async function remember(
    { unknown }: RefreshProgress,
    activities: Activity[],
    isMerge: (activity: Activity) => boolean,
    parts: { token: string; pages: number },
  ): Promise<void> {
    const seen = new Map(unknown.filter(([, seenAt]) => now() - seenAt < UNKNOWN_FOR_MS))
    for (const { leadId } of activities) seen.set(String(leadId), now())
    const losers = activities.filter(isMerge).flatMap(losersOf)
    const known = await personsByMarketoId(db, [...seen.keys(), ...losers])
    for (const { marketoId } of known) seen.delete(marketoId)
    const merged = new Set(activities.filter(isMerge).map(({ leadId }) => String(leadId)))
    await leader(async (trx) => {
      // Before the wants are locked, as whoever settles a write does.
      await deps.onMerged(
        trx,
        known.filter(({ marketoId }) => merged.has(marketoId)),
      )
      await wantInsights(
        trx,
        known.map((person) => person.marketoId),
      )
      await noteRefreshProgress(trx, { ...parts, unknown: [...seen].slice(-MOST_UNKNOWN) })
    })
  }

  async function countPersons(): Promise<number> {
    const { Lead = 0, Contact = 0 } = await countLedger(db)
    return Lead + Contact
  }
}

/** Not the connection, not the moment: the token itself. */
function isRefused(failed: Failed): boolean {
  return verdictOfCall(failed, { write: false, attempt: 1 }).kind === 'refused'
}
