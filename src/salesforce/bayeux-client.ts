// One life of one faye client on one subscription: from handshake to its first fault, which ends it for good. faye keeps the protocol
// (ids, client id, handshake → subscribe → connect → connect); every message in and out passes the one extension below. faye's
// dispatcher, with its retries, timers, sockets and websocket probing, is replaced: most traps of facts §2 live there.
/// <reference types="jsforce" />
import faye from 'faye'
import { asError, BridgeError, reasonOf } from '../errors.ts'
import { adviceOf, faultOf, httpFault, rebuild, type BayeuxMessage, type Fault } from './bayeux-faults.ts'
import { createBayeuxTransport, NoMessages } from './bayeux-transport.ts'
import type { Element } from './message-splitter.ts'
import { pause } from './retry.ts'
import { streamEvent, type StreamEvent } from './stream-event.ts'

export interface ClientTiming {
  /** Nothing heard for so long: the client is dead, whatever its sockets say. */
  watchdogMs: number
  /** Handshake, subscribe. */
  requestMs: number
  /** How long the next poll may wait for what came to be stored. Salesforce forgets a client that doesn't poll for 40 s. */
  holdMs: number
  /** Between two polls, should a server answer them all at once. */
  pollSpacingMs: number
}

export interface ClientOptions {
  url: string
  token: string
  channel: string
  /** JSON text of a replay id. */
  cursor: string
  timing: ClientTiming
  onSubscribed(): Promise<void>
  /** Awaited before more is read from the socket. */
  onEvent(event: StreamEvent): Promise<void>
  onHeard(): void
  /** Resolves when everything that came is stored; then the next poll goes out. */
  beforePoll(): Promise<void>
}

export interface BayeuxClient {
  /** Resolves with the first fault; after that nothing is delivered any more. */
  ended: Promise<Fault>
  end(fault: Fault): void
  /** Ends it, and waits for the good-bye to Salesforce. */
  leave(): Promise<void>
}

type Outgoing = BayeuxMessage & { id?: unknown; supportedConnectionTypes?: string[] }

/** What is used of faye's client; jsforce's typings know less. */
interface FayeClient {
  disable(feature: 'websocket'): void
  addExtension(extension: {
    outgoing(message: object, pass: (message: object | null) => void): void
    incoming(message: object, pass: (message: object | null) => void): void
  }): void
  subscribe(channel: string, callback: () => void): { errback(callback: () => void): void }
}

/** What faye's client asks of its dispatcher. */
interface Dispatcher {
  /** Set by faye after the handshake. */
  clientId?: unknown
  connectionType: string
  selectTransport(): void
  sendMessage(message: Outgoing): void
  close(): void
  handleResponse(reply: object): void
}

export function startBayeuxClient(options: ClientOptions): BayeuxClient {
  const { channel, timing } = options
  const transport = createBayeuxTransport(options.url, options.token)
  const life = new AbortController()
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<Fault>()
  const { promise: standing, resolve: resolveStanding } = Promise.withResolvers<undefined>()
  const watchdog = setTimeout(() => {
    end(rebuild('stream_silent', `Salesforce was silent for ${Math.round(timing.watchdogMs / 1000)} s`))
  }, timing.watchdogMs)

  /** The element that is passing through faye, and what is to be awaited because of it. */
  let passing: Element = { text: '', oversized: false }
  let work: Promise<void> = Promise.resolve()
  let nextPollAt = 0
  let closed: Promise<void> | undefined
  let polled: Promise<void> = Promise.resolve()

  function end(fault: Fault): void {
    if (life.signal.aborted) return
    life.abort()
    clearTimeout(watchdog)
    // Without it Salesforce counts the client for another 40 s, and what it sends to nobody as delivered.
    const { clientId } = dispatcher
    const known = typeof clientId === 'string' && !FORGOTTEN.has(fault.code)
    closed = transport.close(known ? { channel: '/meta/disconnect', clientId } : undefined)
    resolveEnded(fault)
  }

  const client = new faye.Client(options.url) as unknown as FayeClient
  client.disable('websocket')
  const dispatcher = Reflect.get(client, '_dispatcher') as Dispatcher
  Object.assign(dispatcher, {
    connectionType: 'long-polling',
    selectTransport: () => undefined,
    close: () => undefined,
    sendMessage(message: Outgoing) {
      deliver(message).catch((error: unknown) => end(transportFault(error)))
    },
  })

  client.addExtension({
    outgoing(message, pass) {
      const going = message as Outgoing
      if (life.signal.aborted) return pass(null)
      if (going.channel === '/meta/handshake') {
        going.supportedConnectionTypes = ['long-polling']
        going.ext = { replay: true }
      }
      if (going.channel === '/meta/subscribe') going.ext = { replay: { [channel]: rawJson(options.cursor) } }
      pass(going)
    },
    incoming(message, pass) {
      const came = message as BayeuxMessage
      const fault = faultOf(came)
      if (fault !== undefined) {
        end(fault)
        return pass(null)
      }
      if (!came.channel.startsWith('/meta/')) {
        work = options.onEvent(streamEvent(passing, came, channel))
        return pass(null)
      }
      if (came.channel === '/meta/handshake' && typeof came.clientId !== 'string') {
        end(rebuild('stream_refused', 'Salesforce answered the handshake without a client id'))
        return pass(null)
      }
      if (came.channel === '/meta/subscribe')
        work = options.onSubscribed().then(() => resolveStanding(undefined))
      if (came.channel === '/meta/connect')
        nextPollAt = Math.max(nextPollAt, Date.now() + adviceOf(came.advice).intervalMs)
      // faye would follow any advice, also into a storm of handshakes.
      delete came.advice
      pass(came)
    },
  })

  async function deliver(message: Outgoing): Promise<void> {
    const poll = message.channel === '/meta/connect'
    if (poll) await readyToPoll()
    if (life.signal.aborted) return
    watchdog.refresh()
    let answered = false
    const take = async (element: Element, status: number): Promise<void> => {
      if (life.signal.aborted) return
      const answers = receive(element, status, message)
      answered ||= answers
      await taken()
    }
    const posted = transport.post(message, take, poll ? undefined : AbortSignal.timeout(timing.requestMs))
    if (poll) polled = posted
    await posted
    if (!answered) end(rebuild('stream_refused', `Salesforce did not answer ${message.channel}`))
  }

  /** True if the element was the answer to what was sent. */
  function receive(element: Element, status: number, sent: Outgoing): boolean {
    watchdog.refresh()
    options.onHeard()
    const value = element.oversized ? undefined : parse(element.text)
    const came = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
    if (typeof came.channel !== 'string') {
      // What can't be read but looks like an event is handed on as it is; the rest is no Bayeux.
      if (value === undefined && element.text.includes('/event/'))
        work = options.onEvent(streamEvent(element, undefined, channel))
      else end(httpFault(status, typeof came.errorCode === 'string' ? came.errorCode : undefined))
      return false
    }
    const answers = came.channel === sent.channel && came.channel !== channel
    // A reply without its id would be lost on faye, and with it the next poll.
    if (answers) came.id = sent.id
    passing = element
    dispatcher.handleResponse(came)
    return answers
  }

  /** Waits for what the last message set going, at most for the hold time. */
  async function taken(): Promise<void> {
    const waited = work
    work = Promise.resolve()
    await held(waited)
  }

  async function readyToPoll(): Promise<void> {
    await standing
    // The reply to a poll may stand before the events of the same answer: first the rest of that.
    await polled
    await held(options.beforePoll())
    await pause(Math.max(0, nextPollAt - Date.now()), life.signal)
    nextPollAt = Date.now() + timing.pollSpacingMs
  }

  async function held(promise: Promise<void>): Promise<void> {
    const done = new AbortController()
    const slow = pause(timing.holdMs, AbortSignal.any([done.signal, life.signal])).then(
      () => end(STORING_SLOW),
      () => undefined,
    )
    await Promise.race([promise, slow]).finally(() => done.abort())
    watchdog.refresh()
  }

  client.subscribe(channel, () => undefined).errback(() => undefined)

  return {
    ended,
    end,
    async leave() {
      end(rebuild('stream_left', 'The stream was closed'))
      await closed
    },
  }
}

/** Faults after which Salesforce has no such client, or lets nobody say good-bye. */
const FORGOTTEN = new Set([
  'stream_client_lost',
  'stream_disconnected',
  'stream_token_refused',
  'stream_server_busy',
])

const STORING_SLOW: Fault = {
  ...rebuild('stream_storing_slow', 'Events come faster than they can be stored'),
  advice:
    'It goes on from the stored position by itself. If it stays, the database is too slow or not reachable.',
}

function transportFault(thrown: unknown): Fault {
  const error = asError(thrown)
  if (error instanceof BridgeError) return { ...rebuild(error.code, error.message), advice: error.advice }
  if (error instanceof NoMessages)
    return httpFault(error.status, /"errorCode"\s*:\s*"(\w+)"/.exec(error.body)?.[1])
  if (error.name === 'TimeoutError') return rebuild('stream_silent', 'Salesforce did not answer in time')
  return rebuild('stream_transport', `The connection to Salesforce's streaming broke: ${reasonOf(error)}`)
}

/** Written as it is: a replay id may be larger than numbers are exact. TypeScript doesn't know `JSON.rawJSON` yet. */
function rawJson(text: string): unknown {
  return (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(text)
}

/** Undefined for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
