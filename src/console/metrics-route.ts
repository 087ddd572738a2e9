// GET /metrics for Prometheus. Without METRICS_TOKEN there is no such address.
import type { Metrics } from '../metrics.ts'
import type { App } from '../web/app-type.ts'
import type { Status } from './status.ts'

export function metricsRoute(
  app: App,
  { metrics, status, now }: { metrics: Metrics; status: () => Promise<Status>; now: () => number },
): void {
  app.get('/metrics', { config: { access: 'metrics' }, schema: { hide: true } }, async (request, reply) => {
    try {
      fillIn(metrics, await status(), now())
    } catch (error) {
      // Counters are worth telling even when the database is down; that is when somebody looks.
      request.log.warn({ err: error }, 'the status could not be read for the metrics')
    }
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}

function fillIn(metrics: Metrics, status: Status, now: number): void {
  for (const state of ['queue', 'waiting', 'parked'] as const)
    for (const [object, records] of Object.entries(status[state]))
      metrics.marks.set({ object, state }, records)
  metrics.quotaLeft.set(Math.max(0, status.marketo.dailyLimit - status.marketo.callsToday))
  const { lastRefreshAt } = status.insights
  if (lastRefreshAt !== null) metrics.refreshAge.set((now - Date.parse(lastRefreshAt)) / 1_000)
  metrics.streamLive.set(status.stream.state === 'live' ? 1 : 0)
  metrics.problems.set(status.problems.length)
  metrics.leader.set(status.leader ? 1 : 0)
}
