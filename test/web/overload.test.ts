import t from 'tap'
import sensible from '@fastify/sensible'
import fastify from 'fastify'
import { refuseWhenOverloaded } from '../../src/web/overload.ts'
import { answerFailures } from '../../src/web/failures.ts'
import { until } from '../fixtures/until.ts'

t.test('a process that cannot keep up says so, but not to health checks', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(sensible)
  answerFailures(app)
  await refuseWhenOverloaded(app, 1_000)
  app.get('/work', { config: { access: 'open' } }, () => ({}))
  app.get('/health', { config: { access: 'health' } }, () => ({}))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal((await fetch(`${url}/work`)).status, 200)

  // The event loop stands still.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
  const busy = await until('a refusal', async () => {
    const response = await fetch(`${url}/work`)
    return response.status === 503 ? response : undefined
  })
  t.equal(busy.headers.get('retry-after'), '10')
  t.match(await busy.json(), { statusCode: 503, error: 'Service Unavailable', message: /overloaded/ })
  t.equal((await fetch(`${url}/health`)).status, 200)
  await until('its end', async () => (await fetch(`${url}/work`)).status === 200)
})
