// The service as in production: the release phase, then main.ts, configured by its environment alone.
import { setTimeout as wait } from 'node:timers/promises'
import { startChild, usageOf, type Usage } from './child.ts'
import type { OwnDatabase } from './database.ts'
import { MARKETO, SALESFORCE, type MarketoWorld, type SalesforceWorld } from './worlds.ts'

export interface Status {
  leader: boolean
  stream: { state: string }
  queue: Record<string, number>
  waiting: Record<string, number>
  parked: Record<string, number>
  backfill: { state: string; done: number; total: number }
}

export interface Service {
  pid: number
  url: string
  /** Milliseconds from its start to the first 200 of /health/ready. */
  readyAfterMs: number
  usage: () => Usage
  status: () => Promise<Status | undefined>
  post: (path: string, body?: unknown) => Promise<void>
  webhook: (body: unknown) => Promise<{ status: number; text: string }>
  /** Backfill done, nothing queued, nothing waiting. */
  settled: (deadlineMs: number) => Promise<void>
  kill: () => Promise<void>
  stop: () => Promise<void>
}

export interface ServiceOptions {
  database: OwnDatabase
  /** Absent: the service runs without (set-up). */
  marketo?: MarketoWorld
  salesforce?: SalesforceWorld
  environment?: Record<string, string>
  nodeArgs?: string[]
  /** The schema is there already. */
  migrated?: boolean
}

const ADMIN_TOKEN = 'admin-token-of-the-benchmark'
const WEBHOOK_SECRET = 'webhook-secret-of-the-benchmark'
const LOOK_EVERY_MS = 250

export async function startService(open: AsyncDisposableStack, options: ServiceOptions): Promise<Service> {
  const { database, marketo, salesforce } = options
  const environment = {
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_TOKEN,
    WEBHOOK_SECRET,
    RECONCILE_EVERY_MINUTES: '1440',
    INSIGHTS_EVERY_MINUTES: '1440',
    MARKETO_DAILY_CALLS: '1000000000',
    MARKETO_INSTANCE_DAILY_CALLS: '1000000000',
    ...database.environment,
    ...(marketo === undefined
      ? {}
      : {
          MARKETO_BASE_URL: marketo.url,
          MARKETO_CLIENT_ID: MARKETO.id,
          MARKETO_CLIENT_SECRET: MARKETO.secret,
        }),
    ...(salesforce === undefined
      ? {}
      : {
          SALESFORCE_LOGIN_URL: salesforce.url,
          SALESFORCE_CLIENT_ID: SALESFORCE.id,
          SALESFORCE_CLIENT_SECRET: SALESFORCE.secret,
        }),
    ...options.environment,
  }
  if (database.name === 'postgres' && options.migrated !== true) {
    const migration = startChild('src/migrate.ts', { environment })
    const how = await migration.ended
    if (how !== '0') throw new Error(`the migration ended (${how}):\n${migration.lastWords()}`)
  }
  const startedAt = performance.now()
  const child = startChild('src/main.ts', { environment, nodeArgs: options.nodeArgs ?? [] })
  open.defer(() => child.stop())
  const [, port] = await child.line(/listening on port (\d+)/)
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok) await wait(10)
  const readyAfterMs = performance.now() - startedAt

  const ask = (method: string, path: string, token: string, body?: unknown): Promise<Response> =>
    fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const status = async (): Promise<Status | undefined> => {
    const response = await ask('GET', '/api/status', ADMIN_TOKEN).catch(() => undefined)
    return response?.ok ? ((await response.json()) as Status) : undefined
  }

  return {
    pid: child.pid,
    url,
    readyAfterMs,
    usage: () => usageOf(child.pid),
    status,
    async post(path, body) {
      const response = await ask('POST', path, ADMIN_TOKEN, body)
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`)
    },
    async webhook(body) {
      const response = await ask('POST', '/webhooks/insights', WEBHOOK_SECRET, body)
      return { status: response.status, text: await response.text() }
    },
    async settled(deadlineMs) {
      const end = Date.now() + deadlineMs
      let last: Status | undefined
      while (Date.now() < end) {
        last = await status()
        if (last?.backfill.state === 'done' && isEmpty(last.queue) && isEmpty(last.waiting)) return
        await wait(LOOK_EVERY_MS)
      }
      throw new Error(`not settled in ${deadlineMs} ms: ${JSON.stringify(last)}\n${child.lastWords()}`)
    },
    kill: () => child.kill(),
    stop: () => child.stop(),
  }
}

const isEmpty = (counts: Record<string, number>): boolean =>
  Object.values(counts).every((count) => count === 0)
