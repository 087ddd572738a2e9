import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { openDatabase } from '../src/database/connection.ts'
import { createLog } from '../src/log.ts'
import { databaseKinds } from './fixtures/databases.ts'
import { visit } from './console/fixtures/pages.ts'
import { personId } from './fixtures/persons.ts'
import { ADMIN_TOKEN, ENVIRONMENT, METRICS_TOKEN, startWeb, WEBHOOK_SECRET } from './fixtures/web.ts'

// PostgreSQL where there is one: it starts faster than the embedded database.
const kind = (await databaseKinds()).at(-1)

t.test('every answer is JSON in one shape, also where there is nothing', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const nowhere = await web.request('/nowhere')
  t.equal(nowhere.status, 404)
  t.strictSame(Object.keys(nowhere.body), ['statusCode', 'error', 'message'])
  t.equal(nowhere.body.error, 'Not Found')
  const broken = await web.request('/100%')
  t.equal(broken.status, 400)
  t.strictSame(Object.keys(broken.body), ['statusCode', 'error', 'message'])
  t.match(broken.body.message, /written as %25/)
  t.match(nowhere.headers.get('x-content-type-options'), 'nosniff', 'helmet is on')
})

t.test('an address is the same with a slash too many', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const ask = (path: string, token: string) =>
    web.request(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"cursor":null}',
    })
  for (const path of ['//webhooks/insights', '/webhooks/insights/']) {
    t.equal((await ask(path, WEBHOOK_SECRET)).status, 200, path)
    t.equal((await ask(path, ADMIN_TOKEN)).status, 401, path)
  }
})

t.test('the process is alive and ready, without any token', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  t.strictSame((await web.request('/health/live')).body, {
    ok: true,
    checks: [{ name: 'process', ok: true, reason: null }],
  })
  const ready = await web.request('/health/ready')
  t.equal(ready.status, 200)
  t.match(ready.body, {
    ok: true,
    checks: [
      { name: 'database', ok: true },
      { name: 'schema', ok: true },
    ],
  })
})

t.test(
  'strangers are refused and then slowed down by address; health checks and known callers are not',
  async (t) => {
    const { db } = await kind!.create(t)
    const web = await startWeb(t, db)
    const knock = (from: string) =>
      web.request('/api/status', {
        headers: { authorization: 'Bearer wrong', 'x-forwarded-for': `9.9.9.9, ${from}` },
      })
    const first = await knock('1.1.1.1')
    t.equal(first.status, 401)
    t.equal(first.headers.get('www-authenticate'), 'Bearer')
    t.match(first.body.message, 'ADMIN_TOKEN')
    for (let i = 1; i < 60; i++) await knock('1.1.1.1')
    const late = await knock('1.1.1.1')
    t.equal(late.status, 429)
    t.ok(Number(late.headers.get('retry-after')) > 0)
    t.equal(late.body.error, 'Too Many Requests')
    t.equal((await knock('2.2.2.2')).status, 401, 'another address, as the router tells it')
    const spoofed = await web.request('/api/status', { headers: { 'x-forwarded-for': '3.3.3.3, 1.1.1.1' } })
    t.equal(spoofed.status, 429, 'what the caller writes into the header does not count')
    const known = await web.request('/api/status', {
      headers: { authorization: `bearer ${ADMIN_TOKEN}`, 'x-forwarded-for': '1.1.1.1' },
    })
    t.equal(known.status, 200)
    t.equal((await web.request('/health/live', { headers: { 'x-forwarded-for': '1.1.1.1' } })).status, 200)
  },
)

t.test('what fails here is logged, and not shown', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db, {
    isLeader: () => {
      throw new Error('a detail with a password')
    },
  })
  const failed = await web.get('/api/status')
  t.equal(failed.status, 500)
  t.notMatch(JSON.stringify(failed.body), /password/)
  t.match(web.logged.join('\n'), /a detail with a password/)
})

t.test('a router in front finds its connections open for longer than it keeps them', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  t.equal((await fetch(`${web.url}/health/live`)).headers.get('keep-alive'), 'timeout=95')
})

t.test('without its database the process is alive, not ready, and asks callers to come again', async (t) => {
  const { db, close } = await openDatabase({
    url: 'postgres://127.0.0.1:1/nothing',
    tls: 'off',
    folder: '',
    log: createLog('silent'),
  })
  t.teardown(close)
  const web = await startWeb(t, db)
  t.equal((await web.request('/health/live')).status, 200)
  const ready = await web.request('/health/ready')
  t.equal(ready.status, 503)
  t.match(ready.body, {
    ok: false,
    checks: [{ name: 'database', ok: false, reason: 'cannot be reached' }, { ok: false }],
  })
  for (const answer of [await web.get('/api/status'), await web.webhook({ cursor: null })]) {
    t.equal(answer.status, 503)
    t.equal(answer.headers.get('retry-after'), '10')
    t.notMatch(JSON.stringify(answer.body), /127\.0\.0\.1|ECONNREFUSED/)
  }
  const visitor = visit(web.url)
  await visitor.signIn()
  for (const path of ['/', '/changes', '/parked', '/parked.csv', '/settings', `/records/${personId(1)}`]) {
    const { status, text } = await visitor.get(path)
    t.equal(status, 503, path)
    t.match(text, /The database cannot be reached at the moment/, path)
  }
  const metrics = await web.request('/metrics', { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })
  t.equal(metrics.status, 200, 'what was counted is told all the same')
})

t.test('metrics need their own token, and without METRICS_TOKEN there are none', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const asked = (token: string) => web.request('/metrics', { headers: { authorization: `Bearer ${token}` } })
  t.equal((await asked(ADMIN_TOKEN)).status, 401)
  const told = await asked(METRICS_TOKEN)
  t.equal(told.status, 200)
  t.match((told.body as { text?: string }).text, /bridge_marks\{object="Contact",state="queue"\} 0/)
  t.match((told.body as { text?: string }).text, /bridge_marketo_quota_left 40000/)

  const closed = await startWeb(t, db, { environment: { ...ENVIRONMENT, METRICS_TOKEN: undefined } })
  t.equal((await closed.request('/metrics')).status, 404)
})

interface Description {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}
interface Operation {
  summary?: string
  security?: object[]
  responses: Record<string, { description: string }>
}

t.test('the description of the API is open, valid and complete', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const { status, body } = await web.request('/docs/json')
  const description = body as unknown as Description
  t.equal(status, 200)
  t.equal(description.openapi, '3.0.3')
  const { valid, errors } = await new Validator().validate(structuredClone(body))
  t.ok(valid, JSON.stringify(errors))
  t.strictSame(Object.keys(description.paths).sort(), [
    '/api/backfill',
    '/api/backfill/pause',
    '/api/backfill/resume',
    '/api/mapping/reload',
    '/api/parked',
    '/api/parked/retry',
    '/api/preflight',
    '/api/reconcile',
    '/api/records/{id}',
    '/api/records/{id}/sync',
    '/api/removals/confirm',
    '/api/status',
    '/health/live',
    '/health/ready',
    '/webhooks/insights',
  ])
  for (const [path, operations] of Object.entries(description.paths))
    for (const { summary, security, responses } of Object.values(operations)) {
      t.ok(summary, path)
      t.equal(security?.length ?? 0, path.startsWith('/health') ? 0 : 1, path)
      for (const response of Object.values(responses)) t.not(response.description, 'Default Response', path)
    }
  const named = [...JSON.stringify(body).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name!)
  t.ok(named.length > 0)
  for (const name of new Set(named)) t.ok(description.components.schemas[name], name)
})
