// Lets calls to Marketo go within the rate, the concurrency and the day's quota. What counts over all processes is in a store that
// is passed in; one loop asks it for all waiters of this process. Short limits are waited for; a used-up day is refused at once.
import { setTimeout as sleep } from 'node:timers/promises'
import type { MarketoLimits } from '../config.ts'
import { reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { CALL_CODES } from './call-codes.ts'
import { marketoDayOf } from './marketo-day.ts'
import { failed, type Failed } from './outcome.ts'
import { createQuota, type Quota, type QuotaPause } from './quota.ts'
import { createThrottle, WINDOW_MS } from './throttle.ts'
import { createWaiting, type Priority } from './waiting.ts'

export type { Priority }
/** Of the rate, for refresh and background. */
const LOW_SHARE = 0.9

export interface CallStore {
  /**
   * Starts a call if fewer than `concurrency` are in flight and fewer than `rate` count for the window. A call is in flight until
   * it finishes or holdMs has passed since its start: a dead process's call goes on in Marketo. It counts for the window from
   * its start until windowMs after it finished, because it reaches Marketo somewhere in between.
   */
  tryStart(call: {
    endpoint: string
    priority: Priority
    windowMs: number
    rate: number
    concurrency: number
    holdMs: number
    /** The Marketo day that the call belongs to: 2026-11-23. */
    day: string
  }): Promise<{ id: number | string } | { retryInMs: number }>
  /** Not called for a call that was broken off here, as it may go on in Marketo: holdMs ends it. */
  finish(id: number | string, outcome: string): Promise<void>
  /** Our own calls of this Marketo day (US Central), refused ones too. */
  usedToday(day: string): Promise<number>
}

export interface Pause {
  code: '606' | '615' | QuotaPause['code']
  reason: string
  advice: string
  /** Milliseconds of the epoch. */
  until: number
}

export interface PacedCall {
  endpoint: string
  priority: Priority
  holdMs: number
  signal?: AbortSignal | undefined
}

export interface PacingState {
  usedToday: number
  dailyCalls: number
  /** The whole instance's calls today, where usage.json has told. */
  instanceUsed: number | undefined
  instanceDailyCalls: number
  /** What is allowed now; below the configured limits after a 606 or 615. */
  rate: number
  concurrency: number
  inFlight: number
  waiting: Record<Priority, number>
  pauses: Pause[]
}

export interface Pacing {
  /**
   * Waits for its turn and runs fn once. Never runs it, and resolves to a failure that was not sent, when the signal aborts or the
   * day is used up. Reads 606, 607 and 615 from the outcome by itself.
   */
  run<T extends { ok: true } | Failed>(call: PacedCall, fn: () => Promise<T>): Promise<T | Failed>
  throttled(code: '606' | '615' | '607'): void
  /** What usage.json says of the whole instance, this service included. */
  noteUsage: Quota['noteInstance']
  state(): PacingState
}

/** The store is asked this often while it refuses: another process's call may have ended. */
const LONGEST_POLL_MS = 1_000
const SHORTEST_POLL_MS = 20
/** Own calls are counted here as they go; the store is asked for those of other processes. */
const COUNT_AGAIN_MS = 15_000
/** More than Marketo's window, because calls take unequal time on their way. */
const SAFE_WINDOW_MS = WINDOW_MS + 500

type Turn = { ok: true; id: number | string } | Failed

interface Waiter {
  call: PacedCall
  resolve: (turn: Turn) => void
}

export function createPacing(options: {
  store: CallStore
  limits: MarketoLimits
  now?: () => number
  log?: Log
  /** Told when a pause begins. */
  onPause?: (pause: Pause) => void
}): Pacing {
  const { store, limits, log, onPause } = options
  const now = options.now ?? Date.now
  const throttle = createThrottle(limits, now)
  const quota = createQuota(limits, now)
  const waiting = createWaiting<Waiter>()
  let inFlight = 0
  let pumping = false
  let countedAt = -Infinity
  let alarm = new AbortController()
  let wakes = 0
  const told = new Set<string>()

  const isLow = (priority: Priority): boolean => priority === 'refresh' || priority === 'background'
  const wake = (): void => {
    wakes++
    alarm.abort()
  }

  async function doze(ms: number): Promise<void> {
    alarm = new AbortController()
    const { signal } = alarm
    await sleep(Math.max(SHORTEST_POLL_MS, ms), undefined, { signal }).catch(() => undefined)
  }

  async function pump(): Promise<void> {
    for (let waiter = waiting.first(); waiter; waiter = waiting.first()) {
      await countOwn()
      const refusal = quota.refuses(waiter.call.priority === 'background')
      if (refusal) {
        waiting.remove(waiter.call.priority, waiter)
        waiter.resolve(refusalOf(refusal))
        continue
      }
      const pauseMs = throttle.pausedUntil() - now()
      if (pauseMs > 0) await doze(Math.min(pauseMs, LONGEST_POLL_MS))
      else if (inFlight >= throttle.concurrency()) await doze(LONGEST_POLL_MS)
      else await start(waiter)
    }
    pumping = false
  }

  async function start(waiter: Waiter): Promise<void> {
    const { endpoint, priority, holdMs, signal } = waiter.call
    const low = isLow(priority)
    const wakesBefore = wakes
    const answer = await store
      .tryStart({
        endpoint,
        priority,
        windowMs: SAFE_WINDOW_MS,
        rate: low ? Math.max(1, Math.floor(throttle.rate() * LOW_SHARE)) : throttle.rate(),
        concurrency: low ? Math.max(1, throttle.concurrency() - 1) : throttle.concurrency(),
        holdMs,
        day: marketoDayOf(now()).date,
      })
      .catch((thrown: unknown) => {
        log?.warn({ reason: reasonOf(thrown) }, 'the database could not be asked for a Marketo call')
        return { retryInMs: LONGEST_POLL_MS }
      })
    if ('retryInMs' in answer) {
      // What woke us while the store was asked may have made room.
      if (wakes === wakesBefore) await doze(Math.min(answer.retryInMs, LONGEST_POLL_MS))
      return
    }
    waiting.remove(priority, waiter)
    if (signal?.aborted === true) return finish(answer.id, 'aborted')
    inFlight++
    quota.count()
    waiter.resolve({ ok: true, id: answer.id })
  }

  async function finish(id: number | string, outcome: string): Promise<void> {
    try {
      await store.finish(id, outcome)
    } catch (thrown) {
      // The call keeps its slot until its hold ends: too few calls, never too many.
      log?.warn({ reason: reasonOf(thrown) }, 'the end of a Marketo call could not be stored')
    }
  }

  async function countOwn(): Promise<void> {
    if (now() - countedAt < COUNT_AGAIN_MS) return
    try {
      quota.noteOwn(await store.usedToday(marketoDayOf(now()).date))
      countedAt = now()
    } catch (thrown) {
      log?.warn({ reason: reasonOf(thrown) }, "today's Marketo calls could not be counted")
    }
  }

  /** What an answer says of the limits. Other 6xx codes come before Marketo looks at its quota, perhaps. */
  function heed(outcome: { ok: true } | Failed, startedAt: number): void {
    if (outcome.ok) return quota.answered(startedAt)
    const { code, level } = outcome
    if (code === '606' || code === '615' || code === '607') throttled(code)
    else if (level === 'response' && !code.startsWith('6')) quota.answered(startedAt)
  }

  function throttled(code: '606' | '615' | '607'): void {
    if (code === '607') quota.exhausted()
    else throttle.slowDown(code)
    announce()
  }

  function pauses(): Pause[] {
    const felt = throttle.felt()
    return [
      ...(felt ? [pauseOf(felt, Math.max(throttle.pausedUntil(), now()))] : []),
      ...quota.pauses().map(({ code, until }) => pauseOf(code, until)),
    ]
  }

  /** Each pause is told once, however many calls run into it. */
  function announce(): void {
    const current = pauses()
    for (const pause of current) {
      if (told.has(pause.code)) continue
      log?.warn({ code: pause.code, until: new Date(pause.until).toISOString() }, pause.reason)
      onPause?.(pause)
    }
    told.clear()
    for (const pause of current) told.add(pause.code)
  }

  async function turnOf(call: PacedCall): Promise<Turn> {
    const { priority, signal } = call
    const { promise, resolve } = Promise.withResolvers<Turn>()
    const waiter: Waiter = { call, resolve }
    const onAbort = (): void => {
      waiting.remove(priority, waiter)
      resolve(failed('network', 'aborted', 'before its turn came', false))
    }
    if (signal?.aborted === true) onAbort()
    else {
      signal?.addEventListener('abort', onAbort, { once: true })
      waiting.add(priority, waiter)
      if (waiting.first() === waiter) wake()
      if (!pumping) {
        pumping = true
        void pump()
      }
    }
    const turn = await promise
    signal?.removeEventListener('abort', onAbort)
    if (!turn.ok && turn.code !== 'aborted') announce()
    return turn
  }

  return {
    async run(call, fn) {
      const turn = await turnOf(call)
      if (!turn.ok) return turn
      const startedAt = now()
      let word = 'thrown'
      let goesOn = false
      try {
        const outcome = await fn()
        word = outcome.ok ? 'ok' : outcome.code
        goesOn = !outcome.ok && outcome.sent && outcome.code === 'aborted'
        heed(outcome, startedAt)
        if (!outcome.ok && word === '607')
          return { ...outcome, retryAt: quota.refuses(false)?.retryAt ?? now() }
        return outcome
      } finally {
        if (!goesOn) await finish(turn.id, word)
        inFlight--
        wake()
      }
    },
    throttled,
    noteUsage(usage) {
      quota.noteInstance(usage)
      announce()
    },
    state: () => ({
      usedToday: quota.own(),
      dailyCalls: limits.dailyCalls,
      instanceUsed: quota.instance(),
      instanceDailyCalls: limits.instanceDailyCalls,
      rate: throttle.rate(),
      concurrency: throttle.concurrency(),
      inFlight,
      waiting: waiting.counts(),
      pauses: pauses(),
    }),
  }
}

function pauseOf(code: Pause['code'], until: number): Pause {
  const row = CALL_CODES.get(code)
  return { code, reason: row?.reason ?? code, advice: row?.advice ?? '', until }
}

function refusalOf({ code, retryAt }: QuotaPause): Failed {
  return failed('response', code, 'not sent: the day is used up', false, { retryAt })
}
