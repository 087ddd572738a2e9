// Keeps the stored values fresh: activities tell at once who changed, a sweep finds what no activity tells. Two loops, because the
// sweep may wait long for its turn. One interval without changes costs one call.
import { personsByMarketoId } from '../database/insights.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import {
  dropWanted,
  forgetTooMany,
  noteRefreshProgress,
  readRefreshProgress,
  wantedInsights,
} from '../database/refresh-progress.ts'
import type { Db, DbOrTrx } from '../database/tables.ts'
import type { KnownPerson } from '../database/insights.ts'
import type { Log } from '../log.ts'
import type { Activity } from '../marketo/activities.ts'
import { MAX_RECORDS } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { Failed } from '../marketo/outcome.ts'
import { createFollowMoments } from './moments.ts'
import { createReadPersons } from './read-persons.ts'
import { createSetback } from './setback.ts'
import { createSweep } from './sweep.ts'

export interface RefreshDeps {
  db: Db
  leader: LeaderTransaction
  client: MarketoClient
  schema: MarketoSchema
  /** Persons that Marketo no longer returns: deleted or merged there. */
  onLost: (persons: KnownPerson[]) => Promise<void>
  /** Others were merged into these. */
  onMerged: (trx: DbOrTrx, survivors: KnownPerson[]) => Promise<void>
  everyMinutes: number
  sweepEveryHours: number
  log: Log
  now: () => number
  signal: AbortSignal
}

export interface Refresh {
  /** Does what is due of activities and wants; returns the milliseconds until more is. */
  runOnce: () => Promise<number>
  /** The same of the sweep. */
  sweepOnce: () => Promise<number>
}

/** Our clock may be behind Marketo's by this much. */
const CLOCKS_DIFFER_MS = 120_000
/** Never at once again after a failure. */
const SOON_MS = 1_000
/** Remembered for one pass; beyond, a person may be read twice. */
const MOST_READ = 50_000

export function createRefresh(deps: RefreshDeps): Refresh {
  const { db, leader, log, now, signal } = deps
  const everyMs = deps.everyMinutes * 60_000
  const readPersons = createReadPersons(deps)
  const follow = createFollowMoments(deps)
  const setback = createSetback({ what: 'refresh', leader, log, now })
  const sweepOnce = createSweep({ ...deps, readPersons, everyMs: deps.sweepEveryHours * 3_600_000 })

  async function runOnce(): Promise<number> {
    if (setback.waits() > 0) return setback.waits()
    const { lastRefreshAt } = await readRefreshProgress(db)
    const due = lastRefreshAt === null ? 0 : Date.parse(lastRefreshAt) + everyMs
    if (now() < due) return due - now()
    const startedAt = now()
    const failed = await pass(startedAt)
    if (failed !== undefined) {
      await setback.failed(failed)
      return Math.max(SOON_MS, setback.waits())
    }
    await setback.over()
    if (!signal.aborted)
      await leader((trx) => noteRefreshProgress(trx, { lastRefreshAt: new Date(startedAt).toISOString() }))
    return everyMs
  }

  async function pass(startedAt: number): Promise<Failed | undefined> {
    /** Marketo ids read in this pass. */
    const read = new Set<string>()
    const isFresh = ({ leadId, at }: Activity): boolean =>
      at !== undefined && at.getTime() < startedAt - CLOCKS_DIFFER_MS && read.has(String(leadId))
    for (let more = true; more && !signal.aborted;) {
      const step = await follow(await readRefreshProgress(db), isFresh)
      if (!step.ok) return step
      more = step.more
      const failed = await readWanted(read, more ? MAX_RECORDS : 1)
      if (failed !== undefined) return failed
    }
    return undefined
  }

  /** Reads the wanted as long as there are at least so many: full calls while more activities may come. */
  async function readWanted(read: Set<string>, fewest: number): Promise<Failed | undefined> {
    while (!signal.aborted) {
      const { ids, tooMany } = await wantedInsights(db)
      if (tooMany)
        await leader(async (trx) => {
          await noteRefreshProgress(trx, { sweepAsked: true })
          await forgetTooMany(trx)
        })
      const [batch, taken] = firstDistinct(ids, MAX_RECORDS)
      if (batch.length === 0 || batch.length < fewest) return undefined
      const persons = await personsByMarketoId(db, batch)
      if (persons.length === 0) {
        await leader((trx) => dropWanted(trx, taken))
        continue
      }
      const outcome = await readPersons(persons, 'refresh', (trx) => dropWanted(trx, taken))
      if (!outcome.ok) return outcome
      if (read.size < MOST_READ) for (const person of persons) read.add(person.marketoId)
      log.info({ persons: persons.length, changed: outcome.changed }, 'read values that Marketo changed')
    }
    return undefined
  }

  return { runOnce, sweepOnce }
}

/** The first so many distinct ids, and how many entries of the list they take. */
function firstDistinct(ids: string[], most: number): [string[], number] {
  const distinct = new Set<string>()
  let taken = 0
  for (const id of ids) {
    if (distinct.size === most && !distinct.has(id)) break
    distinct.add(id)
    taken++
  }
  return [[...distinct], taken]
}
