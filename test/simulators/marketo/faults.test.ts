import t from 'tap'
import { codeOf, eventually, outcomes, startTester } from './tester.ts'
import type { Tester } from './tester.ts'

const PATH = 'leads/partitions.json'
const company = { input: [{ externalCompanyId: '001A' }] }

const isBad = (record: Record<string, unknown>) => record.email === 'bad@b.example'

const postRaw = ({ send }: Tester) =>
  send('companies.json', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(company),
  })

for (const code of ['601', '606', '607', '608', '611', '614', '615', '713', '719', '1006'])
  t.test(`an error ${code} executes nothing and goes after its times`, async (t) => {
    const { post, marketo } = await startTester(t)
    const fault = marketo.faults.add({ kind: 'error', code, times: 2, match: { endpoint: 'companies.json' } })
    t.equal(codeOf(await post('companies.json', company)), code)
    t.equal((await post('salespersons.json', { input: [{ externalSalesPersonId: '005A' }] })).success, true)
    t.equal(codeOf(await post('companies.json', company)), code)
    t.equal(marketo.instance.companies.size, 0)
    t.equal((await post('companies.json', company)).success, true)
    t.equal(fault.hits, 2)
    t.match(marketo.calls.entries[0], { fault: 'error', executed: false, codes: [code] })
    t.strictSame(marketo.calls.violations(), [])
  })

t.test('faults match by method, action and predicate, and can be removed', async (t) => {
  const { get, post, marketo } = await startTester(t)
  const { faults } = marketo
  const byMethod = faults.add({
    kind: 'error',
    code: '608',
    match: { endpoint: 'leads.json', method: 'GET' },
  })
  const byAction = faults.add({ kind: 'error', code: '611', match: { action: 'updateOnly' } })
  faults.add({
    kind: 'error',
    code: '614',
    match: { where: (call) => call.lookupField === 'leadCompanyName' },
  })
  const filter = { filterType: 'email', filterValues: 'a@b.example' }
  const sync = (more: Record<string, unknown>) =>
    post('leads.json', { input: [{ email: 'a@b.example', leadCompanyName: 'Acme' }], ...more })
  t.equal(codeOf(await get('leads.json', filter)), '608')
  t.equal(codeOf(await sync({ action: 'updateOnly' })), '611')
  t.equal(codeOf(await sync({ lookupField: 'leadCompanyName' })), '614')
  t.equal(codeOf(await sync({})), undefined)
  byMethod.remove()
  t.equal(codeOf(await get('leads.json', filter)), undefined)
  t.equal(byAction.hits, 1)
  faults.clear()
  t.equal(codeOf(await sync({ action: 'updateOnly' })), undefined)
})

t.test('a probability is seeded', async (t) => {
  const run = async (seed: number) => {
    const { get, marketo } = await startTester(t, { seed })
    marketo.faults.add({ kind: 'error', code: '608', probability: 0.5 })
    const codes: unknown[] = []
    for (let n = 0; n < 20; n += 1) codes.push(codeOf(await get(PATH)))
    return codes
  }
  const first = await run(7)
  t.strictSame(await run(7), first)
  t.notSame(await run(8), first)
  t.ok(first.includes('608') && first.includes(undefined))
})

t.test('other HTTP statuses, with and without the work', async (t) => {
  const tester = await startTester(t)
  const { marketo } = tester
  marketo.faults.add({ kind: 'http', status: 502, times: 1 })
  t.equal((await postRaw(tester)).status, 502)
  t.equal(marketo.instance.companies.size, 0)
  const json = { contentType: 'application/json', body: '{"half":' }
  marketo.faults.add({ kind: 'http', status: 500, executes: true, times: 1, ...json })
  const response = await postRaw(tester)
  t.equal(response.status, 500)
  t.equal(await response.text(), '{"half":')
  t.equal(marketo.instance.companies.size, 1)
})

t.test('a page of HTML with status 200', async (t) => {
  const tester = await startTester(t)
  tester.marketo.faults.add({ kind: 'html', times: 1 })
  const response = await postRaw(tester)
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /text\/html/)
  t.match(await response.text(), /maintenance/)
  t.equal(tester.marketo.instance.companies.size, 0)
})

t.test('a truncated body comes after the work', async (t) => {
  const tester = await startTester(t)
  tester.marketo.faults.add({ kind: 'truncated', times: 1 })
  const response = await postRaw(tester)
  await t.rejects(response.json(), { name: 'SyntaxError' })
  t.equal(tester.marketo.instance.companies.size, 1)
})

t.test('a connection dropped before and after the work', async (t) => {
  const tester = await startTester(t)
  const { marketo } = tester
  await tester.get(PATH)
  marketo.faults.add({ kind: 'drop', when: 'before', times: 1 })
  await t.rejects(postRaw(tester))
  t.equal(marketo.instance.companies.size, 0)
  marketo.faults.add({ kind: 'drop', when: 'after', times: 1 })
  await t.rejects(postRaw(tester))
  t.equal(marketo.instance.companies.size, 1)
  t.match(marketo.calls.last(), { fault: 'drop', executed: true, status: undefined })
})

t.test('slow calls', async (t) => {
  const { get, marketo } = await startTester(t)
  await get(PATH)
  marketo.faults.add({ kind: 'slow', ms: 60, times: 1 })
  await get(PATH)
  const { at = 0, endedAt = 0 } = marketo.calls.last() ?? {}
  t.ok(endedAt - at >= 55)
})

for (const answer of ['202', '504', '604', 'drop'] as const)
  t.test(`late work after ${answer} is done when the client believes it failed`, async (t) => {
    const tester = await startTester(t)
    const { marketo } = tester
    await tester.get(PATH)
    marketo.faults.add({ kind: 'late', seconds: 0.15, answer, times: 1 })
    if (answer === 'drop') await t.rejects(postRaw(tester))
    else {
      const response = await postRaw(tester)
      t.equal(response.status, answer === '604' ? 200 : Number(answer))
      if (answer === '604') t.match(await response.json(), { success: false, errors: [{ code: '604' }] })
    }
    t.equal(marketo.instance.companies.size, 0)
    const call = marketo.calls.entries[1]!
    t.equal(call.executed, false)
    t.ok(await eventually(() => marketo.instance.companies.size === 1))
    t.match(call, { executed: true, results: [{ status: 'created' }] })
  })

t.test('repeating before late work is done makes a duplicate, and a violation', async (t) => {
  const { post, marketo } = await startTester(t)
  const body = { lookupField: 'externalPersonId', input: [{ externalPersonId: '00QA' }] }
  marketo.faults.add({ kind: 'late', seconds: 0.3, answer: '604', times: 1 })
  t.equal(codeOf(await post('leads.json', body)), '604')
  t.strictSame(outcomes(await post('leads.json', body)), ['created'])
  t.match(marketo.calls.violations(), [/00QA is in two calls at once/])
  t.ok(await eventually(() => marketo.instance.findLeads('externalPersonId', '00QA').length === 2))
})

t.test('late work can be spread over its time', async (t) => {
  const { post, marketo } = await startTester(t)
  marketo.faults.add({ kind: 'late', seconds: 0.3, answer: '604', spread: true })
  for (let n = 0; n < 20; n += 1) await post('companies.json', { input: [{ externalCompanyId: `C${n}` }] })
  t.ok(await eventually(() => marketo.instance.companies.size > 2))
  t.ok(marketo.instance.companies.size < 20)
  t.ok(await eventually(() => marketo.instance.companies.size === 20))
})

t.test('single records are refused, in writes that hold them', async (t) => {
  const { get, post, marketo } = await startTester(t)
  const fault = marketo.faults.add({ kind: 'record', code: '1003', message: 'No', where: isBad, times: 1 })
  const input = [{ email: 'good@b.example' }, { email: 'bad@b.example' }]
  await post('leads.json', { input: [{ email: 'good@b.example' }] })
  await get('leads.json', { filterType: 'email', filterValues: 'bad@b.example' })
  t.equal(fault.hits, 0)
  t.strictSame(outcomes(await post('leads.json', { input })), ['updated', '1003'])
  t.strictSame(outcomes(await post('leads.json', { input })), ['updated', 'created'])
  marketo.faults.add({ kind: 'record', code: '1022' })
  t.strictSame(outcomes(await post('companies.json', company)), ['1022'])
  t.strictSame(outcomes(await post('companies/delete.json', company)), ['1022'])
  t.strictSame(outcomes(await post('leads/delete.json', { input: [{ id: 1 }] })), ['1022'])
})

t.test('the token endpoint has faults of its own', async (t) => {
  const { get, marketo } = await startTester(t)
  marketo.faults.add({ kind: 'error', code: '608', times: 1 })
  const endpoint = 'identity/oauth/token'
  const ask = () => fetch(`${marketo.url}/${endpoint}?grant_type=client_credentials`)
  marketo.faults.add({ kind: 'http', status: 503, times: 1, match: { endpoint } })
  t.equal((await ask()).status, 503)
  marketo.faults.add({ kind: 'html', times: 1, match: { endpoint } })
  t.equal((await ask()).status, 200)
  marketo.faults.add({ kind: 'drop', when: 'before', times: 1, match: { endpoint } })
  await t.rejects(ask())
  t.equal((await ask()).status, 401)
  t.equal(codeOf(await get(PATH)), '608', 'a fault without endpoint is for REST calls')
})
