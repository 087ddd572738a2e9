// The two simulators as processes of their own, so that their cost isn't ours, and what is asked of them from outside.
import { startChild } from './child.ts'

export type Fields = Record<string, unknown>

export interface MarketoCall {
  at: number
  endedAt?: number
  endpoint: string
  method: string
  recordCount: number
  codes: string[]
  records?: Fields[]
}

export interface CallsMade {
  total: number
  /** 'POST leads.json' → calls. */
  byEndpoint: Record<string, number>
  codes: Record<string, number>
  violations: string[]
}

export type Counts = Record<'salesPersons' | 'companies' | 'leads' | 'opportunities' | 'roles', number>

export interface MarketoWorld {
  url: string
  calls: () => Promise<CallsMade>
  callList: () => Promise<MarketoCall[]>
  /** Records of every object. */
  counts: () => Promise<Counts>
  leadsWith: (field: string, value: string) => Promise<{ id: number; fields: Fields }[]>
  createLeads: (leads: Fields[]) => Promise<void>
  clear: () => Promise<void>
  options: (options: Record<string, unknown>) => Promise<void>
}

export interface MarketoSettings {
  latencyMs: number
  callsPer20Seconds: number
  concurrency: number
  /** So many latest calls keep their records. */
  keepRecords?: number
}

export interface SalesforceWorld {
  url: string
  /** Silent rows are loaded; others publish events, 200 ids each. */
  insert: (object: string, rows: Fields[], options: { silent: boolean }) => Promise<string[]>
  update: (object: string, rows: { id: string; fields: Fields }[]) => Promise<void>
  calls: () => Promise<{ kind: string; method: string; path: string; detail: string }[]>
  clearCalls: () => Promise<void>
}

export const MARKETO = { id: 'marketo-client', secret: 'marketo-secret-0123456789' }
export const SALESFORCE = { id: 'salesforce-client', secret: 'salesforce-secret-0123456789' }

/** A million leads of ten fields take about 1 GB in a simulator. */
const HEAP = ['--max-old-space-size=6144']
const NO_LIMIT = 1_000_000_000
const ROWS_A_REQUEST = 5_000

export async function startMarketo(
  open: AsyncDisposableStack,
  settings: MarketoSettings,
): Promise<MarketoWorld> {
  const child = startChild('test/simulators/marketo/main.ts', {
    nodeArgs: HEAP,
    args: Object.entries({
      port: 0,
      latency: settings.latencyMs,
      rate: settings.callsPer20Seconds,
      concurrency: settings.concurrency,
      daily: NO_LIMIT,
      'keep-records': settings.keepRecords ?? 0,
    }).flatMap(([name, value]) => [`--${name}`, String(value)]),
  })
  open.defer(() => child.stop())
  const url = (await child.line(/http:\/\/[^\s/]+/))[0]
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    ((await json(method, `${url}/_control/${path}`, body)) as { result: T }).result
  return {
    url,
    calls: () => ask('GET', 'calls'),
    callList: async () => (await ask<{ calls: MarketoCall[] }>('GET', 'calls?since=0')).calls,
    counts: async () => (await ask<{ counts: Counts }>('GET', 'state')).counts,
    leadsWith: (field, value) => ask('GET', `leads?field=${field}&value=${encodeURIComponent(value)}`),
    async createLeads(leads) {
      for (const list of chunks(leads)) await ask('POST', 'leads', { list })
    },
    clear: async () => void (await ask('POST', 'clear')),
    options: async (options) => void (await ask('POST', 'options', options)),
  }
}

export async function startSalesforce(open: AsyncDisposableStack): Promise<SalesforceWorld> {
  const child = startChild('test/simulators/salesforce/main.ts', { nodeArgs: HEAP, args: ['--port', '0'] })
  open.defer(() => child.stop())
  const url = (await child.line(/http:\/\/[^\s/]+/))[0]
  const ask = (method: string, path: string, body?: unknown): Promise<unknown> =>
    json(method, `${url}/_control/${path}`, body)
  await ask('POST', 'options', [
    { dailyApiRequests: NO_LIMIT, dailyDeliveredEvents: NO_LIMIT, hourlyPublishedEvents: NO_LIMIT },
  ])
  return {
    url,
    async insert(object, rows, options) {
      const ids: string[] = []
      for (const part of chunks(rows))
        ids.push(...((await ask('POST', 'org/insert', [object, part, options])) as string[]))
      return ids
    },
    update: async (object, rows) => void (await ask('POST', 'org/updateMany', [object, rows])),
    calls: async () => (await ask('GET', 'calls')) as Awaited<ReturnType<SalesforceWorld['calls']>>,
    clearCalls: async () => void (await ask('DELETE', 'calls')),
  }
}

function chunks<T>(items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / ROWS_A_REQUEST) }, (_, n) =>
    items.slice(n * ROWS_A_REQUEST, (n + 1) * ROWS_A_REQUEST),
  )
}

async function json(method: string, url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`${method} ${url}: ${JSON.stringify(answer)}`)
  return answer
}
