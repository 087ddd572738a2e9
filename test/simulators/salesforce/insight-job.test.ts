import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startSalesforce } from './index.ts'
import { playInsightJob, type InsightState } from './insight-job.ts'
import type { Insight } from './insight-page.ts'

const SECRET = 'webhook-secret-0123456789'

interface Asked {
  cursor: string | null
  limit: number
}
type Answer = { status: number; body?: unknown; headers?: Record<string, string> }

/** A webhook that serves these rows by cursor, with answers put in between. */
async function webhook(t: Test, rows: Insight[]) {
  const asked: Asked[] = []
  const instead: Array<Answer | undefined> = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => (text += part.toString()))
    request.on('end', () => {
      const { cursor, limit } = JSON.parse(text) as Asked
      asked.push({ cursor, limit })
      const other = instead.shift()
      const from = Number(cursor ?? 0)
      const page = { records: rows.slice(from, from + limit), missing: [], asOf: '' }
      const next = Math.min(rows.length, from + limit)
      const body = { ...page, cursor: String(next), hasMore: next < rows.length }
      const right = request.headers.authorization === `Bearer ${SECRET}`
      response.writeHead(right ? (other?.status ?? 200) : 401, {
        'Content-Type': 'application/json',
        ...other?.headers,
      })
      response.end(typeof other?.body === 'string' ? other.body : JSON.stringify(other?.body ?? body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, instead }
}

const insight = (id: string, more: Partial<Insight> = {}): Insight => ({
  id,
  lastInterestingMomentType: 'Web',
  lastInterestingMomentDate: '2026-11-23T09:15:00.123Z',
  lastInterestingMomentDesc: 'Visited pricing page 🎉 ',
  lastInterestingMomentSource: 'Web',
  priority: 3,
  urgency: 2,
  relativeScore: 1,
  ...more,
})

async function start(t: Test, leads: number, change: (rows: Insight[]) => void = () => {}) {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const sf = await startSalesforce({ now: () => time })
  t.teardown(() => sf.close())
  const ids = sf.org.insert(
    'Lead',
    Array.from({ length: leads }, (_, i) => ({ LastName: `L${i}`, Company: 'x' })),
  )
  const rows = ids.map((id) => insight(id))
  change(rows)
  const hook = await webhook(t, rows)
  const state: InsightState = {}
  const slept: number[] = []
  const run = (more = {}) =>
    playInsightJob({
      url: hook.url,
      secret: SECRET,
      org: sf.org,
      state,
      now: () => time,
      sleep: async (ms) => void slept.push(ms),
      ...more,
    })
  sf.events.published.length = 0
  return { sf, org: sf.org, ids, rows, hook, state, run, slept, pass: (ms: number) => (time += ms) }
}

t.test('the seven fields are written where they differ, and nothing is published', async (t) => {
  const { sf, org, ids, rows, run, pass } = await start(t, 3)
  t.match(await run(), { pages: 1, calls: 1, written: 3, unchanged: 0, failed: [], cursor: '3' })
  t.match(org.get('Lead', ids[0]!), {
    mkto_si__Last_Interesting_Moment_Type__c: 'Web',
    mkto_si__Last_Interesting_Moment_Date__c: '2026-11-23T09:15:00.000+0000',
    mkto_si__Last_Interesting_Moment_Desc__c: 'Visited pricing page 🎉',
    mkto_si__Last_Interesting_Moment_Source__c: 'Web',
    mkto_si__Priority__c: 3,
    mkto_si__Urgency_Value__c: 2,
    mkto_si__Relative_Score_Value__c: 1,
  })
  rows[1] = insight(ids[1]!, { priority: null, lastInterestingMomentDesc: '' })
  pass(25 * 3_600_000)
  t.match(await run(), { written: 1, unchanged: 2 }, 'once a day from the beginning')
  t.match(org.get('Lead', ids[1]!), {
    mkto_si__Priority__c: null,
    mkto_si__Last_Interesting_Moment_Desc__c: null,
  })
  t.equal(sf.events.published.length, 0)
})

t.test('pages start at 500 and double; the cursor is kept between runs', async (t) => {
  const { run, hook } = await start(t, 3_700)
  t.match(await run(), { pages: 4, written: 3_700, cursor: '3700' })
  t.strictSame(hook.asked, [
    { cursor: null, limit: 500 },
    { cursor: '500', limit: 1_000 },
    { cursor: '1500', limit: 2_000 },
    { cursor: '3500', limit: 2_000 },
  ])
  t.match(await run(), { pages: 1, written: 0, unchanged: 0 })
  t.equal(hook.asked.at(-1)?.cursor, '3700')
})

t.test('a failed call halves the page; the cursor moves only after its page', async (t) => {
  const { run, hook } = await start(t, 600)
  hook.instead.push(undefined, { status: 500 }, { status: 200, body: '<html>' })
  t.match(await run(), { written: 600, calls: 4, pages: 2 })
  t.strictSame(
    hook.asked.map(({ cursor, limit }) => `${cursor} ${limit}`),
    ['null 500', '500 1000', '500 500', '500 250'],
  )
})

t.test('a page that Apex can not write shrinks to 10 rows, then goes to the failed list', async (t) => {
  const { run, ids, state } = await start(t, 40)
  const poison = ids[25]!
  const beforeWrite = (records: Insight[]) => {
    if (records.some(({ id }) => id === poison)) throw new Error('Apex CPU time limit exceeded')
  }
  const { failed, written } = await run({ beforeWrite })
  t.ok(failed.length <= 10 && failed.some(({ id }) => id === poison))
  t.equal(written + failed.length, 40)
  t.equal(state.cursor, '40')
  t.match(await run(), { failed: [], written: failed.length }, 'the next run starts from the beginning')
})

t.test(
  'after failed rows the next run starts over, for the same row only once until the next day',
  async (t) => {
    const { run, hook, ids, sf, pass } = await start(t, 2)
    const cursors = async (failing: number, locks = 3): Promise<(string | null)[]> => {
      const before = hook.asked.length
      if (failing > 0) sf.faults.lockRows(locks)
      t.equal((await run()).failed.length, failing)
      return hook.asked.slice(before).map(({ cursor }) => cursor)
    }
    t.strictSame(await cursors(1), [null])
    t.strictSame(await cursors(1), [null], 'tried again')
    t.strictSame(await cursors(0), ['2'], 'no more today')
    pass(25 * 3_600_000)
    t.strictSame(await cursors(0), [null], 'the day’s pass')
    t.equal(sf.org.get('Lead', ids[0]!)?.['mkto_si__Priority__c'], 3)
  },
)

t.test('429 and 503 are waited for as long as they say', async (t) => {
  const { run, hook, slept } = await start(t, 1)
  hook.instead.push(
    { status: 429, headers: { 'Retry-After': '7' } },
    { status: 503, headers: { 'Retry-After': '2' } },
  )
  t.match(await run(), { written: 1, calls: 3 })
  t.strictSame(slept, [7_000, 2_000])
})

t.test('a refused cursor starts over; a wrong secret ends the run', async (t) => {
  const { run, hook, state } = await start(t, 2)
  await run()
  hook.instead.push({ status: 400, body: { message: 'cursor is from another database' } })
  t.match(await run(), { unchanged: 2 })
  t.match(hook.asked.slice(-2), [{ cursor: '2' }, { cursor: null }])
  t.match(await run({ secret: 'wrong' }), { error: /^HTTP 401/, cursor: '2' })
  t.equal(state.cursor, '2')
})

t.test('a service that stands still does not hold the job for ever', async (t) => {
  const { run, hook } = await start(t, 2)
  const page = { records: [], cursor: '7', hasMore: true }
  hook.instead.push({ status: 200, body: page }, { status: 200, body: page })
  t.match(await run(), { calls: 2, error: 'the same page came twice' })
})

t.test('a cursor of another org is dropped', async (t) => {
  const { run, hook } = await start(t, 2)
  await run()
  await run({ orgId: '00D5g0000000002EAA' })
  t.equal(hook.asked.at(-1)?.cursor, null)
})

t.test('converted, deleted and unknown records are skipped', async (t) => {
  const { org, ids, run } = await start(t, 3, (rows) => rows.push(insight('0035g0000000zzzEAA')))
  org.convertLead(ids[0]!)
  org.delete('Lead', ids[1]!)
  t.match(await run(), { written: 1, skipped: 3, failed: [] })
})

t.test('row locks are tried again, then listed', async (t) => {
  const short = await start(t, 2)
  short.sf.faults.lockRows(2)
  t.match(await short.run(), { written: 2, failed: [] })
  const long = await start(t, 2)
  long.sf.faults.lockRows(3)
  t.match(await long.run(), { written: 1, failed: [{ id: long.ids[0], reason: /^UNABLE_TO_LOCK_ROW/ }] })
})

t.test('without the package it says so once', async (t) => {
  const { org, run, hook } = await start(t, 1)
  org.removePackage()
  t.match(await run(), { calls: 0, error: /install the Marketo Sales Insight package/ })
  t.equal(hook.asked.length, 0)
})
