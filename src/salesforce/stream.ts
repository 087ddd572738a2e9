// The subscription that never dies silently (design §5, rule 2): one client after the other, each from the stored cursor, with a visible
// reason whenever there is none. Events are doorbells: repeats are harmless, a gap is told to the caller, who owes a reconcile.
import { once } from 'node:events'
import { asError, BridgeError, reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { startBayeuxClient, type BayeuxClient, type ClientTiming } from './bayeux-client.ts'
import { rebuild, type Fault } from './bayeux-faults.ts'
import type { Salesforce } from './connect.ts'
import { createEventIntake, type EventIntake } from './event-intake.ts'
import { backoffMs, pause, type Backoff } from './retry.ts'
import { isCursor, NEW_ONLY, startedAnew, type StreamEvent } from './stream-event.ts'

export type { StreamEvent } from './stream-event.ts'

export interface StreamState {
  state: 'connecting' | 'live' | 'backing-off' | 'daily-limit' | 'stopped'
  since: Date
  code?: string
  reason?: string
  advice?: string
  cursor: string | null
  lastEventAt: Date | null
  lastMessageAt: Date | null
  received: number
}

export interface StreamTiming extends ClientTiming {
  backoff: Backoff
  serverBusy: Backoff
  dailyLimitMs: number
  /** What an admin has to cure is tried again after this time. */
  stoppedMs: number
  /** A client that lived so long was well: the next fault starts the backoff anew. */
  healthyMs: number
  /** Reading the stored cursor, and noting a gap. */
  storedMs: number
  sliceSize: number
  maxPendingEvents: number
  /** In characters. */
  maxPendingSize: number
}

export interface StreamOptions {
  salesforce: Pick<Salesforce, 'instanceUrl' | 'apiVersion' | 'accessToken' | 'renew'>
  channel: string
  log: Log
  /** Opaque text of this org and channel; null where no subscription ever stood. */
  loadCursor(): Promise<string | null>
  /** The position alone, where no event has brought one. */
  storeCursor(cursor: string): Promise<void>
  /** Marks and cursor in one transaction. When it rejects, the client is dropped and resumed from the stored cursor. */
  store(batch: { events: StreamEvent[]; cursor: string }): Promise<void>
  /** Events may be missing: notes that a reconcile is owed. Awaited before any event that came after the gap is stored. */
  onGap(reason: string): Promise<void>
  onState(state: StreamState): void
  timing?: Partial<StreamTiming>
}

export interface Stream {
  state(): StreamState
  /** Resolves when the first subscription stands; rejects when the stream is closed before. */
  subscribed: Promise<void>
  /** Stores nothing more after it resolved. */
  close(): Promise<void>
}

export const TIMING: StreamTiming = {
  watchdogMs: 120_000,
  requestMs: 20_000,
  // Salesforce forgets a client 40 s after its last answer.
  holdMs: 30_000,
  pollSpacingMs: 100,
  // The stream is back within 60 s after any one fault: a request that still hangs (20 s), this wait, and the handshake.
  backoff: { firstMs: 1_000, capMs: 30_000 },
  serverBusy: { firstMs: 120_000, capMs: 170_000 },
  dailyLimitMs: 900_000,
  // Within 60 s after an admin has cured it, the stream is back too.
  stoppedMs: 30_000,
  healthyMs: 60_000,
  storedMs: 30_000,
  sliceSize: 500,
  maxPendingEvents: 2_000,
  // A slice of events with 200 ids each is half of it. Measured: 6 MB of memory, 11 MB with characters beyond Latin-1.
  maxPendingSize: 4_000_000,
}

/** One client at once after a fault that a new client cures; more often would be a storm. */
const CURE_SPACING_MS = 10_000

const CHECK_DATABASE = 'Check the database (DATABASE_URL); it is tried again by itself.'

const LEFT = rebuild('stream_left', 'The stream was closed')

export function openStream(options: StreamOptions): Stream {
  const { salesforce, channel, log } = options
  const timing = { ...TIMING, ...options.timing }
  const closing = new AbortController()
  const {
    promise: subscribed,
    resolve: resolveSubscribed,
    reject: rejectSubscribed,
  } = Promise.withResolvers<undefined>()
  subscribed.catch(() => undefined)
  let state: StreamState = {
    state: 'connecting',
    since: new Date(),
    cursor: null,
    lastEventAt: null,
    lastMessageAt: null,
    received: 0,
  }
  let client: BayeuxClient | undefined
  /** The last one; undefined while live. */
  let fault: Fault | undefined
  let failures = 0
  let curedAt = 0
  /** Has a subscription of this stream ever stood? From then on being without a cursor means a gap. */
  let stood = false
  /** A stored cursor that Salesforce refused. */
  let refusedCursor: string | undefined

  function enter(next: StreamState['state']): void {
    const { code: _code, reason: _reason, advice: _advice, ...rest } = state
    const why = fault === undefined ? {} : { code: fault.code, reason: fault.reason, advice: fault.advice }
    state = { ...rest, state: next, since: next === state.state ? state.since : new Date(), ...why }
    try {
      options.onState({ ...state })
    } catch (error) {
      log.error({ err: error }, 'telling the state of the stream failed')
    }
  }

  /** From the stored cursor to the first fault. */
  async function live(): Promise<Fault> {
    const stored = await inTime(options.loadCursor(), 'the stored position could not be read')
    if (closing.signal.aborted) return LEFT
    const gap = gapBefore(stored)
    const cursor = stored === null || gap !== undefined ? NEW_ONLY : stored
    state.cursor = stored === NEW_ONLY ? null : stored
    const token = salesforce.accessToken()
    const intake = intakeFrom(cursor)
    const started = Date.now()
    let first = true
    client = startBayeuxClient({
      url: `${salesforce.instanceUrl}/cometd/${salesforce.apiVersion}`,
      token,
      channel,
      cursor,
      timing,
      onSubscribed: () => standing(cursor, gap),
      async onEvent(event) {
        state.received += 1
        state.lastEventAt = new Date()
        const anew = first && startedAnew(cursor, event)
        // One without a position says nothing about the stream.
        first &&= event.cursor === null
        if (anew) await noteGap('the stream has started anew, its positions are lower than the stored one')
        await intake.offer(event)
      },
      onHeard: () => (state.lastMessageAt = new Date()),
      beforePoll: () => intake.drained(),
    })
    const fault = await client.ended
    if (Date.now() - started >= timing.healthyMs) failures = 0
    failures += 1
    // The state is told first: storing may be what hangs.
    if (!closing.signal.aborted) tell(fault)
    // What came is stored still, as far as storing isn't the fault: a second delivery would cost quota.
    if (!fault.code.startsWith('stream_storing'))
      await Promise.race([intake.drained(), pause(timing.holdMs, closing.signal)]).catch(() => undefined)
    await intake.stop()
    if (fault.kind === 'bad-replay') refusedCursor = cursor
    if (fault.kind === 'renew-token' && !closing.signal.aborted)
      await Promise.race([salesforce.renew(token), once(closing.signal, 'abort')])
    return fault
  }

  function intakeFrom(cursor: string): EventIntake {
    return createEventIntake({
      cursor,
      sliceSize: timing.sliceSize,
      maxPending: timing.maxPendingEvents,
      maxPendingSize: timing.maxPendingSize,
      store: (batch) => options.store(batch),
      onStored: (next) => (state.cursor = next),
      onFailed: (error) =>
        client?.end(faultOfThrown(error, 'stream_storing_failed', 'Events could not be stored')),
    })
  }

  /** Why events may be missing if the subscription starts now; undefined if none are. */
  function gapBefore(stored: string | null): string | undefined {
    if (stored === NEW_ONLY || (stored === null && stood))
      return 'the stream was interrupted before a position could be stored'
    if (stored === null) return undefined
    if (!isCursor(stored)) return 'the stored position is not one of this stream'
    if (stored === refusedCursor) return 'Salesforce no longer has the events since the stored position'
    return undefined
  }

  async function standing(cursor: string, gap: string | undefined): Promise<void> {
    if (gap !== undefined) await noteGap(gap)
    // Until the first event there is no position; whoever takes over is to know that a subscription stood.
    if (cursor === NEW_ONLY) await inTime(options.storeCursor(NEW_ONLY), 'the position could not be stored')
    stood = true
    fault = undefined
    enter('live')
    resolveSubscribed(undefined)
    const from = cursor === NEW_ONLY ? 'from now on' : 'from the stored position'
    log.info({ channel }, `subscribed to ${channel} ${from}`)
  }

  /** Before anything that came after the gap is stored: a stored cursor would hide it from whoever takes over. */
  async function noteGap(reason: string): Promise<void> {
    log.warn({ channel }, `events may be missing: ${reason}`)
    await inTime(options.onGap(reason), 'the gap could not be noted').catch((error: unknown) => {
      if (error instanceof BridgeError) throw error
      throw new BridgeError(
        'stream_storing_failed',
        `The gap could not be noted: ${reasonOf(error)}`,
        CHECK_DATABASE,
      )
    })
  }

  function tell(next: Fault): void {
    fault = next
    log.warn({ channel, code: next.code, failures }, next.reason)
    enter(next.kind === 'daily-limit' ? 'daily-limit' : next.kind === 'config' ? 'stopped' : 'backing-off')
  }

  function waitMs({ kind }: Fault): number {
    // A refused position and a refused token are cured by the next client; only a repetition waits.
    if ((kind === 'bad-replay' || kind === 'renew-token') && Date.now() - curedAt > CURE_SPACING_MS) {
      curedAt = Date.now()
      return 0
    }
    if (kind === 'server-busy') return backoffMs(timing.serverBusy, failures)
    if (kind === 'daily-limit')
      return backoffMs({ firstMs: timing.dailyLimitMs, capMs: timing.dailyLimitMs }, 1)
    if (kind === 'config') return timing.stoppedMs
    return backoffMs(timing.backoff, failures)
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      // Down for a reason that an admin or the clock has to cure: that stays visible until the stream is live again.
      if (state.state === 'backing-off') enter('connecting')
      const ended = await live().catch((error: unknown) => {
        failures += 1
        const thrown = faultOfThrown(error, 'stream_failed', 'The stream could not be opened')
        if (!closing.signal.aborted) tell(thrown)
        return thrown
      })
      await pause(waitMs(ended), closing.signal).catch(() => undefined)
    }
  }

  async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
    const done = new AbortController()
    const late = pause(timing.storedMs, done.signal).then(() => {
      throw new BridgeError(
        'stream_storing_slow',
        `Within ${Math.round(timing.storedMs / 1000)} s ${what}.`,
        CHECK_DATABASE,
      )
    })
    late.catch(() => undefined)
    return Promise.race([promise, late]).finally(() => done.abort())
  }

  enter('connecting')
  const running = run()

  return {
    state: () => ({ ...state }),
    subscribed,
    async close() {
      closing.abort()
      await client?.leave()
      await running
      rejectSubscribed(new Error('the stream was closed'))
    },
  }
}

/** A thrown error as a fault; what an admin has to cure says so itself. */
function faultOfThrown(thrown: unknown, code: string, what: string): Fault {
  const error = asError(thrown)
  if (!(error instanceof BridgeError)) return { ...rebuild(code, `${what}: ${reasonOf(error)}`) }
  const cured = error.code === 'salesforce_login_refused' || error.code === 'salesforce_org_changed'
  return {
    kind: cured ? 'config' : 'rebuild',
    code: error.code,
    reason: reasonOf(error),
    advice: error.advice,
  }
}
