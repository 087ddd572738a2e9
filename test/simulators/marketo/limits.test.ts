import t from 'tap'
import { codeOf, eventually, startTester } from './tester.ts'
import type { Answered } from './tester.ts'

const PATH = 'leads/partitions.json'
const usageOf = (answer: Answered) => answer.result?.[0]?.total

t.test('the call after the hundredth in 20 seconds is 606, and refused calls count too', async (t) => {
  let now = Date.parse('2026-11-23T10:00:00Z')
  const { marketo, get } = await startTester(t, { now: () => now, callsPer20Seconds: 3 })
  for (let n = 0; n < 3; n += 1) t.equal((await get(PATH)).success, true)
  const refused = await get(PATH)
  t.equal(codeOf(refused), '606')
  t.equal(refused.errors?.[0]?.message, "Max rate limit '3' exceeded with in '20' secs")
  t.match(marketo.calls.violations(), [/606 provoked/])
  now += 19_999
  t.equal(codeOf(await get(PATH)), '606')
  now += 1
  t.equal((await get(PATH)).success, true, 'the window slides')
  t.equal(codeOf(await get(PATH)), undefined)
  t.equal(codeOf(await get(PATH)), '606', 'the call that was refused a moment ago is in the window')
})

t.test('an eleventh call at once is 615', async (t) => {
  const { marketo, get } = await startTester(t, { concurrency: 2 })
  await get(PATH)
  marketo.options.latencyMs = 200
  const answers = await Promise.all([get(PATH), get(PATH), get(PATH)])
  t.strictSame(
    answers.map((answer) => codeOf(answer)).filter((code) => code !== undefined),
    ['615'],
  )
  t.match(marketo.calls.violations(), [/615 provoked/])
  t.equal((await get(PATH)).success, true)
})

t.test('a call whose client has gone is executed and holds its slot until it ends', async (t) => {
  const { marketo, get, send } = await startTester(t, { concurrency: 1 })
  await get(PATH)
  marketo.options.latencyMs = 300
  const body = JSON.stringify({ input: [{ externalSalesPersonId: '005A' }] })
  const headers = { 'content-type': 'application/json' }
  const client = new AbortController()
  const call = send('salespersons.json', { method: 'POST', headers, body, signal: client.signal })
  t.ok(await eventually(() => marketo.calls.count('salespersons.json') === 1))
  client.abort()
  await t.rejects(call)
  t.equal(codeOf(await get(PATH)), '615')
  t.equal(marketo.instance.salesPersons.size, 0)
  t.ok(await eventually(() => marketo.instance.salesPersons.size === 1))
  t.ok(await eventually(() => marketo.calls.entries.every((call) => call.endedAt !== undefined)))
  t.equal((await get(PATH)).success, true)
})

t.test('the day has a quota that ends at midnight US Central', async (t) => {
  let now = Date.parse('2026-11-24T05:50:00Z')
  const { get, marketo } = await startTester(t, { now: () => now, dailyCalls: 5 })
  marketo.instance.otherConsumerCalls(3)
  t.equal(usageOf(await get('stats/usage.json')), 4)
  t.equal((await get(PATH)).success, true)
  t.equal(codeOf(await get(PATH)), '607')
  t.strictSame(marketo.calls.violations(), [], 'which is not the fault of the client alone')
  now += 10 * 60_000
  t.equal((await get(PATH)).success, true, '06:00 UTC is midnight in Chicago in winter')
  t.strictSame((await get('stats/usage/last7days.json')).result, [
    { date: '2026-11-24', total: 2, users: [{ userId: 'bridge@apis.example', count: 2 }] },
    {
      date: '2026-11-23',
      total: 6,
      users: [
        { userId: 'other-integration@apis.example', count: 3 },
        { userId: 'bridge@apis.example', count: 3 },
      ],
    },
  ])
})

t.test('other integrations take from rate and slots, which is no violation of ours', async (t) => {
  const { get, marketo } = await startTester(t, { callsPer20Seconds: 4 })
  marketo.instance.otherConsumerInFlight(10)
  t.equal(codeOf(await get(PATH)), '615')
  marketo.instance.otherConsumerInFlight(0)
  marketo.instance.otherConsumerCalls(3, { inWindow: true, user: 'power-bi@apis.example' })
  t.equal(codeOf(await get(PATH)), '606')
  t.strictSame(marketo.calls.violations(), [])
})

t.test('codes marked with a star are not counted, the others are', async (t) => {
  const { get, marketo } = await startTester(t)
  const codes = ['601', '602', '604', '605', '608', '611', '606', '607', '614', '615', '713']
  for (const code of codes) {
    marketo.faults.add({ kind: 'error', code, times: 1 })
    t.equal(codeOf(await get(PATH)), code)
  }
  t.equal(usageOf(await get('stats/usage.json')), 6, 'five of eleven, and this call')
})

t.test('errors of the day are counted by code', async (t) => {
  const { get } = await startTester(t)
  await get('leads.json', { filterType: 'nonsense', filterValues: '1' })
  await get('nowhere.json')
  await get('nowhere.json')
  t.match((await get('stats/errors.json')).result, [
    {
      total: 3,
      errors: [
        { errorCode: '1006', count: 1 },
        { errorCode: '610', count: 2 },
      ],
    },
  ])
  t.equal((await get('stats/errors/last7days.json')).result?.length, 1)
})

t.test('limits can be changed while it runs', async (t) => {
  const { get, marketo } = await startTester(t, { callsPer20Seconds: 1 })
  await get(PATH)
  t.equal(codeOf(await get(PATH)), '606')
  marketo.options.callsPer20Seconds = 100
  t.equal((await get(PATH)).success, true)
})
