// The Bayeux server at /cometd/{version}: handshake, subscribe with replay, connect by long polling, disconnect.
// Source of shapes, texts and limits: salesforce §1.

import { ERRORS, accept, eventMessage, handshakeReply, refuse, retryAdvice } from './bayeux-message.ts'
import type { Message, Refusal } from './bayeux-message.ts'
import { createClients, type Client } from './bayeux-clients.ts'
import { decideSubscription } from './bayeux-subscribe.ts'
import type { EventBus } from './event-bus.ts'
import { BodyTooLarge, JSON_TYPE, type Exchange } from './exchange.ts'
import type { FaultBox } from './faults.ts'
import type { RollingCount } from './rolling-count.ts'
import type { Sessions } from './sessions.ts'

export interface BayeuxSettings {
  longPollMs: number
  clientTimeoutMs: number
  mostClients: number
  dailyDeliveredEvents: number
  /** Events in one answer at most. */
  eventsPerAnswer: number
  /** Overrides the count of deliveries: the organisation is over its limit. */
  overDailyLimit: boolean
  channels: Set<string>
  restrictedChannels: Set<string>
}

export interface DisconnectOptions {
  error?: string
  /** What the connect that is answered together with it advises; `absent`: it isn't answered at all. */
  reconnect?: 'none' | 'handshake' | 'retry' | 'absent'
}

export interface Bayeux {
  answer(exchange: Exchange): Promise<void>
  subscribers(channel?: string): number
  clients(): number
  /** Unsolicited /meta/disconnect to everybody (§1, "API v64.0+"). */
  disconnectAll(options?: DisconnectOptions): void
  /** Ends all sessions without a word: their next message meets 403::Unknown client. */
  forgetClients(): void
  /** Answers held polls whose fate has changed (token revoked, limit reached). */
  recheck(): void
  close(): void
}

export function createBayeux(options: {
  bus: EventBus
  sessions: Sessions
  faults: FaultBox
  deliveries: RollingCount
  settings: BayeuxSettings
}): Bayeux {
  const { bus, sessions, faults, deliveries, settings } = options
  const clients = createClients({ timeoutMs: () => settings.clientTimeoutMs })

  const overLimit = () => settings.overDailyLimit || deliveries.total() >= settings.dailyDeliveredEvents

  /** Takes what waits for the client, in order of replay id per channel, within the daily allocation. */
  const takeEvents = (client: Client): Message[] => {
    const messages: Message[] = []
    for (const [channel, position] of client.positions) {
      const left = settings.dailyDeliveredEvents - deliveries.total() - messages.length
      const most = Math.min(settings.eventsPerAnswer - messages.length, left)
      const events = most > 0 && !overLimit() ? bus.after(channel, position, most) : []
      for (const event of events) messages.push(eventMessage(event, client.version))
      const last = events.at(-1)
      if (last) client.positions.set(channel, last.replayId)
    }
    deliveries.add(messages.length)
    return messages
  }
  const hasEvents = (client: Client) =>
    !overLimit() &&
    [...client.positions].some(([channel, position]) => bus.after(channel, position, 1).length > 0)

  const connectReply = (client: Client, request: Message, extra = {}): Message[] => [
    ...takeEvents(client),
    accept(request, extra),
  ]

  let flushing = false
  const flush = () => {
    flushing = false
    for (const client of clients.list()) {
      if (client.held && hasEvents(client)) client.held.finish(connectReply(client, client.held.request))
    }
  }
  // What one transaction publishes goes out in one answer.
  bus.onPublish(() => {
    if (!flushing) setImmediate(flush)
    flushing = true
  })

  const endWith = (client: Client, request: Message, refusal: Refusal): Message[] => {
    clients.remove(client)
    return [refuse(request, refusal)]
  }

  const handshake = (exchange: Exchange, request: Message, cookie: string | undefined): Message => {
    const denied = (failureReason: string): Message =>
      refuse(request, { error: ERRORS.handshakeDenied, failureReason, reconnect: 'none' })
    const version = Number(/^\/cometd\/(\d+\.\d)/.exec(exchange.url.pathname)?.[1])
    if (!(version >= 37 && version <= 68))
      return refuse(request, { error: ERRORS.version, reconnect: 'none' })
    const fault = faults.take('handshake', exchange.call)
    if (fault) return refuse(request, fault)
    if (!exchange.headers.authorization) return denied(ERRORS.noAuthentication)
    if (!sessions.accepts(exchange.headers.authorization)) return denied(ERRORS.authentication)
    const types = request['supportedConnectionTypes']
    if (!Array.isArray(types) || !types.includes('long-polling')) {
      return refuse(request, { error: ERRORS.connectionType, reconnect: 'none' })
    }
    if (clients.list().length >= settings.mostClients) return denied(ERRORS.clientCap)
    const client = clients.create(cookie, version)
    // The real cookie is Secure too; over plain http no client would send that back.
    exchange.header('Set-Cookie', `BAYEUX_BROWSER=${client.cookie}; Path=/cometd/; HttpOnly`)
    return handshakeReply(request, client.id)
  }

  const subscribe = (exchange: Exchange, request: Message, client: Client): Message => {
    const fault = faults.take('subscribe', exchange.call)
    if (fault) return refuse(request, { ...fault, error: nameReplayId(fault.error, request) })
    if (overLimit()) return refuse(request, { error: ERRORS.dailyLimit, reconnect: 'none' })
    const decision = decideSubscription(request, settings, bus)
    if ('error' in decision) return refuse(request, { error: decision.error })
    client.positions.set(decision.channel, decision.position)
    return accept(request)
  }

  /** One client per cookie jar: a second one that polls is not known (§1, last row of the table). */
  const connect = async (
    exchange: Exchange,
    request: Message,
    client: Client,
    alone: boolean,
  ): Promise<Message[]> => {
    const fault = faults.take('connect', exchange.call)
    if (fault) return endWith(client, request, fault)
    if (request['connectionType'] !== 'long-polling') {
      return [refuse(request, { error: ERRORS.connectionType, reconnect: 'none' })]
    }
    if (clients.rival(client)) {
      return endWith(client, request, { error: ERRORS.unknownClient, reconnect: 'handshake' })
    }
    if (client.farewell) {
      clients.remove(client)
      return client.farewell(request)
    }
    if (overLimit() && client.positions.size > 0) {
      return endWith(client, request, { error: ERRORS.dailyLimit, reconnect: 'none' })
    }
    client.held?.finish([accept(client.held.request)])
    clients.connectArrived(client)

    const first = !client.connectedOnce
    client.connectedOnce = true
    const asked = (request['advice'] as { timeout?: unknown } | undefined)?.timeout
    if (first || !alone || asked === 0 || hasEvents(client)) {
      const advice = first ? retryAdvice(settings.longPollMs) : {}
      const reply = connectReply(client, request, advice)
      clients.expectConnect(client)
      return reply
    }
    return hold(exchange, request, client)
  }

  const hold = (exchange: Exchange, request: Message, client: Client): Promise<Message[]> =>
    new Promise((resolve) => {
      const finish = (messages: Message[]) => {
        clearTimeout(timer)
        if (client.held === held) delete client.held
        clients.expectConnect(client)
        resolve(messages)
      }
      const held = { request, finish, authorization: exchange.headers.authorization }
      const timer = setTimeout(() => finish(connectReply(client, request)), settings.longPollMs)
      client.held = held
      // Nobody is there any more: nothing is taken from the bus.
      exchange.onClose(() => client.held === held && finish([]))
    })

  const handle = async (exchange: Exchange, request: Message, alone: boolean): Promise<Message[]> => {
    const cookie = /(?:^|;\s*)BAYEUX_BROWSER=([^;]+)/.exec(exchange.headers.cookie ?? '')?.[1]
    if (request.channel === '/meta/handshake') return [handshake(exchange, request, cookie)]
    if (!sessions.accepts(exchange.headers.authorization)) {
      const failure = { error: ERRORS.authentication, reconnect: 'none' as const }
      const client = clients.find(request['clientId'])
      return client ? endWith(client, request, failure) : [refuse(request, failure)]
    }
    const client = clients.find(request['clientId'])
    if (!client) return [refuse(request, { error: ERRORS.unknownClient, reconnect: 'handshake' })]
    if (cookie !== client.cookie) return [refuse(request, { error: ERRORS.noCookie(client.id) })]
    switch (request.channel) {
      case '/meta/connect':
        return connect(exchange, request, client, alone)
      case '/meta/subscribe':
        return [subscribe(exchange, request, client)]
      case '/meta/unsubscribe':
        client.positions.delete(String(request['subscription']))
        return [accept(request)]
      case '/meta/disconnect':
        client.held?.finish([accept(client.held.request)])
        clients.remove(client)
        return [accept(request)]
      default:
        // Events are published through the REST API or Apex, never over CometD.
        return [refuse(request, { error: ERRORS.restricted })]
    }
  }

  return {
    async answer(exchange) {
      const type = exchange.headers['content-type'] ?? ''
      if (exchange.method !== 'POST' || !type.startsWith('application/json')) {
        return exchange.send(
          400,
          'text/html',
          'HTTP method POST with Content-Type application/json is required',
        )
      }
      let body: string
      try {
        body = await exchange.body()
      } catch (error) {
        if (!(error instanceof BodyTooLarge)) throw error
        return exchange.send(413, 'text/html', 'Maximum Request Size Exceeded')
      }
      const messages = readMessages(body)
      if (!messages) return exchange.send(400, 'text/html', 'The request body is no array of Bayeux messages')
      exchange.call.detail = messages.map(summary).join(', ')
      const replies: Message[] = []
      for (const message of messages) {
        replies.push(...(await handle(exchange, message, messages.length === 1)))
      }
      return exchange.send(200, JSON_TYPE, JSON.stringify(replies))
    },
    subscribers: (channel) =>
      clients.list().filter(({ positions }) => (channel ? positions.has(channel) : positions.size > 0))
        .length,
    clients: () => clients.list().length,
    disconnectAll({ error = ERRORS.unknownClient, reconnect = 'none' } = {}) {
      for (const client of clients.list()) {
        const farewell = (request: Message): Message[] => [
          { channel: '/meta/disconnect', clientId: client.id },
          ...(reconnect === 'absent' ? [] : [refuse(request, { error, reconnect })]),
        ]
        if (client.held) {
          client.held.finish(farewell(client.held.request))
          clients.remove(client)
        } else client.farewell = farewell
      }
    },
    forgetClients() {
      for (const client of clients.list()) {
        const refusal = { error: ERRORS.unknownClient, reconnect: 'handshake' as const }
        client.held?.finish([refuse(client.held.request, refusal)])
        clients.remove(client)
      }
    },
    recheck() {
      for (const client of clients.list()) {
        if (!client.held) continue
        const error = !sessions.accepts(client.held.authorization)
          ? ERRORS.authentication
          : overLimit()
            ? ERRORS.dailyLimit
            : undefined
        if (error) client.held.finish(endWith(client, client.held.request, { error, reconnect: 'none' }))
      }
    },
    close: () => clients.close(),
  }
}

/** A fault does not know the id that it will refuse. */
function nameReplayId(error: string, request: Message): string {
  const map = (request['ext'] as { replay?: Record<string, unknown> } | undefined)?.replay
  return error.replace('{…}', `{${String(map?.[String(request['subscription'])])}}`)
}

function readMessages(body: string): Message[] | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const messages: unknown[] = Array.isArray(value) ? value : [value]
    return messages.every(isMessage) ? messages : undefined
  } catch {
    return undefined
  }
}

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && typeof (value as Message).channel === 'string'

function summary(message: Message): string {
  if (message.channel !== '/meta/subscribe') return message.channel
  const replay = (message['ext'] as { replay?: unknown } | undefined)?.replay
  return `${message.channel} ${String(message['subscription'])} ${JSON.stringify(replay ?? null)}`
}
