import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import t from 'tap'
import { LARGEST_ANSWER } from '../../src/marketo/exchange.ts'
import { verdictOfCall } from '../../src/marketo/verdict.ts'
import { connectClient, READ, WRITE } from './fixtures/client.ts'
import {
  drop,
  json,
  refusal,
  silence,
  startScriptedMarketo,
  success,
  text,
  token,
  type Step,
} from './fixtures/scripted-marketo.ts'
import { until } from './fixtures/until.ts'

t.test('sends the token in the header only, and reads the envelope', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(
    json({
      requestId: 'e42b#14272d07d78',
      success: true,
      result: [{ id: 1 }],
      moreResult: true,
      nextPageToken: 'next',
      warnings: ['one', { code: 1, message: 'two' }],
    }),
  )
  t.same(await client.request(READ), {
    ok: true,
    result: [{ id: 1 }],
    moreResult: true,
    nextPageToken: 'next',
    warnings: ['one', 'two'],
    requestId: 'e42b#14272d07d78',
  })
  t.match(marketo.seen, [
    {
      method: 'GET',
      path: '/rest/v1/leads.json?filterType=id&filterValues=1&fields=id',
      headers: { authorization: 'Bearer token-1' },
    },
  ])
  t.equal(marketo.seen[0]?.headers['content-type'], undefined)
  t.notMatch(marketo.seen[0]?.path, /access_token/)
})

t.test('a long search goes as a form, a write as JSON', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const values = Array.from({ length: 300 }, (_, i) => `somebody.with.a.long.name.${i}@company.example`)
  await client.request({ ...READ, query: { filterType: 'email', filterValues: values } })
  t.match(marketo.seen[0], {
    method: 'POST',
    path: '/rest/v1/leads.json?_method=GET',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  t.same(new URLSearchParams(marketo.seen[0]?.body).get('filterValues')?.split(','), values)
  await client.request({ ...WRITE, body: { input: [{ id: 1, title: 'half a pair: \ud83d' }] } })
  t.match(marketo.seen[1], {
    method: 'POST',
    path: '/rest/v1/leads.json',
    headers: { 'content-type': 'application/json' },
  })
  t.same(JSON.parse(marketo.seen[1]?.body ?? ''), { input: [{ id: 1, title: 'half a pair: \ufffd' }] })
})

t.test('a refused token is renewed once, and the call repeated once', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.tokens(token('one'), token('two'))
  marketo.script(refusal('602'), success([{ id: 5 }]))
  t.match(await client.request(WRITE), { ok: true, result: [{ id: 5 }] })
  t.same(
    marketo.seen.map(({ headers }) => headers.authorization),
    ['Bearer one', 'Bearer two'],
  )
  marketo.script(refusal(601))
  t.match(await client.request(WRITE), { ok: false, code: '601' })
  t.equal(marketo.seen.length, 4)
})

t.test('ten calls with an expired token ask for one new token', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const held: (() => void)[] = []
  marketo.tokens(token('one'), token('two'))
  marketo.script((response, seen) => {
    if (seen.headers.authorization === 'Bearer two') return success()(response, seen)
    held.push(() => refusal('602')(response, seen))
    if (held.length === 10) for (const answer of held) answer()
  })
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => client.request(READ)))
  t.ok(outcomes.every(({ ok }) => ok))
  t.equal(marketo.tokensAsked, 2)
})

t.test('bad credentials stop the connection, and use up no calls', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client, store, lines } = connectClient(t, marketo)
  marketo.tokens(json({ error: 'invalid_client' }, 401))
  const outcome = await client.request(WRITE)
  t.match(outcome, { ok: false, code: 'credentials', sent: false })
  t.match(verdictOfCall(outcome, { write: true, attempt: 1 }), { kind: 'stop', advice: /LaunchPoint/ })
  t.same([marketo.seen.length, store.calls.length], [0, 0])
  t.notMatch(lines.join(''), /the-client-secret/)
})

t.test("Marketo's refusals come with code, words and request id", async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(refusal(1006, "Field 'x' not found"))
  t.match(await client.request(WRITE), {
    ok: false,
    level: 'response',
    code: '1006',
    message: "Field 'x' not found",
    sent: true,
    requestId: 'r#1',
  })
})

t.test('any answer at all is an outcome', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const cases: [name: string, step: Step, level: string, code: string][] = [
    [
      'a page of HTML',
      text('<html><head><style>p{}</style><title>Sorry</title></head></html>'),
      'body',
      'not-json',
    ],
    ['nothing', text(''), 'body', 'not-json'],
    [
      'JSON cut off',
      text('{"success":true,"result":[{"id":1', 200, { 'content-type': 'application/json' }),
      'body',
      'not-json',
    ],
    ['an array', json([]), 'body', 'not-marketo'],
    ['null', json(null), 'body', 'not-marketo'],
    ['no success', json({ result: [] }), 'body', 'not-marketo'],
    ['success as text', json({ success: 'true' }), 'body', 'not-marketo'],
    ['a result that is no list', json({ success: true, result: { id: 1 } }), 'body', 'not-marketo'],
    ['a failure without a code', json({ success: false, errors: [] }), 'body', 'not-marketo'],
    ['a failure with odd errors', json({ success: false, errors: 'no' }), 'body', 'not-marketo'],
    ['success with an error', json({ success: true, errors: [{ code: '611' }] }), 'body', 'not-marketo'],
    ['a status', text('Bad Gateway', 502), 'http', 'HTTP 502'],
    ['a redirect', text('', 302, { location: 'https://login.example' }), 'http', 'HTTP 302'],
    ['413 with an envelope', json({ success: false, errors: [{ code: '413' }] }, 413), 'http', 'HTTP 413'],
    [
      'a code under another status',
      json({ success: false, errors: [{ code: '608' }] }, 503),
      'response',
      '608',
    ],
    ['bytes', text(Buffer.from([0xff, 0xfe, 0x00, 0x80])), 'body', 'not-json'],
    ['gzip that is none', text('plain', 200, { 'content-encoding': 'gzip' }), 'body', 'not-json'],
    ['a dropped connection', drop, 'network', 'connection-lost'],
  ]
  for (const [name, step, level, code] of cases) {
    marketo.script(step)
    t.match(await client.request(WRITE), { ok: false, level, code, sent: true }, name)
  }
  marketo.script(text('<html><title>Sorry &amp; bye</title></html>'))
  t.match(await client.request(READ), { message: /text\/html Sorry/ }, 'the page is recognisable')
  marketo.script(json({ success: true, result: null, errors: null, warnings: 'odd', moreResult: null }))
  t.match(
    await client.request(READ),
    { ok: true, result: [], moreResult: false, warnings: [] },
    'oddities that harm nobody',
  )
  marketo.script(json({ success: true, moreResult: 'odd' }))
  t.match(await client.request(READ), { ok: true, moreResult: true }, 'what is no plain no promises more')
})

t.test('whatever bytes come, with whatever status, nothing is thrown', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const answer = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({ success: fc.anything(), result: fc.anything(), errors: fc.anything() })
      .map((body) => JSON.stringify(body) ?? ''),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(answer, fc.constantFrom(200, 201, 400, 404, 500, 503), async (body, status) => {
      marketo.script(text(body, status, { 'content-type': 'application/json' }))
      const outcome = await client.request(WRITE)
      return outcome.ok || (outcome.sent && outcome.code !== '')
    }),
    { numRuns: 200 },
  )
})

t.test('a gzipped answer is read', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const body = gzipSync(JSON.stringify({ success: true, result: [{ id: 9 }] }))
  marketo.script(text(body, 200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }))
  t.match(await client.request(READ), { ok: true, result: [{ id: 9 }] })
  marketo.script(text(gzipSync(Buffer.alloc(LARGEST_ANSWER + 1)), 200, { 'content-encoding': 'gzip' }))
  t.match(await client.request(READ), { ok: false, code: 'too-large' }, 'a bomb')
})

t.test('an endless answer is cut off', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script((response) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const more = (): void => void (response.destroyed || response.write(chunk, () => setImmediate(more)))
    response.writeHead(200, { 'content-type': 'application/json' })
    more()
  })
  t.match(await client.request({ ...READ, timeoutMs: 20_000 }), {
    ok: false,
    level: 'body',
    code: 'too-large',
    sent: true,
  })
})

t.test('an answer that does not come, or does not end, is given up after the time-out', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(silence)
  t.match(await client.request({ ...WRITE, timeoutMs: 80 }), { ok: false, code: 'timed-out', sent: true })
  marketo.script((response) => void response.writeHead(200).write('{"success":'))
  t.match(await client.request({ ...WRITE, timeoutMs: 80 }), { ok: false, code: 'timed-out', sent: true })
  marketo.script((response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{"success":true')
    setImmediate(() => response.socket?.destroy())
  })
  t.match(await client.request(WRITE), { ok: false, code: 'connection-lost', sent: true })
})

t.test('where nobody listens, nothing was sent', async (t) => {
  const { client } = connectClient(t, { url: 'http://127.0.0.1:1' })
  const outcome = await client.request(WRITE)
  t.match(outcome, { ok: false, level: 'network', code: 'not-connected', sent: false })
  t.equal(verdictOfCall(outcome, { write: true, attempt: 1 }).kind, 'again')
})

t.test('a caller can break a call off, and closing breaks off all', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client, store } = connectClient(t, marketo)
  marketo.script(silence)
  const stop = new AbortController()
  const outcome = client.request({ ...WRITE, signal: stop.signal })
  await until(() => marketo.seen.length === 1, 'the call has arrived')
  stop.abort(new Error('enough'))
  t.match(await outcome, { ok: false, code: 'aborted', message: /enough/, sent: true })
  t.equal(store.calls[0]?.finishedAt, undefined, 'it may go on in Marketo')
  const other = client.request(WRITE)
  await until(() => marketo.seen.length === 2, 'the other call has arrived')
  await client.close()
  t.match(await other, { ok: false, code: 'aborted', sent: true })
  t.match(await client.request(READ), { ok: false, code: 'closed', sent: false })
})

t.test('a body over 1 MB is held back, as Marketo would answer', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client, store } = connectClient(t, marketo)
  const outcome = await client.request({ ...WRITE, body: { input: [{ id: 1, notes: 'é'.repeat(600_000) }] } })
  t.match(outcome, { ok: false, code: 'HTTP 413', sent: false })
  t.equal(verdictOfCall(outcome, { write: true, attempt: 1 }).kind, 'bisect')
  t.same([marketo.seen.length, store.calls.length], [0, 0])
})

t.test('what is to be done right before a call is done then, and can prevent it', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client, store } = connectClient(t, marketo)
  const order: string[] = []
  marketo.script((response, seen) => {
    order.push('arrived')
    success()(response, seen)
  })
  await client.request({
    ...WRITE,
    beforeSend: async () => {
      order.push(`intent, ${store.calls.length} started`)
    },
  })
  t.same(order, ['intent, 1 started', 'arrived'])
  await t.rejects(
    client.request({
      ...WRITE,
      beforeSend: async () => {
        throw new Error('this process leads no more')
      },
    }),
    /leads no more/,
  )
  t.equal(marketo.seen.length, 1)
  t.equal(store.calls[1]?.outcome, 'thrown', 'and the slot is free again')
})

t.test('the base address may have a path of its own', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, { url: `${marketo.url}/proxy/` })
  marketo.script(success())
  await client.request({ ...READ, query: undefined })
  t.match(marketo.seen, [{ path: '/proxy/rest/v1/leads.json' }])
})

t.test('neither token nor credentials are logged, at any level', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client, lines } = connectClient(t, marketo)
  marketo.script(refusal('602'), drop, text('x', 500), success())
  for (let i = 0; i < 3; i++) await client.request(READ)
  t.ok(lines.length > 0)
  t.notMatch(lines.join(''), /token-1|the-client-id|the-client-secret/)
})
