// The Bayeux messages that Salesforce sends, and its error texts. Source of all: salesforce §1.

import type { StoredEvent } from './event-bus.ts'
import { to15 } from './record-id.ts'

export type Message = Record<string, unknown> & { channel: string }

export const ERRORS = {
  authentication: '401::Authentication invalid',
  noAuthentication: '401::Request requires authentication',
  handshakeDenied: '403::Handshake denied',
  unknownClient: '403::Unknown client',
  clientCap: '403::Organization concurrent user limit exceeded',
  dailyLimit: '403::Organization total events daily limit exceeded',
  serverBusy: '503::Server is too busy. Please try your request again later.',
  connectionType: '400::Invalid connection type',
  version: "400::Unsupported API version. Only '37.0' and above",
  restricted: '403::Restricted channel',
  cannotCreate: '403::Cannot create channel',
  noCookie: (client: string) =>
    `400::Client {${client}} has established a session, but no {BAYEUX_BROWSER} cookie present`,
  noChannel: (channel: string) => `400::The channel you requested to subscribe to doesn't exist {${channel}}`,
  replayMap: (channel: string, map: unknown) =>
    `400::The replayId for channel {${channel}} wasn't found using the provided replay ID map {${JSON.stringify(map)}}`,
  replayId: (id: unknown) =>
    `400::The replayId {${String(id)}} you provided was invalid. Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`,
} as const

export interface Refusal {
  error: string
  failureReason?: string | undefined
  reconnect?: 'none' | 'handshake' | 'retry' | undefined
}

/** The answer to one message; `ext.sfdc.failureReason` tells the truth where `error` does not. */
export function refuse(request: Message, { error, failureReason, reconnect }: Refusal): Message {
  return {
    ...(failureReason !== undefined && { ext: { sfdc: { failureReason } } }),
    ...(reconnect !== undefined && { advice: { reconnect, interval: 0 } }),
    channel: request.channel,
    ...(request['id'] !== undefined && { id: request['id'] }),
    ...(request['clientId'] !== undefined && { clientId: request['clientId'] }),
    ...(request['subscription'] !== undefined && { subscription: request['subscription'] }),
    error,
    successful: false,
  }
}

/** The server sends ext.replay even when the client did not ask. */
export const handshakeReply = (request: Message, clientId: string): Message => ({
  ext: { replay: true, 'payload.format': true },
  minimumVersion: '1.0',
  clientId,
  supportedConnectionTypes: ['long-polling'],
  channel: '/meta/handshake',
  ...(request['id'] !== undefined && { id: request['id'] }),
  version: '1.0',
  successful: true,
})

export const accept = (request: Message, extra: Record<string, unknown> = {}): Message => ({
  clientId: request['clientId'],
  channel: request.channel,
  ...(request['id'] !== undefined && { id: request['id'] }),
  ...(request['subscription'] !== undefined && { subscription: request['subscription'] }),
  ...extra,
  successful: true,
})

export const retryAdvice = (timeout: number) => ({ advice: { interval: 0, timeout, reconnect: 'retry' } })

/** EventUuid is there from endpoint version 52.0; CreatedById has 15 characters (§9). */
export function eventMessage(event: StoredEvent, version: number): Message {
  const header = {
    ...(version >= 52 && { EventUuid: event.eventUuid }),
    replayId: event.replayId,
  }
  if (event.data !== undefined) return { data: event.data, channel: event.channel }
  const payload =
    typeof event.payload === 'object' && event.payload !== null && !Array.isArray(event.payload)
      ? {
          CreatedDate: new Date(event.publishedAt).toISOString(),
          CreatedById: to15(event.createdById),
          ...event.payload,
        }
      : event.payload
  return { data: { schema: 'dffQ2QLzDNHqwB8_sHMxdA', payload, event: header }, channel: event.channel }
}
