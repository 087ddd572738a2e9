// The whole service in one call, so that main.ts and tests start the same thing: database → schema → web → lease → flows.
import type { AddressInfo } from 'node:net'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import { openDatabase, type Database } from './database/connection.ts'
import { assertSchema, migrate } from './database/schema.ts'
import { BridgeError } from './errors.ts'
import { startLeadership, type Leadership } from './leadership.ts'
import type { Log } from './log.ts'
import { connectMarketo } from './marketo-connection.ts'
import { createMetrics } from './metrics.ts'
import { rememberSalesforce } from './salesforce-connection.ts'
import { createReader } from './salesforce/read.ts'
import type { SyncCounters } from './sync/counters.ts'
import { createTally } from './tally.ts'
import { runTerm } from './term.ts'
import type { App } from './web/app-type.ts'

export interface Service {
  port: number
  leads(): boolean
  /** No new work; what is out may end within 20 s; the lease is handed over. */
  close(): Promise<void>
}

export async function startService(config: Config, log: Log): Promise<Service> {
  const { env } = config
  const database = await openDatabase({
    url: env.DATABASE_URL,
    tls: env.DATABASE_TLS,
    folder: env.DATA_DIR,
    log,
  })
  try {
    await prepareSchema(database, log)
    return await serveOn(config, database, log)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The service on a database that is open and migrated; closes it at the end. */
export async function serveOn(config: Config, database: Database, log: Log): Promise<Service> {
  const { db } = database
  const metrics = createMetrics()
  const marketo = connectMarketo({ config, db, metrics, log })
  const salesforce =
    config.salesforce === undefined ? undefined : rememberSalesforce(config.salesforce, { log })
  const tally = createTally()
  const counters: SyncCounters = {
    pushed: (object, outcome, records) => {
      metrics.pushes.inc({ object, outcome }, records)
      tally.add(outcome, records)
    },
    confirmed: (object, seconds) => metrics.lag.observe({ object }, seconds),
    received: (result, events) =>
      metrics.events.inc({ result: result === 'stored' ? 'marked' : 'parked' }, events),
  }
  let leadership: Leadership | undefined
  const app = await buildApp({
    config,
    db,
    log,
    metrics,
    marketo,
    salesforce: salesforce && (async () => createReader(await salesforce.connect())),
    org: salesforce && (() => salesforce.connect()),
    isLeader: () => leadership?.leads() ?? false,
  })
  await listen(app, config.env)
  const { port } = app.server.address() as AddressInfo
  // Last: a process that can't serve must not begin to write, and keep others from leading.
  const led = startLeadership({
    db,
    log,
    run: (term, signals) =>
      runTerm({ config, database, salesforce, marketo, counters, tally, log }, term, signals),
  })
  leadership = led
  return {
    port,
    leads: () => led.leads(),
    async close() {
      await Promise.allSettled([led.close(), app.close()])
      await Promise.allSettled([marketo?.client.close(), salesforce?.close()])
      await database.close()
    },
  }
}

async function listen(app: App, { PORT: port, HOST: host }: Config['env']): Promise<void> {
  try {
    await app.listen({ port, host })
  } catch (error) {
    throw new BridgeError(
      'not_listening',
      `The web server can't use port ${port} of ${host}.`,
      'Set PORT to one that nobody uses, and HOST to an address of this machine (0.0.0.0 is all of them).',
      { cause: error },
    )
  }
}

/** The embedded database is this process's own; a shared one is migrated by the release phase, never by whoever starts first. */
async function prepareSchema(database: Database, log: Log): Promise<void> {
  if (database.kind === 'postgres') return assertSchema(database.db)
  const done = await migrate(database.db)
  if (done.length > 0) log.info({ migrations: done }, 'migrated the embedded database')
}
