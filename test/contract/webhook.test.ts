// The service's side of the contract: the bodies that InsightClient sends, over HTTP, and answers of the form that it is tested with.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import { storeInsights } from '../../src/database/insights.ts'
import { writeState } from '../../src/database/state.ts'
import { insightAnswer } from '../../src/insights/shapes.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { readJson } from '../fixtures/repository.ts'
import { startWeb, type Web } from '../fixtures/web.ts'
import { startSalesforce } from '../simulators/salesforce/index.ts'
import { playInsightJob } from '../simulators/salesforce/insight-job.ts'
import { DATABASE, strangeCursor, type WebhookSamples } from './webhook-samples.ts'

const { requests, answers, refusals } = readJson('test/contract/fixtures/webhook.json') as WebhookSamples
const kind = (await databaseKinds()).at(-1)!
const PERSON = '00Q5e000001AbCdEAK'

/** Its database is the one of the samples' cursors, and nine values have changed in it. */
async function start(t: Test, options: Parameters<typeof startWeb>[2] = {}): Promise<Web> {
  const { db } = await kind.create(t)
  await writeState(db, 'database', { id: DATABASE })
  const values = {
    type: 'Web',
    date: new Date('2026-11-23T09:15:00Z'),
    description: 'Visited',
    source: 'Web',
  }
  const numbers = { urgency: 2, relativeScore: 1 }
  for (let priority = 1; priority <= 9; priority++)
    await storeInsights(db, [
      {
        id: priority % 2 ? PERSON : '0035e000001AbCdAAK',
        marketoId: '1',
        values: { ...values, ...numbers, priority },
        readAt: new Date(Date.UTC(2026, 10, 23, 10, priority)),
      },
    ])
  const { rows } = await sql<{ value: number }>`select value from counters where name = 'insights'`.execute(
    db,
  )
  t.equal(rows[0]?.value, 9)
  return startWeb(t, db, options)
}

const sortedKeys = (value: object): string[] => Object.keys(value).sort()

t.test('the webhook takes what InsightClient sends, and answers as its tests are told', async (t) => {
  const marketo = await startMarketoSide(t)
  marketo.simulator.instance.createLead({ externalPersonId: PERSON })
  const web = await start(t, { marketo })
  for (const { name, call, body } of requests) {
    const answered = await web.webhook(body)
    t.equal(answered.status, 200, name)
    const answer = insightAnswer.parse(answered.body)
    t.strictSame(answer, answered.body, 'nothing that the schema does not tell')
    const sample = answers.find((sample) => 'cursor' in sample.answer === (call === 'changesSince'))!.answer
    t.strictSame(sortedKeys(answered.body), sortedKeys(sample), name)
    t.ok(answer.records.length > 0, name)
    for (const record of answer.records)
      t.strictSame(sortedKeys(record), sortedKeys((sample['records'] as object[])[0]!))
  }
})

t.test('the webhook refuses in the words that InsightClient is tested with', async (t) => {
  const web = await start(t)
  const path = '/webhooks/insights'
  const ask: Record<number, () => ReturnType<Web['request']>> = {
    400: () => web.webhook({ cursor: strangeCursor, limit: 500 }),
    401: () => web.request(path, { method: 'POST', body: '{}' }),
    503: () => web.webhook({ ids: [PERSON] }),
  }
  // 601 requests are sent by route.test.ts; its answer has the form of all.
  for (const { name, status, retryAfter, answer } of refusals.filter(({ status }) => status !== 429)) {
    const answered = await ask[status]?.()
    t.equal(answered?.status, status, name)
    t.strictSame(answered?.body, answer)
    t.equal(answered?.headers.get('retry-after'), retryAfter, name)
  }
})

t.test('the played job sends what InsightClient sends', async (t) => {
  const bodies: unknown[] = []
  const server = createServer((request, response) => {
    request.setEncoding('utf8')
    let text = ''
    request.on('data', (part: string) => (text += part))
    request.on('end', () => {
      bodies.push(JSON.parse(text))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answers[1]?.answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const salesforce = await startSalesforce()
  t.teardown(() => salesforce.close())
  const { org } = salesforce
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cursor = String(requests[2]?.body['cursor'])
  const job = { url, secret: 'any', org }
  t.notOk((await playInsightJob({ ...job, state: {} })).error)
  const state = { cursor, orgId: org.id, pageSize: 2_000, lastFullAt: Date.now() }
  t.notOk((await playInsightJob({ ...job, state })).error)
  t.strictSame(bodies, [requests[0]?.body, requests[2]?.body])
})
