// A Salesforce org as an HTTP server: OAuth, REST, composite, Bulk API 2.0 query and the Streaming API over an
// organisation in memory. Written from the vendor's documents; strict: what the real one refuses, it refuses.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBayeux, type DisconnectOptions } from './bayeux.ts'
import { createBulkDesk } from './bulk-query.ts'
import { createCallLog, type CallLog } from './call-log.ts'
import { CHANNEL, createEventBus, type RawOptions, type StoredEvent } from './event-bus.ts'
import { createFaultVerbs, type Faults } from './fault-verbs.ts'
import { createFaultBox } from './faults.ts'
import { createOrg, type Org } from './org.ts'
import { to18 } from './record-id.ts'
import { createQueryDesk } from './rest-query.ts'
import { createRollingCount } from './rolling-count.ts'
import { createHttp } from './server.ts'
import { createSessions } from './sessions.ts'
import type { RunContext } from './soql-run.ts'

export interface SalesforceOptions {
  port?: number
  clientId?: string
  clientSecret?: string
  /** The user of the JWT bearer flow. */
  username?: string
  /** PEM; verifies JWT bearer assertions. Without it that flow is refused. */
  publicKey?: string
  orgId?: string
  apiVersion?: string
  latencyMs?: number
  dailyApiRequests?: number
  dailyDeliveredEvents?: number
  hourlyPublishedEvents?: number
  /** advice.timeout; 110 s at Salesforce. */
  longPollMs?: number
  /** How long a client may be without a connect; 40 s at Salesforce. */
  clientTimeoutMs?: number
  mostClients?: number
  eventsPerAnswer?: number
  now?: () => number
  retentionMs?: number
  /** Records per page of query. */
  batchSize?: number
  sessionLifetimeMs?: number
  /** A bulk job waits so long in each of its two states before it is complete. */
  bulkStepMs?: number
  bulkPageSize?: number
  dailyBulkJobs?: number
  /** Handles other paths; true when it answered. */
  extra?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export interface Events {
  /** Everything ever published. */
  published: StoredEvent[]
  /** Publishes a payload as it is: forged, malformed, over-large; `data` replaces the whole envelope. */
  publishRaw(payload: unknown, options?: RawOptions): StoredEvent | undefined
  /** Declares another channel. */
  addChannel(channel: string): void
  subscribers(channel?: string): number
  clients(): number
  /** Of each subscription to new events only: how many had been published. All others go on where one ended. */
  joinedAfter: readonly number[]
  disconnectAll(options?: DisconnectOptions): void
  reset(): void
}

/** What can be changed while it runs. */
export interface Settings {
  latencyMs: number
  dailyApiRequests: number
  dailyDeliveredEvents: number
  hourlyPublishedEvents: number
  longPollMs: number
  clientTimeoutMs: number
  mostClients: number
  eventsPerAnswer: number
  retentionMs: number
  batchSize: number
  sessionLifetimeMs: number
  bulkStepMs: number
  bulkPageSize: number
  dailyBulkJobs: number
}

export interface SalesforceSimulator {
  url: string
  clientId: string
  clientSecret: string
  orgId: string
  org: Org
  events: Events
  calls: CallLog
  faults: Faults
  options: Settings
  close(): Promise<void>
}

export async function startSalesforce(options: SalesforceOptions = {}): Promise<SalesforceSimulator> {
  const now = options.now ?? Date.now
  const clientId = options.clientId ?? 'salesforce-client'
  const clientSecret = options.clientSecret ?? 'salesforce-secret-0123456789'
  const orgId = to18(options.orgId ?? '00D5g0000000001')
  if (!orgId) throw new Error(`orgId ${options.orgId} is no Salesforce id`)
  const apiVersion = options.apiVersion ?? '67.0'
  // Salesforce §1 (timeouts), §3 (allocations of an Enterprise org), §7 (API calls, bulk jobs).
  const settings = {
    latencyMs: options.latencyMs ?? 0,
    dailyApiRequests: options.dailyApiRequests ?? 100_000,
    dailyDeliveredEvents: options.dailyDeliveredEvents ?? 25_000,
    hourlyPublishedEvents: options.hourlyPublishedEvents ?? 250_000,
    longPollMs: options.longPollMs ?? 110_000,
    clientTimeoutMs: options.clientTimeoutMs ?? 40_000,
    mostClients: options.mostClients ?? 1_000,
    eventsPerAnswer: options.eventsPerAnswer ?? 2_000,
    retentionMs: options.retentionMs ?? 72 * 3_600_000,
    batchSize: options.batchSize ?? 2_000,
    sessionLifetimeMs: options.sessionLifetimeMs ?? 2 * 3_600_000,
    bulkStepMs: options.bulkStepMs ?? 20,
    bulkPageSize: options.bulkPageSize ?? 50_000,
    dailyBulkJobs: options.dailyBulkJobs ?? 10_000,
    overDailyLimit: false,
    channels: new Set([CHANNEL]),
    restrictedChannels: new Set<string>(),
  }

  const bus = createEventBus({
    now,
    retentionMs: () => settings.retentionMs,
    hourlyLimit: () => settings.hourlyPublishedEvents,
  })
  const org = createOrg({ id: orgId, now, bus })
  const organization = {
    Id: orgId,
    Name: 'Simulated Org',
    InstanceName: 'SIM1',
    OrganizationType: 'Enterprise Edition',
  }
  org.insert('Organization', organization, { silent: true })
  const calls = createCallLog()
  const box = createFaultBox()
  const sessions = createSessions({ orgId, now, lifetimeMs: () => settings.sessionLifetimeMs })
  const deliveries = createRollingCount(now)
  const apiRequests = createRollingCount(now)
  const withheld = new Set<string>()
  const basePath = `/services/data/v${apiVersion}`

  const context: RunContext = {
    schema: org.schema,
    now,
    table: (object) => org.table(object),
    permits: (object, field) =>
      !withheld.has(object.toLowerCase()) &&
      (field === undefined || !withheld.has(`${object}.${field}`.toLowerCase())),
    sees: (row, all) => (all || row['IsDeleted'] !== true) && !org.isHidden(row.Id),
    lookUp(id) {
      const type = org.schema.ofId(id)
      const row = type && org.table(type.name).get(id)
      return row && !org.isHidden(row.Id) ? row : undefined
    },
    recordUrl: (object, id) => `${basePath}/sobjects/${object}/${id}`,
  }

  const queries = createQueryDesk({ context, basePath, batchSize: () => settings.batchSize })
  const bulk = createBulkDesk({
    context,
    faults: box,
    userId: org.runningUserId,
    stepMs: () => settings.bulkStepMs,
    pageSize: () => settings.bulkPageSize,
    dailyJobs: () => settings.dailyBulkJobs,
    apiVersion,
  })
  const bayeux = createBayeux({ bus, sessions, faults: box, deliveries, settings })
  sessions.onRevoke(() => bayeux.recheck())

  let url = ''
  const server = createHttp({
    org,
    calls,
    faults: box,
    sessions,
    oauth: () => ({
      url,
      orgId,
      userId: org.runningUserId,
      clientId,
      clientSecret,
      username: options.username ?? 'integration@org.example',
      publicKey: options.publicKey,
      now,
    }),
    context,
    queries,
    bulk,
    bayeux,
    apiRequests,
    apiVersion,
    settings,
    limits: () => ({
      DailyApiRequests: { max: settings.dailyApiRequests, used: apiRequests.total() },
      DailyBulkV2QueryJobs: { max: settings.dailyBulkJobs, used: 0 },
      DailyDeliveredPlatformEvents: { max: settings.dailyDeliveredEvents, used: deliveries.total() },
      DailyStandardVolumePlatformEvents: { max: 25_000, used: 0 },
      HourlyPublishedPlatformEvents: { max: settings.hourlyPublishedEvents, used: bus.publishedLastHour() },
      MonthlyPlatformEventsUsageEntitlement: { max: 0, used: 0 },
    }),
    now,
    ...(options.extra && { extra: options.extra }),
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    clientId,
    clientSecret,
    orgId,
    org,
    events: {
      published: bus.published,
      publishRaw: (payload, raw = {}) => bus.publish(raw.channel ?? CHANNEL, payload, org.runningUserId, raw),
      addChannel: (channel) => void settings.channels.add(channel),
      subscribers: (channel) => bayeux.subscribers(channel),
      clients: () => bayeux.clients(),
      joinedAfter: bus.joinedAfter,
      disconnectAll: (disconnect) => bayeux.disconnectAll(disconnect),
      reset: () => bus.reset(),
    },
    calls,
    faults: createFaultVerbs({ box, sessions, bayeux, settings, bus, org, queries, withheld }),
    options: settings,
    async close() {
      bayeux.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
