// Both simulators, a database and the service between them.
import { createDatabase, type DatabaseName, type OwnDatabase } from './database.ts'
import type { Bench } from './scenario.ts'
import { startService, type Service } from './service.ts'
import {
  startMarketo,
  startSalesforce,
  type CallsMade,
  type MarketoCall,
  type MarketoSettings,
  type MarketoWorld,
  type SalesforceWorld,
} from './worlds.ts'

export interface System {
  marketo: MarketoWorld
  salesforce: SalesforceWorld
  database: OwnDatabase
  service: Service
}

export interface SystemOptions {
  database: DatabaseName
  marketo: MarketoSettings
  environment?: Record<string, string>
  nodeArgs?: string[]
  /** What is there before the service starts. */
  fill?: (salesforce: SalesforceWorld, marketo: MarketoWorld) => Promise<unknown>
}

export async function startSystem(
  open: AsyncDisposableStack,
  bench: Bench,
  options: SystemOptions,
): Promise<System> {
  const salesforce = await startSalesforce(open)
  const marketo = await startMarketo(open, options.marketo)
  await options.fill?.(salesforce, marketo)
  const database = await createDatabase(open, options.database, bench.serverUrl)
  const service = await startService(open, {
    database,
    marketo,
    salesforce,
    nodeArgs: options.nodeArgs ?? [],
    environment: {
      MARKETO_CALLS_PER_20_SECONDS: String(options.marketo.callsPer20Seconds),
      MARKETO_CONCURRENCY: String(options.marketo.concurrency),
      ...options.environment,
    },
  })
  return { marketo, salesforce, database, service }
}

/** Marketo's documented limits, and a usual way to it (marketo-rest facts §2). */
export const REAL: MarketoSettings = { latencyMs: 50, callsPer20Seconds: 100, concurrency: 10 }
export const UNLIMITED: MarketoSettings = { latencyMs: 0, callsPer20Seconds: 1_000_000, concurrency: 10 }

export const refusalsOf = ({ codes }: CallsMade): number => (codes['606'] ?? 0) + (codes['615'] ?? 0)

export const writesOf = ({ byEndpoint }: CallsMade): number =>
  Object.entries(byEndpoint).reduce(
    (sum, [call, count]) => sum + (call.startsWith('POST ') && !call.includes('token') ? count : 0),
    0,
  )

/** From the first of these calls to the end of the last. */
export function spanMs(calls: MarketoCall[]): number {
  return Math.max(...calls.map(({ endedAt, at }) => endedAt ?? at)) - Math.min(...calls.map(({ at }) => at))
}

export const MINUTE = 60_000
