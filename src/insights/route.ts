// POST /webhooks/insights: what the scheduled Apex job calls. With a cursor it answers from the store, with ids from Marketo.
import type { NumberedInsight } from '../database/insights.ts'
import type { Db } from '../database/tables.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { App } from '../web/app-type.ts'
import { failures } from '../web/failures.ts'
import { createReadNow, type InsightSource } from './read-now.ts'
import { readSince } from './read-since.ts'
import {
  insightAnswer,
  insightRequest,
  MOST_RECORDS,
  type InsightAnswer,
  type InsightRecord,
} from './shapes.ts'

export interface InsightRouteDeps {
  db: Db
  /** Undefined until Marketo is set up. */
  marketo: InsightSource | undefined
  log: Log
  metrics: Metrics
  now: () => number
}

export function insightRoute(app: App, deps: InsightRouteDeps): void {
  const { db, metrics, now } = deps
  const readNow = createReadNow(deps)

  app.post(
    '/webhooks/insights',
    {
      config: { access: 'webhook' },
      schema: {
        tags: ['insights'],
        summary: 'Sales Insight values: what changed since a cursor, or of given persons now.',
        security: [{ webhook: [] }],
        body: insightRequest,
        response: { 200: insightAnswer, ...failures(400, 401, 413, 415, 429, 500, 503) },
      },
      // The answer has the schema's type; to look at each of 16,000 values again took a third of a page's time.
      serializerCompiler: () => JSON.stringify,
      onResponse: async (request, reply) => {
        const mode = modeOf(request.body)
        metrics.webhook.observe({ mode, status: reply.statusCode }, reply.elapsedTime / 1_000)
      },
    },
    async (request, reply): Promise<InsightAnswer> => {
      void reply.header('cache-control', 'no-store')
      const { cursor = null, limit = MOST_RECORDS, ids } = request.body
      if (ids === undefined) {
        const page = await readSince(db, cursor, limit)
        if ('reason' in page) throw app.httpErrors.badRequest(`${page.reason}.`)
        return {
          records: page.records.map((record) => recordOf(record.id, record)),
          missing: [],
          cursor: page.cursor,
          hasMore: page.hasMore,
          asOf: page.refreshedAt ?? new Date(now()).toISOString(),
        }
      }
      const asOf = new Date(now()).toISOString()
      const read = await readNow(ids)
      if ('reason' in read) {
        void reply.header('retry-after', read.retryAfterSeconds)
        throw app.httpErrors.createError(503, read.reason, { expose: true })
      }
      return {
        records: read.records.map(({ id, values }) =>
          recordOf(id, { ...values, date: values.date?.toISOString() ?? null }),
        ),
        missing: read.missing,
        asOf,
      }
    },
  )
}

function modeOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return 'none'
  return Object.hasOwn(body, 'ids') ? 'ids' : 'cursor'
}

function recordOf(id: string, values: Omit<NumberedInsight, 'id' | 'number'>): InsightRecord {
  return {
    id,
    lastInterestingMomentType: values.type,
    lastInterestingMomentDate: values.date,
    lastInterestingMomentDesc: values.description,
    lastInterestingMomentSource: values.source,
    priority: values.priority,
    urgency: values.urgency,
    relativeScore: values.relativeScore,
  }
}
