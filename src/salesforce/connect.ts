// The connection to one org: login, token, and the calls the bridge makes. Version 67.0 is named in every path: libraries default to
// versions whose events lack the EventUuid.
import type { SalesforceConfig } from '../config.ts'
import type { Log } from '../log.ts'
import * as answers from './answers.ts'
import type { DeletedIds, Describe, Limits, Page, Row } from './answers.ts'
import { createBulkQuery, type BulkOptions, type BulkPage, type BulkSelect, type BulkTiming } from './bulk.ts'
import { CALL_TIMEOUT_MS, createHttp } from './http.ts'
import { toId18 } from './ids.ts'
import { SalesforceError } from './rest-faults.ts'
import { createRest } from './rest.ts'
import type { Backoff } from './retry.ts'
import { openSession } from './session.ts'

export type { DeletedIds, Describe, Field, Limits, Page, Row } from './answers.ts'
export type { BulkOptions, BulkPage } from './bulk.ts'

export const API_VERSION = '67.0'

export interface QueryOptions {
  /** queryAll: rows in the recycle bin too. */
  deleted?: boolean
  signal?: AbortSignal
}

export interface Salesforce {
  orgId: string
  apiVersion: typeof API_VERSION
  readonly instanceUrl: string
  accessToken(): string
  /** A new login, shared by whoever asks meanwhile; with the refused token only if that is still the current one. */
  renew(refused?: string): Promise<void>
  /** Remembered until asked with `fresh`. */
  describe(object: string, options?: { fresh?: boolean; signal?: AbortSignal }): Promise<Describe>
  /** The first page; `more` has the next ones. */
  query<T = Row>(soql: string, options?: QueryOptions): Promise<Page<T>>
  more<T = Row>(next: string, options?: { signal?: AbortSignal }): Promise<Page<T>>
  /** By 18-character id; null for what is deleted or may not be read. */
  retrieve(
    object: string,
    ids: string[],
    fields: string[],
    signal?: AbortSignal,
  ): Promise<Map<string, Row | null>>
  deletedIds(object: string, start: Date, end: Date, signal?: AbortSignal): Promise<DeletedIds>
  limits(signal?: AbortSignal): Promise<Limits>
  apiUsage(): { used: number; limit: number } | undefined
  /** Salesforce's time now, by the `Date` of an answer that is at most ten minutes old. */
  serverTime(signal?: AbortSignal): Promise<Date>
  bulkQuery(query: BulkSelect, options?: BulkOptions): AsyncIterable<BulkPage>
  /** Ends open calls and sockets. */
  close(): Promise<void>
}

export interface Timing {
  callTimeoutMs: number
  attempts: number
  backoff: Backoff
  loginSpacingMs: number
  bulk: BulkTiming
}

const TIMING: Timing = {
  callTimeoutMs: CALL_TIMEOUT_MS,
  attempts: 4,
  backoff: { firstMs: 500, capMs: 8_000 },
  // Salesforce allows a user 3,600 logins an hour ("Login rate exceeded"); a token that is refused at once must not spend them.
  loginSpacingMs: 1_000,
  bulk: { pollFirstMs: 500, pollCapMs: 10_000, giveUpMs: 3_600_000 },
}

/** "Retrieve multiple records with collections": ids in one POST, which is one API call. */
const RETRIEVE_IDS = 2_000

/** Clocks drift by milliseconds in this time; what is remembered is only to save a call. */
const CLOCK_LIFE_MS = 600_000

export async function connectSalesforce(
  config: SalesforceConfig,
  { log, timing: given = {} }: { log: Log; timing?: Partial<Timing> },
): Promise<Salesforce> {
  const timing = { ...TIMING, ...given }
  const http = createHttp(timing.callTimeoutMs)
  const session = await openSession(config, { http, log, ...timing }).catch(async (error: unknown) => {
    await http.close()
    throw error
  })
  const rest = createRest({ session, http, log, ...timing })
  const base = `/services/data/v${API_VERSION}`
  const described = new Map<string, Promise<Describe>>()

  function describe(object: string, signal?: AbortSignal): Promise<Describe> {
    return rest
      .call({
        path: `${base}/sobjects/${encodeURIComponent(object)}/describe`,
        signal,
        what: `describe ${object}`,
        parse: answers.asDescribe,
      })
      .catch((error: unknown) => {
        throw error instanceof SalesforceError && error.code === 'salesforce_not_found'
          ? missing(object, error)
          : error
      })
  }

  function limits(signal?: AbortSignal): Promise<Limits> {
    return rest.call({ path: `${base}/limits`, signal, what: 'read the limits', parse: answers.asLimits })
  }

  return {
    orgId: session.orgId(),
    apiVersion: API_VERSION,
    get instanceUrl() {
      return session.instanceUrl()
    },
    accessToken: () => session.accessToken(),
    renew: (refused) => session.renew(refused),

    async describe(object, { fresh = false, signal } = {}) {
      const known = described.get(object)
      if (known !== undefined && !fresh) return known
      const asked = describe(object, signal)
      described.set(object, asked)
      // A failure isn't remembered.
      asked.catch(() => described.get(object) === asked && described.delete(object))
      return asked
    },

    query<T>(soql: string, { deleted = false, signal }: QueryOptions = {}) {
      return rest.call({
        path: `${base}/${deleted ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`,
        signal,
        what: `query ${/\bfrom\s+(\w+)/i.exec(soql)?.[1] ?? 'records'}`,
        parse: answers.asPage<T>,
      })
    },

    more<T>(next: string, { signal }: { signal?: AbortSignal } = {}) {
      return rest.call({ path: next, signal, what: 'read on in a query', parse: answers.asPage<T> })
    },

    async retrieve(object, ids, fields, signal) {
      const distinct = [...new Set(ids.map((id) => toId18(id) ?? id))]
      const wanted = [...new Set(['Id', ...fields])]
      const found = new Map<string, Row | null>()
      for (let from = 0; from < distinct.length; from += RETRIEVE_IDS) {
        const chunk = distinct.slice(from, from + RETRIEVE_IDS)
        const rows = await rest.call({
          method: 'POST',
          path: `${base}/composite/sobjects/${encodeURIComponent(object)}`,
          body: { ids: chunk, fields: wanted },
          signal,
          what: `read ${chunk.length} ${object} records`,
          parse: (answer) => answers.asRows(answer, chunk),
        })
        for (const [id, row] of rows) found.set(id, row)
      }
      return found
    },

    deletedIds(object, start, end, signal) {
      const span = `start=${encodeURIComponent(start.toISOString())}&end=${encodeURIComponent(end.toISOString())}`
      return rest.call({
        path: `${base}/sobjects/${encodeURIComponent(object)}/deleted/?${span}`,
        signal,
        what: `list deleted ${object} records`,
        parse: answers.asDeletedIds,
      })
    },

    limits,
    apiUsage: () => rest.apiUsage(),

    async serverTime(signal) {
      const known = rest.clock()
      if (known === undefined || Date.now() - known.at > CLOCK_LIFE_MS) await limits(signal)
      return new Date(Date.now() + (rest.clock()?.offsetMs ?? 0))
    },

    bulkQuery: createBulkQuery(rest, base, timing.bulk),
    close: () => http.close(),
  }
}

function missing(object: string, cause: SalesforceError): SalesforceError {
  return new SalesforceError(
    'salesforce_object_missing',
    `Salesforce has no object ${object}, or the integration user may not read it.`,
    cause.advice,
    { status: cause.status, vendorCode: cause.vendorCode, cause },
  )
}
