import t from 'tap'
import { codeOf, startTester } from './tester.ts'
import type { Answered } from './tester.ts'

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

t.test('a URI over 8 KB is HTTP 414, and the same query works as a POST', async (t) => {
  const { send, marketo } = await startTester(t)
  marketo.instance.createLead({ email: 'ada@example.com' })
  const values = [
    'ada@example.com',
    ...Array.from({ length: 290 }, (_, n) => `someone.${n}@a-long-name.example`),
  ]
  const query = new URLSearchParams({ filterType: 'email', filterValues: values.join(',') }).toString()
  t.equal((await send(`leads.json?${query}`)).status, 414)
  const posted = await send('leads.json?_method=GET', { method: 'POST', headers: form, body: query })
  t.match(await posted.json(), { success: true, result: [{ email: 'ada@example.com' }] })
  t.equal(marketo.calls.last()?.method, 'GET')
  t.match(marketo.calls.violations(), [/the URI has \d+ bytes, over 8 KB/])
})

t.test('a body over 1 MB is HTTP 413', async (t) => {
  const { send, marketo } = await startTester(t)
  const body = JSON.stringify({
    input: [{ email: 'a@b.example', unsubscribedReason: 'x'.repeat(1024 * 1024) }],
  })
  t.equal((await send('leads.json', { method: 'POST', headers: json, body })).status, 413)
  t.match(marketo.calls.violations(), [/over 1 MB/])
})

t.test('unknown paths, methods, content types and broken JSON have their codes', async (t) => {
  const { send } = await startTester(t)
  const code = async (path: string, init: RequestInit = {}) =>
    codeOf((await (await send(path, init)).json()) as Answered)
  t.equal(await code('nowhere.json'), '610')
  t.equal(await code('/leads/partitions.json'), '610', 'double slashes are not forgiven')
  t.equal(await code('leads.json', { method: 'DELETE' }), '605')
  t.equal(await code('leads/delete.json'), '605')
  t.equal(
    await code('leads.json', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }),
    '612',
  )
  t.equal(await code('leads.json', { method: 'POST', headers: json, body: '{"input":[' }), '609')
  t.equal(await code('leads.json', { method: 'POST', headers: json, body: '[]' }), '609')
  t.equal(await code('leads.json', { method: 'POST', headers: json, body: '{"input":{}}' }), '609')
  t.equal(await code('leads.json', { method: 'POST', headers: json, body: '{}' }), '701')
})

t.test('answers over 1 KB are gzipped for those who accept it', async (t) => {
  const { send } = await startTester(t)
  const large = await send('leads/describe2.json', { headers: { 'accept-encoding': 'gzip' } })
  t.equal(large.headers.get('content-encoding'), 'gzip')
  t.match(await large.json(), { success: true, requestId: /^[0-9a-f]+#[0-9a-f]+$/ })
  const small = await send('leads/partitions.json', { headers: { 'accept-encoding': 'gzip' } })
  t.equal(small.headers.get('content-encoding'), null)
  const plain = await send('leads/describe2.json', { headers: { 'accept-encoding': 'identity' } })
  t.equal(plain.headers.get('content-encoding'), null)
})

t.test('the call log tells what was asked, what was answered, and forgets old records', async (t) => {
  const { post, get, marketo } = await startTester(t, { keepRecords: 2 })
  await post('salespersons.json', { input: [{ externalSalesPersonId: '005A' }, {}] })
  t.match(marketo.calls.last(), {
    n: 1,
    endpoint: 'salespersons.json',
    method: 'POST',
    action: 'createOrUpdate',
    lookupField: 'dedupeFields',
    records: [{ externalSalesPersonId: '005A' }, {}],
    recordCount: 2,
    status: 200,
    codes: ['1002'],
    results: [{ status: 'created' }, { status: 'skipped' }],
    executed: true,
  })
  await get('lead/7.json')
  await get('leads.json', { filterType: 'email', filterValues: 'a@b.example,c@d.example' })
  t.match(marketo.calls.since(1), [
    { endpoint: 'lead/{id}.json', codes: ['1004'] },
    { lookupField: 'email', records: ['a@b.example', 'c@d.example'] },
  ])
  t.equal(marketo.calls.entries[0]?.records, undefined)
  t.equal(marketo.calls.entries[0]?.recordCount, 2)
  t.strictSame(
    [marketo.calls.length, marketo.calls.count('leads.json'), marketo.calls.count('leads.json', 'POST')],
    [3, 1, 0],
  )
  t.equal([...marketo.calls].length, 3)
  t.strictSame(marketo.calls.countsByEndpoint(), {
    'POST salespersons.json': 1,
    'GET lead/{id}.json': 1,
    'GET leads.json': 1,
  })
  marketo.calls.clear()
  t.equal(marketo.calls.count(), 0)
  await get('leads/partitions.json')
  t.equal(marketo.calls.last()?.n, 4, 'numbers go on')
})
