// Marketo's quotas are shared with others; nothing is pushed over them and nothing is lost by them (design §5, rule 11).
import { serveOn } from '../../src/service.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { environmentOf, WEBHOOK_SECRET } from '../fixtures/bridge.ts'
import { until } from '../fixtures/until.ts'
import type { Story } from './fixtures/story.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

const crowd = (size: number) => (org: Story['org']) => ({
  ...smallOrg(org),
  crowd: org.insert(
    'Lead',
    Array.from({ length: size }, (_, n) => ({ LastName: `L${n}`, Company: 'Crowd' })),
  ),
})
const pausesOf = async (
  status: Story['status'],
): Promise<{ code: string; reason: string; until: string }[]> =>
  ((await status()) as unknown as { marketo: { pauses: { code: string; reason: string; until: string }[] } })
    .marketo.pauses

/** The webhook in ids mode: its status. */
const askNow = (base: string, id: string): Promise<number | undefined> =>
  fetch(`${base}/webhooks/insights`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WEBHOOK_SECRET}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ids: [id] }),
    signal: AbortSignal.timeout(4_000),
  }).then(
    ({ status }) => status,
    () => undefined,
  )

story(
  '607 stops everything until midnight US Central and says so; nothing is parked',
  {},
  async (t, { org, ids, marketo, status, newCalls, parked }) => {
    marketo.faults.add({ kind: 'error', code: '607' })
    org.update('Lead', ids.lena, { Title: 'Over quota' })
    const [pause] = await until('the pause', async () => {
      const pauses = await pausesOf(status)
      return pauses.some(({ code }) => code === '607') ? pauses : undefined
    })
    t.equal(
      new Date(pause!.until).toLocaleTimeString('en-GB', { timeZone: 'America/Chicago' }),
      '00:00:00',
      'until midnight',
    )
    t.match((await status()).problems, [{ system: 'marketo', code: '607' }])
    newCalls()
    for (let n = 0; n < 5; n++) org.update('Lead', ids.lena, { Title: `Still over quota ${n}` })
    const before = Date.now()
    await until('a while to pass', () => Date.now() - before > 2_500)
    t.ok(newCalls().length <= 1, 'at most the one probing call')
    t.strictSame([...(await parked())], [])
    t.equal((await status()).queue.Lead, 1)
  },
)

story(
  '606 and 615 slow the calls down; the work goes on by itself',
  { org: crowd(40) },
  async (t, { org, ids, marketo, inStep, status }) => {
    const refuse = (code: string): unknown =>
      marketo.faults.add({ kind: 'error', code, times: 1, match: { method: 'POST' } })
    refuse('615')
    for (const id of ids.crowd) org.update('Lead', id, { Title: 'Slow' })
    await until('a pause', async () => (await pausesOf(status)).some(({ code }) => code === '615'))
    await inStep()
    refuse('606')
    org.update('Lead', ids.lena, { Title: 'Slower' })
    const pause = await until('the longer pause', async () =>
      (await pausesOf(status)).find(({ code }) => code === '606'),
    )
    t.ok(Date.parse(pause.until) - Date.now() > 10_000, 'as long as the window')
    t.equal((await status()).queue.Lead, 1)
  },
)

story(
  "The service's own daily ceiling is kept, and the status says what to do",
  { env: { MARKETO_DAILY_CALLS: '25' } },
  async (t, { org, ids, marketo, status, url, parked }) => {
    const answers: number[] = []
    for (let n = 0; n < 30; n++) answers.push((await askNow(url, ids.lena)) ?? 0)
    t.equal(answers.at(-1), 503)
    org.update('Lead', ids.lena, { Title: 'Over the ceiling' })
    const pause = await until('the ceiling', async () =>
      (await pausesOf(status)).find(({ code }) => code === 'daily-ceiling'),
    )
    t.match(pause.reason, /MARKETO_DAILY_CALLS/)
    await until('the edit to be queued', async () => (await status()).queue.Lead === 1)
    t.equal(marketo.calls.length, 25)
    t.strictSame([...(await parked())], [])
  },
)

story(
  'Somebody else uses up the instance: background work waits at 80 %, live changes go on',
  {
    env: { MARKETO_INSTANCE_DAILY_CALLS: '50000' },
    marketo: { dailyCalls: 50_000 },
    before: ({ instance }) => instance.otherConsumerCalls(41_000),
    atOnce: true,
  },
  async (t, { org, ids, instance, status, salesforce }) => {
    await until('the limit to be known', async () =>
      (await pausesOf(status)).some(({ code }) => code === 'background-ceiling'),
    )
    await until('the stream', () => salesforce.events.subscribers() === 1)
    org.update('Contact', ids.carl, { Title: 'Live' })
    await until('the live change, with its parents', () => instance.findLeads('title', 'Live').length === 1)
    t.strictSame(instance.findLeads('externalPersonId', ids.lena), [], 'the backfill waits')
    t.match((await status()).queue, { Lead: 1 })
  },
)

story(
  'Two processes together keep the rate and the concurrency',
  {
    org: crowd(30),
    env: { MARKETO_CALLS_PER_20_SECONDS: '25', MARKETO_CONCURRENCY: '2' },
    marketo: { callsPer20Seconds: 100, concurrency: 10, latencyMs: 60 },
  },
  async (t, { ids, marketo, salesforce, databaseUrl, url, org }) => {
    if (databaseUrl === undefined) return t.comment('two processes need PostgreSQL')
    const env = { MARKETO_CALLS_PER_20_SECONDS: '25', MARKETO_CONCURRENCY: '2', MARKETO_DAILY_CALLS: '1000' }
    const log = createLog('silent')
    const database = await openDatabase({ url: databaseUrl, tls: 'off', folder: '', log })
    const second = await serveOn(readConfig(environmentOf(salesforce, marketo, env)), database, log)
    t.teardown(() => second.close())
    for (const id of ids.crowd) org.update('Lead', id, { Title: 'Busy' })
    await Promise.all(
      ids.crowd.map((id, n) => askNow(n % 2 === 0 ? url : `http://127.0.0.1:${second.port}`, id)),
    )
    const calls = marketo.calls.entries.map(({ at, endedAt = at }) => ({ at, endedAt }))
    const atOnce = calls.map(({ at }) => calls.filter((other) => other.at <= at && other.endedAt > at).length)
    const inWindow = calls.map(
      ({ at }) => calls.filter((other) => other.at <= at && other.at > at - 20_000).length,
    )
    t.ok(Math.max(...atOnce) <= 2, `${Math.max(...atOnce)} at once`)
    t.ok(Math.max(...inWindow) <= 25, `${Math.max(...inWindow)} in 20 s`)
    t.ok(Math.max(...inWindow) > 20, 'and the rate is used')
  },
)
