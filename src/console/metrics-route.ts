// GET /metrics for Prometheus. Without METRICS_TOKEN there is no such address.
import type { Metrics } from '../metrics.ts'
import type { App } from '../web/app-type.ts'
import { told } from './gather.ts'
import type { Status } from './status.ts'

/** Half of what Prometheus waits for an answer. */
const STATUS_WITHIN_MS = 5_000

export function metricsRoute(
  app: App,
  deps: {
    metrics: Metrics
    status: () => Promise<Status>
    isLeader: () => boolean
    now: () => number
    statusWithinMs?: number
  },
): void {
  const { metrics, status, isLeader, now, statusWithinMs = STATUS_WITHIN_MS } = deps

  app.get('/metrics', { config: { access: 'metrics' }, schema: { hide: true } }, async (request, reply) => {
    const known = await told('The database', status, AbortSignal.timeout(statusWithinMs))
    metrics.leader.set(isLeader() ? 1 : 0)
    if (known.known) fillIn(metrics, known.value, now())
    else {
      // Counters are worth telling even when the database is down; that is when somebody looks. Without it no event can be stored.
      request.log.warn({ reason: known.reason }, 'the status could not be read for the metrics')
      metrics.streamLive.set(0)
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
}
