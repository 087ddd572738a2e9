// Reads everybody known, 300 a call, once per period: tiers are re-ranked every night without any activity that tells of it
// (facts: marketo-rest §0.5). Spread over the period, resumable, below everything else in priority.
import { knownPersons } from '../database/insights.ts'
import { countLedger } from '../database/ledger.ts'
import {
  noteRefreshProgress,
  readRefreshProgress,
  type RefreshProgress,
  type Sweep,
} from '../database/refresh-progress.ts'
import type { Db } from '../database/tables.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { Log } from '../log.ts'
import { MAX_RECORDS } from '../marketo/calls.ts'
import { marketoDayOf } from '../marketo/marketo-day.ts'
import type { ReadPersons } from './read-persons.ts'
import { createSetback } from './setback.ts'

/** A regular sweep takes half of its period, so that a day's outage does not make it late. */
const SPREAD = 0.5

/** Never at once again after a failure. */
const SOON_MS = 1_000
/** How soon to look whether somebody asked for a sweep before the next is due. */
const LOOK_AGAIN_MS = 10_000

export function createSweep(deps: {
  db: Db
  leader: LeaderTransaction
  readPersons: ReadPersons
  everyMs: number
  log: Log
  now: () => number
  signal: AbortSignal
}): () => Promise<number> {
  const { db, leader, readPersons, everyMs, log, now, signal } = deps
  const setback = createSetback({ what: 'sweep', leader, log, now })

  /** Reads what is due and returns the milliseconds until more is. */
  return async () => {
    while (!signal.aborted) {
      if (setback.waits() > 0) return setback.waits()
      const progress = await readRefreshProgress(db)
      const sweep = progress.sweep ?? (await begin(progress))
      if (sweep === undefined)
        return Math.min(LOOK_AGAIN_MS, Math.max(SOON_MS, untilNext(progress.lastSweepStartedAt)))
      const wait = dueAt(sweep) - now()
      if (wait > 0) return wait
      if (!(await readBatch(sweep))) return Math.max(SOON_MS, setback.waits())
    }
    return 0
  }

  async function begin(progress: RefreshProgress): Promise<Sweep | undefined> {
    const { lastSweepStartedAt, lastSweepAt, sweepAsked } = progress
    const first = lastSweepAt === null
    if (untilNext(lastSweepStartedAt) > 0 && !sweepAsked) return undefined
    const { Lead = 0, Contact = 0 } = await countLedger(db)
    const total = Lead + Contact
    if (total === 0) return undefined
    const startedAt = new Date(now()).toISOString()
    const sweep: Sweep = {
      position: '',
      startedAt,
      // Later sweeps read those too: a night has passed.
      createdSince: first ? new Date(marketoDayOf(now()).start).toISOString() : null,
      total,
      done: 0,
      hurried: first || sweepAsked,
    }
    await leader((trx) =>
      noteRefreshProgress(trx, { sweep, lastSweepStartedAt: startedAt, sweepAsked: false }),
    )
    return sweep
  }

  function untilNext(lastStartedAt: string | null): number {
    return lastStartedAt === null ? 0 : Date.parse(lastStartedAt) + everyMs - now()
  }

  function dueAt({ startedAt, done, total, hurried }: Sweep): number {
    return hurried ? 0 : Date.parse(startedAt) + (everyMs * SPREAD * done) / Math.max(total, 1)
  }

  /** False when Marketo held it up. */
  async function readBatch(sweep: Sweep): Promise<boolean> {
    const persons = await knownPersons(db, {
      after: sweep.position,
      limit: MAX_RECORDS,
      ...(sweep.createdSince === null ? {} : { createdSince: new Date(sweep.createdSince) }),
    })
    const last = persons.at(-1)
    if (last === undefined) {
      await end(sweep)
      return true
    }
    const next = { ...sweep, position: last.id, done: sweep.done + persons.length }
    const read = await readPersons(persons, 'background', (trx) => noteRefreshProgress(trx, { sweep: next }))
    if (read.ok) await setback.over()
    else await setback.failed(read)
    return read.ok
  }

  async function end(sweep: Sweep): Promise<void> {
    await leader((trx) =>
      noteRefreshProgress(trx, { sweep: null, lastSweepAt: new Date(now()).toISOString() }),
    )
    const seconds = (now() - Date.parse(sweep.startedAt)) / 1_000
    log.info({ persons: sweep.done, seconds }, `swept the values of ${sweep.done} persons`)
  }
}
