// Fills the queue with everything in scope, object by object in dependency order: at the first start, and when an admin asks.
// Resumable page by page; below live changes; pauses while the queue is long.
import { mark, PRIORITY } from '../database/changes.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { analyzeHotTables } from '../database/maintenance.ts'
import { readState, writeState } from '../database/state.ts'
import type { Db, Trx } from '../database/tables.ts'
import { reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import { isJobLost } from '../salesforce/bulk.ts'
import type { Reader } from '../salesforce/read.ts'
import { SalesforceError } from '../salesforce/rest-faults.ts'
import { progressOf, type BackfillProgress } from './backfill-progress.ts'
import { createBackfillRoom } from './backfill-room.ts'
import {
  aheadOf,
  BEGINNING,
  leftOf,
  setAside,
  storedBackfill,
  takeUp,
  type BackfillState,
} from './backfill-state.ts'
import { createBackfillTrouble } from './backfill-trouble.ts'
import type { Mapping } from './mapping.ts'
import { OVERLAP_MS, watermarkKey } from './reconcile.ts'
import { scopeOf } from './scope.ts'

/** Without fresh statistics the queue's index is not used after a bulk fill of this size. */
const ANALYZE_AFTER = 10_000

export interface BackfillRequest {
  objects?: ObjectName[] | undefined
  force?: boolean | undefined
  /** What runs or is paused goes on instead; what rests is taken along. */
  unlessRunning?: boolean
}

export interface Backfill {
  /** How far it is: what is marked less what is still queued or in flight. Turns to done when nothing of it is left. */
  progress(inFlight: number): Promise<BackfillProgress>
  /** Goes on where it was, or does nothing. Resolves when the marking ended, was paused or stopped. */
  run(): Promise<void>
  /** False where another one goes on instead. */
  request(request: BackfillRequest): Promise<boolean>
  /** Active objects that no backfill has ever gone through: the reconcile finds nothing of them. */
  neverFilled(): Promise<ObjectName[]>
  pause(): Promise<void>
  resume(): Promise<void>
  state(): Promise<BackfillState | undefined>
  /** Objects that are being marked or will be: their batches are not complete yet. */
  filling(): ReadonlySet<ObjectName>
  /** All that is left could not be read, perhaps for days: nothing need wait for it. */
  rests(): boolean
}

export function createBackfill(deps: {
  db: Db
  leader: LeaderTransaction
  reader: Reader
  mapping: () => Mapping
  log: Log
  now: () => number
  signal: AbortSignal
  wake: () => void
}): Backfill {
  const { db, leader, reader, log, signal, wake } = deps
  let filling = new Set<ObjectName>()
  let rests = false
  let running: Promise<void> | undefined
  let sinceAnalyze = 0

  const stored = storedBackfill({ db, leader })
  const room = createBackfillRoom({ db, stored, signal })
  const trouble = createBackfillTrouble(deps)

  async function fill(initial: BackfillState): Promise<void> {
    let state = initial
    let left = leftOf(state)
    for (;;) {
      left = await withoutInactive(left)
      if (left.length === 0) break
      const ahead = aheadOf(left, (one) => trouble.isResting(one))
      const [object] = ahead
      rests = object === undefined
      if (object === undefined) return
      filling = new Set(ahead)
      state = takeUp(state, left, object)
      const isNew = state.jobId === null && state.locator === null
      try {
        if (!(await markAll(object, isNew))) return
      } catch (error) {
        if (signal.aborted) return
        if (!left.includes(object)) {
          log.warn({ object, reason: reasonOf(error) }, `${object} is read; what came after its end failed`)
          continue
        }
        log.warn(
          { object, reason: reasonOf(error) },
          `the backfill cannot read ${object} and goes on without`,
        )
        const isLost = isJobLost(error)
        const next = setAside(state, left, isLost ? BEGINNING : state)
        // It was paused for a week, or Salesforce gave the job up: its object begins again.
        const again = isLost && !isNew
        if (!(await keep(next.state, again ? undefined : (trx) => trouble.raise(trx, object, error)))) return
        if (!again) trouble.failed(object)
        ;({ state, left } = next)
      }
    }
    const end = {
      ...state,
      total: Math.max(state.total, state.marked),
      object: null,
      ...BEGINNING,
      finishedAt: new Date().toISOString(),
    }
    if (!(await keep(end))) return
    log.info({ records: state.marked }, `backfill has queued ${state.marked} records`)

    /** False when the backfill was paused or replaced, or this process stops. */
    async function markAll(object: ObjectName, isNew: boolean): Promise<boolean> {
      const scope = scopeOf(deps.mapping().objects[object])
      const resume = {
        ...(state.jobId === null ? {} : { jobId: state.jobId }),
        ...(state.locator === null ? {} : { locator: state.locator }),
        signal,
      }
      for await (const page of reader.allIds(object, scope, resume)) {
        if (!(await room.waitFor(state, page.ids.length))) return false
        const at = {
          ...state,
          marked: state.marked + page.ids.length,
          jobId: page.done ? null : page.jobId,
          locator: page.locator,
        }
        const later = page.done ? left.filter((one) => one !== object) : left
        const [upNext = object] = page.done ? later : []
        const next = takeUp(at, later, upNext)
        const isRead = page.done || page.locator !== null
        const kept = await keep(next, async (trx) => {
          await mark(
            trx,
            page.ids.map((id) => ({ object, id, priority: PRIORITY.background, force: next.force })),
          )
          if (isRead) await trouble.clear(trx, object)
          if (page.done) await beginWatermark(trx, object, next.watermark)
        })
        if (!kept) return false
        ;[state, left] = [next, later]
        if (page.done || (isRead && !isNew)) trouble.works(object)
        await analyzeAfter(page.ids.length)
        wake()
      }
      return true
    }
  }

  /** Nobody need read what is switched off; switched on again it is filled anew. */
  async function withoutInactive(objects: ObjectName[]): Promise<ObjectName[]> {
    const isActive = (object: ObjectName): boolean => deps.mapping().objects[object].active
    await trouble.forget(objects.filter((object) => !isActive(object)))
    return objects.filter(isActive)
  }

  /** An older one stays: only the reconcile finds what was deleted since. */
  async function beginWatermark(trx: Trx, object: ObjectName, at: string | null): Promise<void> {
    if ((await readState(trx, watermarkKey(object))) === undefined)
      await writeState(trx, watermarkKey(object), { at: at ?? new Date().toISOString() })
  }

  /** Writes the state, with what belongs to it, unless a pause or another backfill has come in since. */
  const keep = (state: BackfillState, also?: (trx: Trx) => Promise<void>): Promise<boolean> =>
    stored.change(
      ({ state: now, startedAt }) => (now === 'running' && startedAt === state.startedAt ? state : undefined),
      also,
    )

  async function analyzeAfter(records: number): Promise<void> {
    sinceAnalyze += records
    if (sinceAnalyze < ANALYZE_AFTER) return
    sinceAnalyze = 0
    await analyzeHotTables(db).catch((error: unknown) =>
      log.warn({ reason: reasonOf(error) }, 'the statistics could not be renewed: claims may be slow'),
    )
  }

  async function start(): Promise<void> {
    const state = await stored.read()
    if (state?.state !== 'running' || state.finishedAt !== null) return
    try {
      await fill(state)
    } finally {
      filling = new Set()
    }
  }

  return {
    rests: () => rests,
    filling: () => (room.isWaiting() ? new Set() : filling),
    state: () => stored.read(),
    run() {
      running ??= start().finally(() => {
        running = undefined
      })
      return running
    },

    async neverFilled() {
      const never: ObjectName[] = []
      for (const object of OBJECTS)
        if (
          deps.mapping().objects[object].active &&
          (await readState(db, watermarkKey(object))) === undefined
        )
          never.push(object)
      return never
    },

    async request({ objects, force = false, unlessRunning = false }) {
      const mapping = deps.mapping()
      const resting = unlessRunning && rests ? await stored.read() : undefined
      const along = resting === undefined ? [] : leftOf(resting)
      const wanted = OBJECTS.filter(
        (object) => [...(objects ?? OBJECTS), ...along].includes(object) && mapping.objects[object].active,
      )
      const watermark = new Date((await reader.serverTime(signal)).getTime() - OVERLAP_MS).toISOString()
      let total = 0
      for (const object of wanted)
        total += await reader
          .count(object, undefined, scopeOf(mapping.objects[object]), signal)
          .catch(uncounted)
      const state: BackfillState = {
        state: 'running',
        objects: wanted,
        force: force || (resting?.force ?? false),
        marked: 0,
        total,
        object: null,
        ...BEGINNING,
        watermark,
        startedAt: new Date().toISOString(),
        finishedAt: null,
        reason: null,
      }
      if (!(await stored.begin(state, { unlessRunning, inPlaceOf: resting?.startedAt }))) return false
      await trouble.forget(OBJECTS.filter((object) => !along.includes(object)))
      filling = new Set(wanted)
      rests = false
      log.info({ objects: wanted, records: total, force }, `backfill of ${total} records begins`)
      return true
    },

    progress: (inFlight) => progressOf({ db, stored, keep, log }, inFlight),

    async pause() {
      await stored.change((current) =>
        current.state === 'running' ? { ...current, state: 'paused' } : undefined,
      )
    },

    async resume() {
      await stored.change((current) =>
        current.state === 'paused' ? { ...current, state: 'running' } : undefined,
      )
    },
  }
}

/** What Salesforce refuses to count of one object holds up none of the others: only the estimate of what is left needs the number. */
function uncounted(error: unknown): number {
  if (error instanceof SalesforceError && error.status === 400) return 0
  throw error
}
