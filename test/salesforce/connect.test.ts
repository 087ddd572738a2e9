import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { createLog } from '../../src/log.ts'
import { connectSalesforce } from '../../src/salesforce/connect.ts'
import { connectScripted, grant, ORG_ID, QUICK } from './fixtures/connection.ts'
import {
  startScriptedServer,
  type Asked,
  type Reply,
  type ScriptedServer,
} from './fixtures/scripted-server.ts'

const silent = createLog('silent')
const LEAD = '00Q000000000001EAA'
const invalidSession: Reply = {
  status: 401,
  json: [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }],
}

t.test('logs in with client credentials on My Domain', async (t) => {
  const { salesforce, server } = await connectScripted(t, () => ({ json: {} }))
  const login = server.asked[0]!
  t.equal(login.path, '/services/oauth2/token')
  t.same(Object.fromEntries(new URLSearchParams(login.body)), {
    grant_type: 'client_credentials',
    client_id: 'consumer-key',
    client_secret: 'a-consumer-secret',
  })
  t.match(salesforce, { orgId: ORG_ID, instanceUrl: server.url, apiVersion: '67.0' })
  t.equal(salesforce.accessToken(), 'token-1')
})

t.test('logs in with a signed assertion for My Domain that lives at most three minutes', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    const server: ScriptedServer = await startScriptedServer(() => grant(server.url))
    t.teardown(() => server.close())
    const salesforce = await connectSalesforce(
      {
        loginUrl: server.url,
        clientId: 'consumer-key',
        privateKey: privateKey.export({ type, format: 'pem' }) as string,
        username: 'bridge@example.com',
      },
      { log: silent, timing: QUICK },
    )
    t.teardown(() => salesforce.close())
    const form = new URLSearchParams(server.asked[0]!.body)
    t.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    const { payload } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
      issuer: 'consumer-key',
      subject: 'bridge@example.com',
      audience: server.url,
    })
    t.ok(payload.exp! - Date.now() / 1000 <= 180)
  }
})

async function failedLogin(t: Test, reply: Reply): Promise<{ error: Error; asked: number }> {
  const server = await startScriptedServer(() => reply)
  t.teardown(() => server.close())
  try {
    await connectSalesforce(
      { loginUrl: server.url, clientId: 'consumer-key', clientSecret: 'a-consumer-secret' },
      { log: silent, timing: QUICK },
    )
  } catch (error) {
    return { error: error as Error, asked: server.asked.length }
  }
  throw new Error('the login succeeded')
}

t.test('a refused login is told at once, with the cure and without the secret', async (t) => {
  const { error, asked } = await failedLogin(t, {
    status: 400,
    json: { error: 'invalid_client', error_description: 'invalid client credentials' },
  })
  t.match(error, {
    code: 'salesforce_login_refused',
    message: /consumer secret/,
    advice: /SALESFORCE_CLIENT_SECRET/,
  })
  t.notMatch(inspect(error, { depth: 9, showHidden: true }), 'a-consumer-secret')
  t.equal(asked, 1)
})

t.test('a private key that is none is told without showing it', async (t) => {
  const text = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----'
  await t.rejects(
    connectSalesforce(
      { loginUrl: 'http://127.0.0.1:9', clientId: 'k', privateKey: text, username: 'u' },
      { log: silent, timing: QUICK },
    ),
    { code: 'salesforce_login_refused', message: /SALESFORCE_PRIVATE_KEY/ },
  )
})

for (const [name, reply] of [
  ['a web page with status 200', { text: '<html>maintenance</html>' }],
  ['a dropped socket', { fate: 'drop' }],
  ['half an answer', { json: { access_token: 'x'.repeat(500) }, fate: 'cut' }],
  ['an answer without a token', { json: { ok: true } }],
  ['no JSON object at all', { json: null }],
  [
    'an org id that is none',
    { json: { access_token: 'a', instance_url: 'http://127.0.0.1', id: 'nothing' } },
  ],
  ['a server error', { status: 503, text: 'upstream' }],
] as [string, Reply][])
  t.test(`a login that meets ${name} is repeated a few times, then told as unreachable`, async (t) => {
    const { error, asked } = await failedLogin(t, reply)
    t.match(error, { code: 'salesforce_unreachable' })
    t.equal(asked, 4)
  })

t.test('describe is asked once and remembered, failures are not', async (t) => {
  let fail = true
  const { salesforce, server } = await connectScripted(t, () => {
    if (fail)
      return {
        status: 404,
        json: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
      }
    return { json: { name: 'Lead', fields: [{ name: 'Id', type: 'id', length: 18, updateable: false }] } }
  })
  await t.rejects(salesforce.describe('Lead'), {
    code: 'salesforce_object_missing',
    message: /no object Lead/,
  })
  fail = false
  t.match(await salesforce.describe('Lead'), {
    name: 'Lead',
    fields: [{ name: 'Id', type: 'id', length: 18 }],
  })
  const before = server.asked.length
  await salesforce.describe('Lead')
  t.equal(server.asked.length, before)
  await salesforce.describe('Lead', { fresh: true })
  t.equal(server.asked.length, before + 1)
  t.equal(server.asked.at(-1)?.path, '/services/data/v67.0/sobjects/Lead/describe')
})

t.test(
  'a query has pages, drops attributes, and tells the API usage and the time of the server',
  async (t) => {
    const { salesforce, server } = await connectScripted(t, ({ path }) =>
      path.endsWith('/query')
        ? {
            json: {
              totalSize: 2,
              done: false,
              records: [{ attributes: { type: 'Lead' }, Id: LEAD }],
              nextRecordsUrl: '/services/data/v67.0/query/01g-1',
            },
            headers: { 'sforce-limit-info': 'api-usage=18/15000', date: 'Mon, 23 Nov 2026 10:00:00 GMT' },
          }
        : { json: { totalSize: 2, done: true, records: [{ Id: '00Q000000000002EAA' }] } },
    )
    t.equal(salesforce.apiUsage(), undefined)
    const first = await salesforce.query("SELECT Id FROM Lead WHERE Name = 'Zoë & Co'")
    t.same(first.records, [{ Id: LEAD }])
    t.equal(server.asked.at(-1)?.query.get('q'), "SELECT Id FROM Lead WHERE Name = 'Zoë & Co'")
    t.equal(server.asked.at(-1)?.headers.authorization, 'Bearer token-1')
    t.same(salesforce.apiUsage(), { used: 18, limit: 15_000 })
    const asked = server.asked.length
    const off = (await salesforce.serverTime()).getTime() - Date.parse('2026-11-23T10:00:00Z')
    t.ok(off >= 0 && off < 2_000, `off by ${off}`)
    t.equal(server.asked.length, asked, 'the time is remembered')
    const second = await salesforce.more(first.next!)
    t.same(second, { totalSize: 2, records: [{ Id: '00Q000000000002EAA' }] })
    await salesforce.query('SELECT Id FROM Lead', { deleted: true })
    t.equal(server.asked.at(-1)?.path, '/services/data/v67.0/queryAll')
  },
)

t.test('what a gateway says of the time is not Salesforce’s', async (t) => {
  const { salesforce, server } = await connectScripted(t, ({ path }) =>
    path.endsWith('/query')
      ? {
          json: { totalSize: 0, done: true, records: [] },
          headers: { date: 'Mon, 23 Nov 2026 10:00:00 GMT' },
        }
      : { status: 503, text: '<html></html>', headers: { date: 'Mon, 23 Nov 2099 10:00:00 GMT' } },
  )
  await salesforce.query('SELECT Id FROM Lead')
  await t.rejects(salesforce.query('SELECT Id FROM Lead', { deleted: true }))
  const asked = server.asked.length
  t.equal((await salesforce.serverTime()).getUTCFullYear(), 2026)
  t.equal(server.asked.length, asked)
})

t.test('retrieve takes 2,000 ids a call and keys rows by 18 characters', async (t) => {
  const ids = Array.from({ length: 4_001 }, (_, i) => `00Q${String(i).padStart(12, '0')}`)
  const { salesforce, server } = await connectScripted(t, ({ body }) => {
    const asked = (JSON.parse(body) as { ids: string[] }).ids
    return { json: asked.map((Id, i) => (i === 0 ? null : { attributes: {}, Id, Email: 'a@b.example' })) }
  })
  const rows = await salesforce.retrieve('Lead', [...ids, ids[5]!], ['Email', 'Id'])
  t.equal(rows.size, 4_001)
  t.equal(
    server.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/composite/sobjects/Lead'))
      .length,
    3,
  )
  t.equal(rows.get('00Q000000000000EAA'), null)
  t.same(rows.get('00Q000000000005EAA'), { Id: '00Q000000000005EAA', Email: 'a@b.example' })
  t.same((JSON.parse(server.asked[1]!.body) as { fields: string[] }).fields, ['Id', 'Email'])
})

t.test('an expired token is renewed once for all calls that meet it', async (t) => {
  const { salesforce, logins } = await connectScripted(t, ({ headers }) =>
    headers.authorization === 'Bearer token-1' ? invalidSession : { json: { totalSize: 0, records: [] } },
  )
  await Promise.all(Array.from({ length: 5 }, () => salesforce.query('SELECT Id FROM Lead')))
  t.equal(logins(), 2)
  t.equal(salesforce.accessToken(), 'token-2')
})

t.test('a token that stays refused ends in an error, not in a loop of logins', async (t) => {
  const { salesforce, server, logins } = await connectScripted(t, () => invalidSession)
  await t.rejects(salesforce.query('SELECT Id FROM Lead'), {
    code: 'salesforce_session_refused',
    advice: /Login History/,
  })
  t.equal(logins(), 2)
  t.equal(server.asked.length, 4)
})

t.test('after a login that leads to another org nothing is read any more', async (t) => {
  let logins = 0
  const server: ScriptedServer = await startScriptedServer(({ path }) => {
    if (path !== '/services/oauth2/token') return invalidSession
    logins += 1
    const reply = grant(server.url)
    return logins === 1
      ? reply
      : { json: { ...(reply.json as object), id: `${server.url}/id/00D000000000001EAA/005` } }
  })
  t.teardown(() => server.close())
  const salesforce = await connectSalesforce(
    { loginUrl: server.url, clientId: 'k', clientSecret: 's' },
    { log: silent, timing: QUICK },
  )
  t.teardown(() => salesforce.close())
  await t.rejects(salesforce.query('SELECT Id FROM Lead'), { code: 'salesforce_org_changed' })
})

for (const [name, reply] of [
  ['a dropped socket', { fate: 'drop' }],
  ['half an answer', { json: { records: ['x'.repeat(500)] }, fate: 'cut' }],
  ['half a JSON text', { text: '{"totalSize":0,"rec' }],
  ['a web page with status 200', { text: '<!doctype html><title>Login</title>' }],
  ['an empty body', { text: '' }],
  ['status 500', { status: 500, json: [{ errorCode: 'UNKNOWN_EXCEPTION', message: 'x' }] }],
  ['status 429', { status: 429, text: '', headers: { 'retry-after': '0' } }],
  ['silence', { fate: 'hang' }],
] as [string, Reply][])
  t.test(`${name} is outlived, for GET and for POST`, async (t) => {
    let left = 0
    const { salesforce } = await connectScripted(
      t,
      ({ method }) => {
        left -= 1
        if (left >= 0) return reply
        return { json: method === 'POST' ? [{ Id: LEAD }] : { totalSize: 0, records: [] } }
      },
      { callTimeoutMs: 200 },
    )
    left = 2
    t.same(await salesforce.query('SELECT Id FROM Lead'), { totalSize: 0, records: [] })
    left = 2
    t.equal((await salesforce.retrieve('Lead', [LEAD], [])).size, 1)
    left = 99
    await t.rejects(salesforce.query('SELECT Id FROM Lead'), { code: 'salesforce_unreachable' })
    t.equal(99 - left, 4, 'the attempts are bounded')
  })

t.test('whatever JSON is the answer, a call ends with a value or an error that can be read', async (t) => {
  let json: unknown
  let status = 200
  const { salesforce } = await connectScripted(t, () => ({ status, json }), { attempts: 1 })
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.constantFrom(200, 400, 403, 404, 500), async (value, code) => {
      json = value
      status = code
      const calls = [
        salesforce.query('SELECT Id FROM Lead'),
        salesforce.retrieve('Lead', [LEAD], []),
        salesforce.describe('Lead', { fresh: true }),
        salesforce.deletedIds('Lead', new Date(0), new Date(1)),
        salesforce.limits(),
      ]
      for (const outcome of await Promise.allSettled(calls))
        if (outcome.status === 'rejected') t.match(outcome.reason, { code: /^salesforce_/, advice: /./ })
    }),
    { numRuns: 40 },
  )
})

t.test('a refusal carries its cure and is not repeated', async (t) => {
  const { salesforce, server } = await connectScripted(t, () => ({
    status: 400,
    json: [{ errorCode: 'INVALID_FIELD', message: "No such column 'Foo__c' on entity 'Lead'." }],
  }))
  await t.rejects(salesforce.retrieve('Lead', [LEAD], ['Foo__c']), {
    code: 'salesforce_field_missing',
    field: 'Foo__c',
    advice: /Field-Level Security/,
  })
  t.equal(server.asked.length, 2)
})

t.test('a call ends at once when its signal is aborted', async (t) => {
  const { salesforce } = await connectScripted(t, () => ({ fate: 'hang' }))
  const controller = new AbortController()
  const call = salesforce.query('SELECT Id FROM Lead', { signal: controller.signal })
  controller.abort(new Error('no longer leader'))
  await t.rejects(call, { message: 'no longer leader' })
})

t.test('deletions and limits are read', async (t) => {
  const { salesforce, server } = await connectScripted(t, ({ path }) =>
    path.endsWith('/limits')
      ? { json: { DailyApiRequests: { Max: 15_000, Remaining: 14_998 }, Odd: 'x' } }
      : {
          json: {
            deletedRecords: [{ id: '00Q000000000001', deletedDate: '2026-11-23T09:00:00.000+0000' }],
            earliestDateAvailable: '2026-11-08T09:00:00.000+0000',
            latestDateCovered: '2026-11-23T10:00:00.000+0000',
          },
        },
  )
  const start = new Date('2026-11-23T08:00:00Z')
  const end = new Date('2026-11-23T10:00:00Z')
  t.same(await salesforce.deletedIds('Lead', start, end), { ids: [LEAD], latestDateCovered: end })
  const asked: Asked = server.asked.at(-1)!
  t.equal(asked.path, '/services/data/v67.0/sobjects/Lead/deleted/')
  t.equal(asked.query.get('start'), '2026-11-23T08:00:00.000Z')
  t.same(await salesforce.limits(), { DailyApiRequests: { Max: 15_000, Remaining: 14_998 } })
})

t.test('neither token nor secret reaches the log, at any level', async (t) => {
  let left = 3
  const { salesforce, lines } = await connectScripted(t, () => {
    left -= 1
    if (left === 2) return invalidSession
    return left > 0 ? { fate: 'drop' } : { json: { totalSize: 0, records: [] } }
  })
  await salesforce.query('SELECT Id FROM Lead')
  t.ok(lines.length > 0)
  t.notMatch(lines.join(''), /token-\d|a-consumer-secret/)
})
