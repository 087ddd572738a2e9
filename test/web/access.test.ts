import t from 'tap'
import sensible from '@fastify/sensible'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { guardAccess, isOneOf } from '../../src/web/access.ts'
import { createSessions } from '../../src/web/session.ts'

t.test('only the whole secret fits, and an absent one never does', (t) => {
  const secrets = ['first-secret-0123456789', 'zweites-Gehéimnis-€']
  for (const secret of secrets) t.ok(isOneOf(secrets, Buffer.from(secret)))
  for (const wrong of ['', 'first-secret-012345678', 'first-secret-01234567899', 'FIRST-SECRET-0123456789'])
    t.notOk(isOneOf(secrets, Buffer.from(wrong)), wrong)
  t.notOk(isOneOf(secrets, undefined))
  t.notOk(isOneOf([], Buffer.from('')))
  t.notOk(isOneOf([''], undefined))
  t.end()
})

t.test('a route that does not name its access is not served', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(sensible)
  await app.register(rateLimit, { global: false })
  guardAccess(
    app,
    { webhook: [], admin: [], metrics: [] },
    createSessions('admin-token-0123456789', Date.now),
  )
  t.throws(() => app.get('/forgotten', () => ({})), /does not name its access/)
})
