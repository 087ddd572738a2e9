// The faults by their names in the domain. Each takes `times` (1 unless said; Infinity until remove()),
// `skip`, `kind` of call and `when`; see faults.ts.

import { ERRORS } from './bayeux-message.ts'
import type { Bayeux, BayeuxSettings, DisconnectOptions } from './bayeux.ts'
import type { Call } from './call-log.ts'
import type { EventBus } from './event-bus.ts'
import { JSON_TYPE } from './exchange.ts'
import type { FaultBox, FaultHandle, FaultOptions } from './faults.ts'
import type { Org } from './org.ts'
import type { QueryDesk } from './rest-query.ts'
import type { Sessions } from './sessions.ts'

export interface Faults {
  /** All access tokens are void: REST 401 INVALID_SESSION_ID, streams 401::Authentication invalid. */
  expireTokens(): void
  /** The token endpoint refuses. */
  refuseTokens(options?: FaultOptions & { error?: string; description?: string }): FaultHandle
  /** Any status, with Salesforce's JSON, or a page of HTML as a router in front would send. */
  status(
    status: number,
    options?: FaultOptions & {
      errorCode?: string
      message?: string
      html?: boolean
      headers?: Record<string, string>
    },
  ): FaultHandle
  requestLimitExceeded(options?: FaultOptions): FaultHandle
  html200(options?: FaultOptions): FaultHandle
  contentType(type: string, options?: FaultOptions): FaultHandle
  truncate(options?: FaultOptions): FaultHandle
  dropConnection(options?: FaultOptions & { moment?: 'before' | 'mid-body' | 'after' }): FaultHandle
  slow(delayMs: number, options?: FaultOptions): FaultHandle
  /** failureReason 503::Server is too busy while error reads 401 (salesforce §1). */
  serverBusy(options?: FaultOptions & { at?: 'handshake' | 'connect' | 'subscribe' }): FaultHandle
  clientCap(options?: FaultOptions): FaultHandle
  unknownClient(options?: FaultOptions & { reconnect?: 'handshake' | 'none' }): FaultHandle
  /** Ends all sessions: what comes next from them is from an unknown client. */
  forgetClients(): void
  disconnectClients(options?: DisconnectOptions): void
  refuseSubscribe(error: string, options?: FaultOptions): FaultHandle
  /** 400::The replayId {N} you provided was invalid. */
  refuseReplay(options?: FaultOptions): FaultHandle
  dailyLimit(on: boolean): void
  restrictChannel(channel?: string): { remove(): void }
  failBulkJob(options?: FaultOptions & { errorMessage?: string }): FaultHandle
  /** A page of results ends early, with a complete or a broken answer, or as a proxy would send it on that keeps to no rule. */
  cutBulkCsv(options?: FaultOptions & { keep?: number; drop?: boolean; bare?: boolean }): FaultHandle
  loseQueryCursors(): void
  dropEventsAtSource(count: number): void
  duplicateEvents(count: number): void
  /** Org migration: retained events are gone, old replay ids mean nothing. */
  resetEvents(): void
  /** The integration user has no access to an object (INVALID_TYPE) or a field (INVALID_FIELD). */
  withhold(object: string, field?: string): { remove(): void }
  lockRows(count: number): void
  removeAll(): void
}

const HTML = '<!DOCTYPE html><html><body><h1>Temporarily unavailable</h1></body></html>\n'

const countsAsRequest = (call: Call): boolean => call.kind !== 'oauth' && call.kind !== 'bayeux'

export function createFaultVerbs(parts: {
  box: FaultBox
  sessions: Sessions
  bayeux: Bayeux
  settings: BayeuxSettings
  bus: EventBus
  org: Org
  queries: QueryDesk
  withheld: Set<string>
}): Faults {
  const { box, sessions, bayeux, settings, bus, org, withheld } = parts
  const replayError = ERRORS.replayId('…')
  return {
    expireTokens: () => sessions.revokeAll(),
    refuseTokens({
      error = 'invalid_grant',
      description = 'no client credentials user enabled',
      ...options
    } = {}) {
      const body = JSON.stringify({ error, error_description: description })
      return box.arm(
        'http',
        { answer: { status: 400, body, contentType: JSON_TYPE } },
        { kind: 'oauth', ...options },
      )
    },
    status(
      status,
      { errorCode = 'SERVER_UNAVAILABLE', message = 'Server unavailable', html, headers, ...options } = {},
    ) {
      const body = html ? HTML : JSON.stringify([{ errorCode, message }])
      const answer = {
        status,
        body,
        contentType: html ? 'text/html' : JSON_TYPE,
        ...(headers && { headers }),
      }
      return box.arm('http', { answer }, options)
    },
    requestLimitExceeded(options) {
      const body = JSON.stringify([
        { errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' },
      ])
      return box.arm(
        'http',
        { answer: { status: 403, body, contentType: JSON_TYPE } },
        { when: countsAsRequest, ...options },
      )
    },
    html200: (options) =>
      box.arm('http', { answer: { status: 200, body: HTML, contentType: 'text/html' } }, options),
    contentType: (type, options) => box.arm('http', { contentType: type }, options),
    truncate: (options) => box.arm('http', { truncate: true }, options),
    dropConnection: ({ moment = 'before', ...options } = {}) => box.arm('http', { drop: moment }, options),
    slow: (delayMs, options) => box.arm('http', { delayMs }, options),
    serverBusy: ({ at = 'connect', ...options } = {}) =>
      box.arm(
        at,
        { error: ERRORS.authentication, failureReason: ERRORS.serverBusy, reconnect: 'none' },
        options,
      ),
    clientCap: (options) =>
      box.arm(
        'handshake',
        { error: ERRORS.handshakeDenied, failureReason: ERRORS.clientCap, reconnect: 'none' },
        options,
      ),
    unknownClient: ({ reconnect = 'handshake', ...options } = {}) =>
      box.arm('connect', { error: ERRORS.unknownClient, reconnect }, options),
    forgetClients: () => bayeux.forgetClients(),
    disconnectClients: (options) => bayeux.disconnectAll(options),
    refuseSubscribe: (error, options) => box.arm('subscribe', { error }, options),
    refuseReplay: (options) =>
      box.arm(
        'subscribe',
        { error: replayError },
        { when: (call) => /:\s*\d+\}/.test(call.detail), ...options },
      ),
    dailyLimit(on) {
      settings.overDailyLimit = on
      bayeux.recheck()
    },
    restrictChannel(channel = '/event/Record_Change__e') {
      settings.restrictedChannels.add(channel)
      return { remove: () => void settings.restrictedChannels.delete(channel) }
    },
    failBulkJob: ({ errorMessage = 'InternalServerError : Please try again later', ...options } = {}) =>
      box.arm('bulkJob', { errorMessage }, options),
    cutBulkCsv: ({ keep = 0.5, drop = false, bare = false, ...options } = {}) =>
      box.arm('bulkResults', { keep, drop, bare }, options),
    loseQueryCursors: () => parts.queries.loseCursors(),
    dropEventsAtSource: (count) => bus.loseNext(count),
    duplicateEvents: (count) => bus.duplicateNext(count),
    resetEvents: () => bus.reset(),
    withhold(object, field) {
      const name = (field === undefined ? object : `${object}.${field}`).toLowerCase()
      withheld.add(name)
      return { remove: () => void withheld.delete(name) }
    },
    lockRows: (count) => org.lockRows(count),
    removeAll() {
      box.removeAll()
      withheld.clear()
      settings.restrictedChannels.clear()
      settings.overDailyLimit = false
      bus.endFaults()
    },
  }
}
