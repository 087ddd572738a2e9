// The service as a child process, started as in production: the release phase (migrate.ts), then main.ts, configured by environment alone.
import { randomBytes } from 'node:crypto'
import { startChild, type LogLine } from './child.ts'
import { DemoFailure, Interrupted } from './failure.ts'
import { watchMemory } from './memory.ts'

/** What the demo reads of GET /api/status. */
export interface Status {
  queue: Record<string, number>
  waiting: Record<string, number>
  parked: Record<string, number>
  backfill: { state: string; done: number; total: number; etaSeconds: number | null }
  insights: { lastRefreshAt: string | null; lastSweepAt: string | null; persons: number }
  problems: { system: string; reason: string; advice: string }[]
}

export interface Service {
  url: string
  adminToken: string
  webhookSecret: string
  /** Undefined while it does not answer. */
  status: () => Promise<Status | undefined>
  /** Parked records: id → reason. */
  parked: () => Promise<Map<string, string>>
  peakMb: () => Promise<number>
  /** Rejects when the process ends by itself. */
  failed: Promise<never>
  stop: () => Promise<void>
}

export interface ServiceOptions {
  environment: Record<string, string>
  port: number
  signal: AbortSignal
  /** Warnings and errors of the service, as sentences. */
  onTrouble: (sentence: string) => void
}

export const HOST = '127.0.0.1'
const ANSWER_WITHIN_MS = 10_000
const PARKED_PER_PAGE = 500

export async function startService(options: ServiceOptions): Promise<Service> {
  const { signal } = options
  const secrets = { admin: secret(), webhook: secret(), metrics: secret() }
  const environment = {
    HOST,
    PORT: String(options.port),
    ADMIN_TOKEN: secrets.admin,
    WEBHOOK_SECRET: secrets.webhook,
    METRICS_TOKEN: secrets.metrics,
    LOG_LEVEL: 'info',
    ...options.environment,
  }
  await migrate(environment, signal)

  const listening = Promise.withResolvers<number>()
  const child = startChild('src/main.ts', environment, (line) => {
    if (typeof line.port === 'number' && line.msg.startsWith('listening')) listening.resolve(line.port)
    if (isTrouble(line)) options.onTrouble(told(line))
  })
  let stopping = false
  const failed = child.ended.then((how): never => {
    throw stopping
      ? new Interrupted()
      : new DemoFailure(`The service has ended (${how}). Its last words:\n${child.lastWords()}`)
  })
  failed.catch(() => undefined)
  async function stop(): Promise<void> {
    stopping = true
    await child.stop()
  }

  try {
    const url = `http://${HOST}:${await Promise.race([listening.promise, failed, interruption(signal)])}`
    const ask = async (path: string, token: string): Promise<Response> =>
      fetch(url + path, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      })
    const memory = watchMemory(child.pid, async () => residentOf(await ask('/metrics', secrets.metrics)))
    return {
      url,
      adminToken: secrets.admin,
      webhookSecret: secrets.webhook,
      async status() {
        const response = await ask('/api/status', secrets.admin).catch(() => undefined)
        return response?.ok ? ((await response.json()) as Status) : undefined
      },
      parked: () => allParked((path) => ask(path, secrets.admin)),
      async peakMb() {
        await memory.look()
        return memory.peakMb()
      },
      failed,
      async stop() {
        memory.stop()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const secret = (): string => randomBytes(24).toString('base64url')

async function migrate(environment: Record<string, string>, signal: AbortSignal): Promise<void> {
  const child = startChild('src/migrate.ts', environment)
  try {
    const how = await Promise.race([child.ended, interruption(signal)])
    if (how !== '0')
      throw new DemoFailure(`The database could not be made ready (${how}):\n${child.lastWords()}`)
  } finally {
    await child.stop()
  }
}

export function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(new Interrupted())
    signal.addEventListener('abort', () => reject(new Interrupted()), { once: true })
  })
}

const isTrouble = ({ level }: LogLine): boolean => level === 'warn' || level === 'error' || level === 'fatal'

function told({ msg, reason }: LogLine): string {
  return typeof reason === 'string' ? `${msg}: ${reason}` : msg
}

async function allParked(ask: (path: string) => Promise<Response>): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({
      limit: String(PARKED_PER_PAGE),
      ...(cursor === '' ? {} : { cursor }),
    })
    const response = await ask(`/api/parked?${query.toString()}`)
    if (!response.ok)
      throw new DemoFailure(`GET /api/parked answered ${response.status}: ${await response.text()}`)
    const page = (await response.json()) as {
      items: { id: string; code: string; reason: string }[]
      cursor: string | null
    }
    for (const { id, code, reason } of page.items) found.set(id, `${reason} (${code})`)
    cursor = page.cursor
  }
  return found
}

async function residentOf(metrics: Response): Promise<number> {
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await metrics.text())?.[1] ?? 0)
}
