// Lets calls to Marketo go within the rate, the concurrency and the day's quota. What counts over all processes is in a store that
// is passed in; one loop asks it for all waiters of this process. Short limits are waited for; a used-up day is refused at once.
import { setTimeout as sleep } from 'node:timers/promises'
import type { MarketoLimits } from '../config.ts'
import { reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { CALL_CODES } from './call-codes.ts'
import { marketoDayOf } from './marketo-day.ts'
import { failed, type Failed } from './outcome.ts'
import { createQuota, type QuotaPause } from './quota.ts'
import { createThrottle, WINDOW_MS } from './throttle.ts'

/** In the order of their claims. The last two never get 10 % of the rate, nor the last slot. */
export type Priority = 'ids' | 'live' | 'refresh' | 'background'
const PRIORITIES: readonly Priority[] = ['ids', 'live', 'refresh', 'background']
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
  noteUsage(total: number): void
  state(): PacingState
}

/** The store is asked this often while it refuses: another process's call may have ended. */
const LONGEST_POLL_MS = 1_000
const SHORTEST_POLL_MS = 20
/** Own calls are counted here as they go; the store is asked for those of other processes. */
const COUNT_AGAIN_MS = 15_000
/** More than Marketo's window, because calls take unequal time on their way. */
const SAFE_WINDOW_MS = WINDOW_MS + 500

interface Waiter {
  call: PacedCall
  go: (id: number | string) => void
  refuse: (outcome: Failed) => void
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
  const waiting: Record<Priority, Waiter[]> = { ids: [], live: [], refresh: [], background: [] }
  let inFlight = 0
  let pumping = false
  let countedAt = -Infinity
  let alarm = new AbortController()
  const told = new Set<string>()

  const isLow = (priority: Priority): boolean => priority === 'refresh' || priority === 'background'
  const head = (): Waiter | undefined => PRIORITIES.map((priority) => waiting[priority][0]).find(Boolean)
  const wake = (): void => alarm.abort()

  async function doze(ms: number): Promise<void> {
    alarm = new AbortController()
    const { signal } = alarm
    await sleep(Math.max(SHORTEST_POLL_MS, ms), undefined, { signal }).catch(() => undefined)
  }

  function leave(waiter: Waiter): void {
    const queue = waiting[waiter.call.priority]
    const place = queue.indexOf(waiter)
    if (place >= 0) queue.splice(place, 1)
  }

  async function pump(): Promise<void> {
    for (let waiter = head(); waiter; waiter = head()) {
      await countOwn()
      const refusal = quota.refuses(waiter.call.priority === 'background')
      if (refusal) {
        leave(waiter)
        waiter.refuse(refusalOf(refusal))
        continue
      }
      const pauseMs = throttle.pausedUntil() - now()
      if (pauseMs > 0) await doze(Math.min(pauseMs, LONGEST_POLL_MS))
      else if (inFlight >= throttle.concurrency()) await doze(LONGEST_POLL_MS)
      else await start(waiter)
    }
  }

  async function start(waiter: Waiter): Promise<void> {
    const { endpoint, priority, holdMs, signal } = waiter.call
    const low = isLow(priority)
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
      // A waiter with an older claim may have come meanwhile; it is not made to sleep for this one.
      if (head() === waiter) await doze(Math.min(answer.retryInMs, LONGEST_POLL_MS))
      return
    }
    leave(waiter)
    if (signal?.aborted === true) return finish(answer.id, 'aborted')
    inFlight++
    quota.count()
    waiter.go(answer.id)
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

  async function turn(call: PacedCall): Promise<{ ok: true; id: number | string } | Failed> {
    const { promise, resolve } = Promise.withResolvers<{ ok: true; id: number | string } | Failed>()
    const waiter: Waiter = { call, go: (id) => resolve({ ok: true, id }), refuse: resolve }
    const onAbort = (): void => {
      leave(waiter)
      resolve(failed('network', 'aborted', 'before its turn came', false))
    }
    if (call.signal?.aborted === true) onAbort()
    else {
      call.signal?.addEventListener('abort', onAbort, { once: true })
      const first = head()
      waiting[call.priority].push(waiter)
      if (first === undefined || head() === waiter) wake()
      if (!pumping) {
        pumping = true
        void pump().finally(() => {
          pumping = false
        })
      }
    }
    const outcome = await promise
    call.signal?.removeEventListener('abort', onAbort)
    if (!outcome.ok && outcome.code !== 'aborted') announce()
    return outcome
  }

  return {
    async run(call, fn) {
      const started = await turn(call)
      if (!started.ok) return started
      const startedAt = now()
      let word = 'thrown'
      let goesOn = false
      try {
        const outcome = await fn()
        word = outcome.ok ? 'ok' : outcome.code
        goesOn = !outcome.ok && outcome.sent && outcome.code === 'aborted'
        if (word === '606' || word === '615' || word === '607') throttled(word)
        else if (outcome.ok || outcome.level === 'response') quota.answered(startedAt)
        return outcome
      } finally {
        if (!goesOn) await finish(started.id, word)
        inFlight--
        wake()
      }
    },
    throttled,
    noteUsage(total) {
      quota.noteInstance(total)
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
      waiting: {
        ids: waiting.ids.length,
        live: waiting.live.length,
        refresh: waiting.refresh.length,
        background: waiting.background.length,
      },
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
