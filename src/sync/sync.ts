// The loop: takes due marks in dependency order, as many as Marketo's limits can use, and lets work go on side by side. A record is in
// at most one piece of work at any time; what is in flight is known here and nowhere else.
import { backgroundObjects, due, PRIORITY, releaseCured, type Taken } from '../database/changes.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { Db } from '../database/tables.ts'
import { reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { newDayBudget, take } from '../marketo/day-budget.ts'
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
/** Waiting children whose parent's cure was missed go on within a minute (design §5, rule 5). */
const CURE_EVERY_MS = 30_000
const LOOK_UP_EVERY_MS = 1_000

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
const REST_MS = 500

export function createSync(deps: SyncDeps): Sync {
  const { db, now } = deps
  const flying = new Map<ObjectName, Set<string>>()
  const background = new Map<ObjectName, number>()
  const working = new Set<Promise<void>>()
  let budget = newDayBudget(now())
  let blocked = new Set<string>()
  let lookedUpAt = -Infinity
  let curedAt = -Infinity
  let alarm = Promise.withResolvers<void>()

  const inFlight = (): number => [...flying.values()].reduce((sum, ids) => sum + ids.size, 0)
  const wake = (): void => alarm.resolve()

  async function runOnce(): Promise<number> {
    if (now() - lookedUpAt >= LOOK_UP_EVERY_MS) {
      lookedUpAt = now()
      blocked = await deps.recover.runOnce()
    }
    if (now() - curedAt >= CURE_EVERY_MS) {
      curedAt = now()
      await releaseCured(db)
    }
    if (now() < deps.trouble.heldUntil()) return 0
    const paused = new Set(deps.pacing.state().pauses.map((pause) => pause.code))
    const dayIsOver = paused.has('607') || paused.has('daily-ceiling')
    const queued = await backgroundObjects(db)
    let taken = 0
    for (const step of ORDER)
      for (const { object } of step) {
        const room = (dayIsOver ? 1 : deps.concurrency * RECORDS_A_CALL * 2) - inFlight()
        if (room <= 0) return taken
        const lowest =
          mayFill(object, queued) && !paused.has('background-ceiling') ? PRIORITY.background : PRIORITY.found
        const marks = await claim(object, room, lowest)
        if (marks.length > 0) begin(object, marks)
        taken += marks.length
      }
    return taken
  }

  /** Bulk goes level by level, so that its children find their parents confirmed and its batches are full. */
  function mayFill(object: ObjectName, queued: ReadonlySet<string>): boolean {
    return before(object).every(
      (parent) => !deps.filling().has(parent) && !queued.has(parent) && (background.get(parent) ?? 0) === 0,
    )
  }

  async function claim(object: ObjectName, room: number, lowest: number): Promise<Taken[]> {
    const own = flying.get(object) ?? new Set<string>()
    const limit = Math.min(room, RECORDS_A_READ)
    const rows = await due(db, object, limit + own.size + blocked.size, lowest)
    const free = rows.filter(({ id }) => !own.has(id) && !blocked.has(id)).slice(0, limit)
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
        lookedUpAt = -Infinity
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
