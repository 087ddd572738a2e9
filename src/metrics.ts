// What /metrics tells. One registry per process, passed to whoever counts; gauges that describe the installation are filled
// in when somebody looks (console/metrics.ts).
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    /** Platform events received; result: marked, parked. */
    events: new Counter({
      name: 'bridge_events_total',
      help: 'Platform events received, by what became of them.',
      labelNames: ['result'],
      registers,
    }),
    /** Observed when a live mark is settled: from its mark to Marketo's confirmation. */
    lag: new Histogram({
      name: 'bridge_lag_seconds',
      help: 'Time from a change being marked to Marketo having confirmed it.',
      labelNames: ['object'],
      buckets: [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400],
      registers,
    }),
    pushes: new Counter({
      name: 'bridge_pushes_total',
      help: 'Records pushed to Marketo, by outcome.',
      labelNames: ['object', 'outcome'],
      registers,
    }),
    marketoCalls: new Counter({
      name: 'bridge_marketo_calls_total',
      help: 'Calls to Marketo, by endpoint and result (ok, or the code).',
      labelNames: ['endpoint', 'result'],
      registers,
    }),
    webhook: new Histogram({
      name: 'bridge_webhook_seconds',
      help: 'Time that the webhook took to answer.',
      labelNames: ['mode', 'status'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
      registers,
    }),
    marks: new Gauge({
      name: 'bridge_marks',
      help: 'Records that are queued, wait for a parent, or are parked.',
      labelNames: ['object', 'state'],
      registers,
    }),
    quotaLeft: new Gauge({
      name: 'bridge_marketo_quota_left',
      help: "Calls left of this service's own ceiling for the Marketo day.",
      registers,
    }),
    refreshAge: new Gauge({
      name: 'bridge_insights_refresh_age_seconds',
      help: 'Age of the Sales Insight values: time since the last refresh.',
      registers,
    }),
    streamLive: new Gauge({
      name: 'bridge_stream_live',
      help: '1 while the Salesforce stream is live, whichever process holds it.',
      registers,
    }),
    problems: new Gauge({ name: 'bridge_problems', help: 'Problems in the status.', registers }),
    leader: new Gauge({ name: 'bridge_leader', help: '1 on the process that leads.', registers }),
  }
}
