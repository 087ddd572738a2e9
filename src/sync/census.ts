// Once a day all ids in scope are compared with the ledger, both ways: what no event and no stamp tells of (hard deletes, filters over
// other objects, rows that became visible by a permission). Reading decides what it means; not readable is not deleted.
import {
  addToCensus,
  clearCensus,
  countCensus,
  markUnknown,
  noteMissed,
  noteSeen,
  unseen,
} from '../database/census.ts'
import { dropWaiting, mark, PRIORITY, queued, release } from '../database/changes.ts'
import { forgetInsights } from '../database/insights.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { confirm, readLedger } from '../database/ledger.ts'
import { pageOfParked } from '../database/parked-list.ts'
import { stillParked, unpark } from '../database/parked.ts'
import { clearProblem, raiseProblem, readState, writeState } from '../database/state.ts'
import type { Db, Trx } from '../database/tables.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Salesforce } from '../salesforce/connect.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import type { Reader } from '../salesforce/read.ts'
import { isRepeated, readCounted, writeCounted, type Counted } from './census-counted.ts'
import type { Mapping } from './mapping.ts'
import { MISSED_IS_GONE, NOT_SHOWN } from './plan.ts'
import { scopeOf } from './scope.ts'

const FAILED = 'census-failed'
/** The code of the problem that stays from one census to the next, which is a day later. */
export const UNREADABLE = 'unreadable-records'

export const CENSUS_EVERY_MS = 24 * 3_600_000
/** What can't be read of it is tried again after this: a million ids, perhaps. */
export const CENSUS_AGAIN_MS = { first: 5_000, longest: 15 * 60_000 }
/** getDeleted looks back 15 days at most (salesforce facts §7). */
const DELETED_LOG_MS = 14 * 24 * 3_600_000
const IDS_A_STEP = 2_000

/** Of the last one, under this key of the state. */
const KEY = 'census'
interface CensusState {
  startedAt?: string
  lastRunAt: string
}

interface Found {
  unknown: number
  unseen: number
  unreadable: number
}

export interface Census {
  /** Counts each object, or those alone that were not counted since then. One that can't be read hides nothing of the others; then it fails. */
  runOnce(since?: number): Promise<void>
  /** When the last one ended. */
  lastRunAt(): Promise<Date | null>
}

export function createCensus(deps: {
  db: Db
  leader: LeaderTransaction
  salesforce: Salesforce
  reader: Reader
  mapping: () => Mapping
  log: Log
  now: () => number
  signal: AbortSignal
  wake: () => void
}): Census {
  const { db, leader, salesforce, reader, log, now, signal, wake } = deps
  // One at a time: they share a table.
  let last = Promise.resolve()

  async function count(object: ObjectName, at: number, counted: Counted): Promise<Found> {
    await leader(clearCensus)
    for await (const { ids } of reader.allIds(object, scopeOf(deps.mapping().objects[object]), { signal }))
      await leader((trx) => addToCensus(trx, ids))
    const unknown = await leader((trx) => markUnknown(trx, object))
    // Where nothing of an object is readable, a permission may be missing: then only the log of deletions says anything about single records.
    const readable = (await countCensus(db)) > 0
    const found = { unknown, unseen: 0, unreadable: 0 }
    const unproven: string[] = []
    for (
      let ids = await unseen(db, object, '', IDS_A_STEP);
      ids.length > 0;
      ids = await unseen(db, object, ids.at(-1)!, IDS_A_STEP)
    ) {
      const missing = await missed(object, await hiddenOf(object, ids))
      found.unseen += ids.length
      found.unreadable += missing.length
      const proven = missing.filter((row) => row.proven)
      const waiting = new Set(readable ? missing.filter((row) => !row.proven).map(({ id }) => id) : [])
      unproven.push(...waiting)
      await leader(async (trx) => {
        await noteSeen(
          trx,
          ids.filter((id) => !missing.some((row) => row.id === id)),
        )
        await noteMissed(trx, proven, MISSED_IS_GONE)
        await mark(
          trx,
          ids.filter((id) => !waiting.has(id)).map((id) => ({ object, id, priority: PRIORITY.found })),
        )
      })
    }
    await lookAtHidden(object, readable)
    const lastEnd = (await lastRunAt())?.getTime() ?? -Infinity
    const isOther = !isRepeated(counted[object], at, { lastEnd, everyMs: CENSUS_EVERY_MS })
    // At once, when all else has succeeded: a count that is broken off is none.
    await leader(async (trx) => {
      for (let from = 0; from < unproven.length; from += IDS_A_STEP) {
        const ids = unproven.slice(from, from + IDS_A_STEP)
        if (isOther)
          await noteMissed(
            trx,
            ids.map((id) => ({ id, proven: false })),
            MISSED_IS_GONE,
          )
        await mark(
          trx,
          ids.map((id) => ({ object, id, priority: PRIORITY.found })),
        )
      }
      await writeCounted(trx, { ...counted, [object]: { at, unreadable: found.unreadable } })
    })
    wake()
    return found
  }

  /** What was parked because Salesforce did not show it is looked at again where it does now: no event tells of a permission. What was
   *  deleted for good before it ever got to Marketo, or never existed, waits for nothing: no event will ever tell of it again. Without
   *  a word in the log of deletions it is so for two censuses (rule 15): parked since before the last one. */
  async function lookAtHidden(object: ObjectName, readable: boolean): Promise<void> {
    const { startedAt } = (await readState<CensusState>(db, KEY)) ?? {}
    const page = (after?: string) =>
      pageOfParked(
        db,
        { object, code: NOT_SHOWN },
        { after: after === undefined ? undefined : { object, id: after }, limit: IDS_A_STEP },
      )
    for (let parked = await page(); parked.length > 0; parked = await page(parked.at(-1)!.id)) {
      const ids = parked.map(({ id }) => id)
      const missedBefore = new Set(
        parked.filter(({ firstSeenAt }) => firstSeenAt.toISOString() < (startedAt ?? '')).map(({ id }) => id),
      )
      const hidden = await hiddenOf(object, ids)
      const erased = (await missed(object, hidden)).filter(
        ({ id, proven }) => proven || (readable && missedBefore.has(id)),
      )
      const isHidden = new Set(hidden)
      const shown = ids.filter((id) => !isHidden.has(id))
      await leader(async (trx) => {
        await mark(
          trx,
          shown.map((id) => ({ object, id, priority: PRIORITY.found })),
        )
        const gone = await thatWaitForNothing(
          trx,
          erased.map(({ id }) => id),
        )
        // Known, or a Lead that was converted into one of these would wait for it for ever.
        const notes = 'deleted in Salesforce for good'
        await confirm(
          trx,
          gone.map((id) => ({
            object,
            id,
            marketoId: null,
            state: 'outside',
            hashes: null,
            notes,
            pushed: false,
          })),
        )
        if (object === 'Lead' || object === 'Contact') await forgetInsights(trx, gone)
        await unpark(trx, gone)
        await dropWaiting(trx, gone)
        await release(trx, gone)
      })
    }
  }

  /** Those that neither retrieve nor queryAll shows. */
  async function hiddenOf(object: ObjectName, ids: string[]): Promise<string[]> {
    const readings = await reader.read(object, ids, ['Id'], signal)
    return ids.filter((id) => readings.get(id)?.state === 'unreadable')
  }

  /** Of what is hidden, all that may be gone: users can't be deleted. Proven where the log of deletions names it. */
  async function missed(object: ObjectName, hidden: string[]): Promise<{ id: string; proven: boolean }[]> {
    if (hidden.length === 0 || object === 'User') return []
    const now = await reader.serverTime(signal)
    const deleted = await salesforce
      .deletedIds(object, new Date(now.getTime() - DELETED_LOG_MS), now, signal)
      .catch(() => ({ ids: [] as string[] }))
    const log = new Set(deleted.ids)
    return hidden.map((id) => ({ id, proven: log.has(id) }))
  }

  async function lastRunAt(): Promise<Date | null> {
    const state = await readState<CensusState>(db, KEY)
    return state === undefined ? null : new Date(state.lastRunAt)
  }

  return {
    lastRunAt,

    runOnce(since = now()) {
      last = last.catch(() => undefined).then(() => run(since))
      return last
    },
  }

  async function run(since: number): Promise<void> {
    const startedAt = now()
    const objects = OBJECTS.filter((object) => deps.mapping().objects[object].active)
    const failed = new Map<ObjectName, unknown>()
    for (const object of objects) {
      signal.throwIfAborted()
      const at = now()
      const counted = await readCounted(db)
      if ((counted[object]?.at ?? -Infinity) >= since) continue
      const found = await count(object, at, counted).catch((error: unknown) => {
        signal.throwIfAborted()
        failed.set(object, error)
        log.warn({ object, reason: reasonOf(error) }, `${object} could not be counted; the others are`)
      })
      if (found === undefined) continue
      if (found.unknown + found.unseen > 0)
        log.info(
          { object, ...found },
          `the census of ${object} found ${found.unknown + found.unseen} records to look at`,
        )
    }
    const counted = await readCounted(db)
    const counts = objects.flatMap((object) => counted[object] ?? [])
    await leader(async (trx) => {
      await tellFailed(trx, failed)
      if (failed.size > 0) return
      await tellUnreadable(
        trx,
        counts.reduce((all, { unreadable }) => all + unreadable, 0),
      )
      await clearCensus(trx)
      await writeState(trx, KEY, {
        startedAt: new Date(Math.min(startedAt, ...counts.map(({ at }) => at))).toISOString(),
        lastRunAt: new Date(now()).toISOString(),
      })
    })
    for (const error of failed.values()) throw error
    log.info({ ms: now() - startedAt }, 'the census is done')
  }
}

async function tellUnreadable(trx: Trx, records: number): Promise<void> {
  if (records === 0) return clearProblem(trx, 'salesforce', UNREADABLE)
  await raiseProblem(trx, {
    system: 'salesforce',
    code: UNREADABLE,
    reason: `${records} records that are in Marketo are not shown by Salesforce any more: hard deleted, or hidden from the integration user. Nothing was removed yet.`,
    advice:
      'Check the permission set Marketo_Sync_Integration (View All on the objects). What two censuses running have missed, while others of its object are readable, is taken as deleted.',
  })
}

async function tellFailed(trx: Trx, failed: ReadonlyMap<ObjectName, unknown>): Promise<void> {
  const [error] = failed.values()
  if (error === undefined) return clearProblem(trx, 'salesforce', FAILED)
  await raiseProblem(trx, {
    system: 'salesforce',
    code: FAILED,
    reason: `${[...failed.keys()].join(', ')} could not be compared with Marketo, so what was deleted for good, or what a changed filter lets in or leaves out, is not found yet: ${reasonOf(error)}`,
    advice: error instanceof BridgeError ? error.advice : 'It is tried again by itself; see the log.',
  })
}

/** Without those that have come back since Salesforce was asked, or are just looked at again. What Marketo has is removed there first. */
async function thatWaitForNothing(trx: Trx, ids: string[]): Promise<string[]> {
  const parked = await stillParked(trx, { ids, code: NOT_SHOWN })
  const { queued: onTheWay } = await queued(
    trx,
    parked.map((id) => ({ id })),
  )
  const entries = await readLedger(trx, parked)
  // Outside with a Marketo id it is just being removed there.
  const isOut = (id: string): boolean => {
    const { state = 'outside', marketoId = null } = entries.get(id) ?? {}
    return state === 'released' || (state === 'outside' && marketoId === null)
  }
  return parked.filter((id) => isOut(id) && !onTheWay.some((mark) => mark.id === id))
}
