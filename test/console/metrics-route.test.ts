import fastify from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import t from 'tap'
import { metricsRoute } from '../../src/console/metrics-route.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { App } from '../../src/web/app-type.ts'

t.test('a database that does not answer does not keep Prometheus from what was counted', async (t) => {
  const app: App = fastify().withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler)
  t.teardown(() => app.close())
  const metrics = createMetrics()
  metrics.events.inc({ result: 'marked' }, 7)
  // As told before the database went.
  metrics.leader.set(1)
  metrics.streamLive.set(1)
  metricsRoute(app, {
    metrics,
    status: () => new Promise(() => undefined),
    isLeader: () => false,
    now: Date.now,
    statusWithinMs: 50,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })
  t.equal(answer.status, 200)
  const text = await answer.text()
  t.match(text, 'bridge_events_total{result="marked"} 7')
  t.match(text, 'bridge_leader 0', 'what docs/operations.md says to watch')
  t.match(text, 'bridge_stream_live 0')
})
