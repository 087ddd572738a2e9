// The loop: takes due marks in dependency order, as many as Marketo's limits can use, and lets work go on side by side. A record is in
// at most one piece of work at any time; what is in flight is known here and nowhere else.
import { due, dueKinds, PRIORITY, type DueKinds, type Taken } from '../database/changes.ts'
import { unresolvedRecords } from '../database/intents.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { Db } from '../database/tables.ts'
import { reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { newDayBudget, take } from '../marketo/day-budget.ts'
import { QUOTA_USED_UP } from '../marketo/known-codes.ts'
import { marketoDayOf } from '../marketo/marketo-day.ts'
import type { Pacing } from '../marketo/pacing.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { RECORDS_A_CALL } from './batches.ts'
import { before, ORDER } from './objects/index.ts'
import type { Recover } from './recover.ts'
import type { Trouble } from './trouble.ts'
import { putBack, type Work } from './work.ts'

/** One read of Salesforce takes 2,000 ids; this is six full calls to Marketo. */
const RECORDS_A_READ = 6 * RECORDS_A_CALL
/** So many records may be under way for each call at a time: while one batch is with Marketo, the next one is read. */
const BATCHES_A_SLOT = 2
/** Kept free of background work, so that a change never waits for a backfill's turn. */
const LIVE_ROOM = 2 * RECORDS_A_CALL

export interface SyncDeps {
  db: Db
  leader: LeaderTransaction
  work: Work
  recover: Recover
  pacing: Pacing
  trouble: Trouble
  /** Objects whose background marks are still being filled in. */
  filling: () => ReadonlySet<ObjectName>
  concurrency: number
  now: () => number
  log: Log
  signal: AbortSignal
}

export interface Sync {
  /** Starts what can be started now. Returns how many records were taken. */
  runOnce(): Promise<number>
  /** Resolves when no work is in flight. */
  idle(): Promise<void>
  wake(): void
  /** Resolves when there may be something to do. */
  rest(): Promise<void>
  inFlight(): number
}

/** Between two looks at the queue when nothing wakes the loop: marks that rest or back off come due by themselves. */
const REST_MS = 1_000

export function createSync(deps: SyncDeps): Sync {
  const { db, now } = deps
  const flying = new Map<ObjectName, Set<string>>()
  const background = new Map<ObjectName, number>()
  const working = new Set<Promise<void>>()
  let budget = newDayBudget(now())
  let alarm = Promise.withResolvers<void>()

  const inFlight = (): number => [...flying.values()].reduce((sum, ids) => sum + ids.size, 0)
  const filling = (): number => [...background.values()].reduce((sum, records) => sum + records, 0)
  const wake = (): void => alarm.resolve()

  async function runOnce(): Promise<number> {
    if (now() < deps.trouble.heldUntil()) return 0
    const paused = new Set(deps.pacing.state().pauses.map((pause) => pause.code))
    // Pacing lets one probing call an hour through; one record is enough for that.
    const dayIsOver = paused.has(QUOTA_USED_UP) || paused.has('daily-ceiling')
    const most = dayIsOver ? 1 : deps.concurrency * RECORDS_A_CALL * BATCHES_A_SLOT + LIVE_ROOM
    const kinds = await dueKinds(db)
    let taken = await takeAll(kinds.live, PRIORITY.found, () => most - inFlight())
    if (!paused.has('background-ceiling'))
      taken += await takeAll(fillable(kinds), PRIORITY.background, () =>
        Math.min(most - inFlight(), most - LIVE_ROOM - filling()),
      )
    return taken
  }

  async function takeAll(objects: ReadonlySet<string>, lowest: number, room: () => number): Promise<number> {
    if (objects.size === 0) return 0
    // What is in flight is noted before the intents are read: work that ends without a known outcome in between is in one of the two.
    const busy = [...[...flying.values()].flatMap((ids) => [...ids]), ...deps.recover.busy()]
    const blocked = new Set([...busy, ...(await unresolvedRecords(db))])
    let taken = 0
    for (const { object } of ORDER.flat()) {
      const alike = deps.trouble.alike.room(object) - (flying.get(object)?.size ?? 0)
      if (!objects.has(object) || Math.min(room(), alike) <= 0) continue
      const marks = await (alike === 1
        ? probe(object, room(), lowest, blocked)
        : claim(object, room(), lowest, blocked))
      if (marks.length > 0) begin(object, marks)
      taken += marks.length
    }
    return taken
  }

  /** Bulk goes level by level, so that its children find their parents confirmed and its batches are full. */
  function fillable(kinds: DueKinds): Set<string> {
    const busy = (object: ObjectName): boolean =>
      deps.filling().has(object) || kinds.background.has(object) || (background.get(object) ?? 0) > 0
    const objects = ORDER.flat().map(({ object }) => object)
    return new Set(objects.filter((object) => kinds.background.has(object) && !before(object).some(busy)))
  }

  /** One write of these goes out (work.ts). Many are read, as perhaps none needs one. Those that have failed least: a record that is at fault
   *  itself must not be tried again and again in place of the others, nor begin a pause as long as others may need none. */
  async function probe(
    object: ObjectName,
    room: number,
    lowest: number,
    blocked: ReadonlySet<string>,
  ): Promise<Taken[]> {
    const free = await due(db, object, RECORDS_A_CALL, lowest, [...blocked])
    const least = Math.min(...free.map(({ attempts }) => attempts))
    return free.filter(({ attempts }) => attempts === least).slice(0, room)
  }

  async function claim(
    object: ObjectName,
    room: number,
    lowest: number,
    blocked: ReadonlySet<string>,
  ): Promise<Taken[]> {
    const limit = Math.min(room, RECORDS_A_READ)
    const free = await due(db, object, limit, lowest, [...blocked])
    const full = free.length - (free.length % RECORDS_A_CALL)
    if (full === free.length) return free
    const urgent = free.some(({ priority }) => priority < PRIORITY.background)
    // More of this object is queued or on its way in: a partial batch now would be a call too many.
    const cut = free.length === limit && limit > 1
    if ((cut && (full > 0 || !urgent)) || (!urgent && deps.filling().has(object))) return free.slice(0, full)
    return grantPartial() ? free : free.slice(0, full)
  }

  /** The day's budget paces partial batches: while it is full a change goes at once, else changes gather. */
  function grantPartial(): boolean {
    const { usedToday, dailyCalls } = deps.pacing.state()
    const answer = take(budget, 1, {
      now: now(),
      callsLeft: dailyCalls - usedToday,
      endsAt: marketoDayOf(now()).end,
    })
    budget = answer.budget
    return answer.granted
  }

  function begin(object: ObjectName, marks: Taken[]): void {
    const own = flying.get(object) ?? new Set<string>()
    flying.set(object, own)
    const fill = marks.filter(({ priority }) => priority === PRIORITY.background).length
    for (const { id } of marks) own.add(id)
    background.set(object, (background.get(object) ?? 0) + fill)
    const done = deps
      .work(object, marks)
      .then(() => deps.trouble.afterWork())
      .catch(async (error: unknown) => {
        if (deps.signal.aborted) return
        deps.log.warn(
          { object, records: marks.length, reason: reasonOf(error) },
          `could not work on ${marks.length} ${object} records; they are tried again`,
        )
        await deps.trouble.afterFailure(error)
        await putBack(deps, marks, reasonOf(error))
      })
      .catch((error: unknown) =>
        deps.log.warn({ object, reason: reasonOf(error) }, 'the marks stay as they are'),
      )
      .finally(() => {
        for (const { id } of marks) own.delete(id)
        background.set(object, (background.get(object) ?? 0) - fill)
        working.delete(done)
        wake()
      })
    working.add(done)
  }

  return {
    runOnce,
    wake,
    inFlight,
    async idle() {
      while (working.size > 0) await Promise.all(working)
    },
    async rest() {
      const timer = setTimeout(wake, REST_MS)
      await alarm.promise
      clearTimeout(timer)
      alarm = Promise.withResolvers<void>()
    },
  }
}
