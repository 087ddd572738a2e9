import t from 'tap'
import { storeInsights } from '../../src/database/insights.ts'
import { wantedInsights } from '../../src/database/refresh-progress.ts'
import type { Db } from '../../src/database/tables.ts'
import { writeState } from '../../src/database/state.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { knowPersons, personId } from '../fixtures/persons.ts'
import { ENVIRONMENT, startWeb, WEBHOOK_SECRET, type Answered, type Web } from '../fixtures/web.ts'

const kinds = await databaseKinds()
const [kind] = kinds
const PREVIOUS = 'previous-webhook-secret-0123456789'

const NOTHING = {
  type: null,
  date: null,
  description: null,
  source: null,
  priority: null,
  urgency: null,
  relativeScore: null,
}

async function store(db: Db, ids: string[], priority: number, at = Date.now()): Promise<void> {
  await storeInsights(
    db,
    ids.map((id) => ({ id, marketoId: '1', values: { ...NOTHING, priority }, readAt: new Date(at) })),
  )
}

interface Page {
  records: { id: string; priority: number | null }[]
  missing: { id: string; reason: string }[]
  cursor: string
  hasMore: boolean
  asOf: string
}
const pageOf = ({ body }: Answered): Page => body as unknown as Page

async function send(web: Web, init: RequestInit): Promise<Answered> {
  return web.request('/webhooks/insights', { method: 'POST', ...init } as Parameters<Web['request']>[1])
}
const SECRET = { authorization: `Bearer ${WEBHOOK_SECRET}` }
const JSON_TYPE = { 'content-type': 'application/json' }

t.test('the order of refusals is 401, 415, 413, 400', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const huge = `{"ids":["${'x'.repeat(1_100_000)}"]}`
  t.equal((await send(web, { body: huge, headers: { 'content-type': 'text/plain' } })).status, 401)
  t.equal((await send(web, { body: huge, headers: { ...SECRET, 'content-type': 'text/plain' } })).status, 415)
  t.equal((await send(web, { body: huge, headers: { ...SECRET, ...JSON_TYPE } })).status, 413)
  t.equal((await send(web, { body: '{', headers: { ...SECRET, ...JSON_TYPE } })).status, 400)
  t.equal((await send(web, { body: '', headers: { ...SECRET, ...JSON_TYPE } })).status, 400)
  t.equal((await send(web, { headers: SECRET })).status, 400, 'no body at all')
  const zipped = { ...SECRET, ...JSON_TYPE, 'content-encoding': 'gzip' }
  t.equal((await send(web, { body: '{}', headers: zipped })).status, 415)
})

t.test('both secrets are good while rotating, near misses are not', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db, { environment: { ...ENVIRONMENT, WEBHOOK_SECRET_PREVIOUS: PREVIOUS } })
  const ask = async (authorization: string) =>
    (await send(web, { body: '{"cursor":null}', headers: { ...JSON_TYPE, authorization } })).status
  t.equal(await ask(`Bearer ${WEBHOOK_SECRET}`), 200)
  t.equal(await ask(`bearer  ${PREVIOUS}`), 200)
  for (const wrong of [
    `Bearer ${WEBHOOK_SECRET}x`,
    `Bearer ${WEBHOOK_SECRET.slice(1)}`,
    `Basic ${WEBHOOK_SECRET}`,
    'Bearer ',
    'Bearer',
    `Bearer ${ENVIRONMENT.ADMIN_TOKEN}`,
  ])
    t.equal(await ask(wrong), 401, wrong)
})

t.test('a secret of several words is as good as any', async (t) => {
  const { db } = await kind!.create(t)
  const words = 'correct horse battery staple'
  const web = await startWeb(t, db, { environment: { ...ENVIRONMENT, WEBHOOK_SECRET: words } })
  const ask = async (authorization: string) =>
    (await send(web, { body: '{"cursor":null}', headers: { ...JSON_TYPE, authorization } })).status
  t.equal(await ask(`Bearer ${words}`), 200)
  t.equal(await ask('Bearer correct horse battery'), 401)
})

t.test('every problem of a body is named', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const cases: [unknown, RegExp[]][] = [
    [{}, [/exactly one of cursor and ids/]],
    [{ limit: 5 }, [/exactly one of cursor and ids/]],
    [{ cursor: null, ids: [personId(1)] }, [/exactly one of cursor and ids/]],
    [{ ids: [personId(1)], limit: 5 }, [/limit goes with cursor only/]],
    [{ ids: [] }, [/ids must be a list of 1 to 2000/]],
    [{ ids: Array.from({ length: 2_001 }, () => personId(1)) }, [/ids must be a list of 1 to 2000/]],
    [{ ids: [personId(1), 7, 'short'] }, [/ids\[1\], ids\[2\] must be a Salesforce id/]],
    [{ cursor: null, limit: 0 }, [/limit must be a whole number from 1 to 2000/]],
    [{ cursor: null, limit: 1.5 }, [/limit must be/]],
    [{ cursor: null, limit: '7' }, [/limit must be/]],
    [
      { cursor: 7, limit: 2_001, colour: 'red', size: 1 },
      [/cursor must be/, /limit must be/, /colour, size/],
    ],
    [[], [/must be a JSON object/]],
    ['null', [/must be a JSON object/]],
    ['"text"', [/must be a JSON object/]],
    ['{"__proto__":{"cursor":null}}', [/not valid JSON|__proto__|forbidden/i]],
    [{ cursor: 'nonsense' }, [/cursor/]],
  ]
  for (const [body, patterns] of cases) {
    const { status, body: answer } = await web.webhook(body)
    t.equal(status, 400, JSON.stringify(body).slice(0, 60))
    t.equal(answer.error, 'Bad Request')
    for (const pattern of patterns) t.match(answer.message, pattern)
  }
})

for (const kind of kinds)
  t.test(`pages on ${kind.name} are in order, end, and can be asked for twice`, async (t) => {
    const { db } = await kind.create(t)
    const web = await startWeb(t, db)
    const ids = Array.from({ length: 5 }, (_, n) => personId(n))
    const empty = pageOf(await web.webhook({ cursor: null }))
    t.match(empty, { records: [], missing: [], hasMore: false })
    for (const id of ids) await store(db, [id], 1)
    await writeState(db, 'insights', { lastRefreshAt: '2026-11-23T10:00:00.000Z', lastSweepAt: null })

    const first = pageOf(await web.webhook({ cursor: empty.cursor, limit: 2 }))
    t.strictSame(
      first.records.map(({ id }) => id),
      ids.slice(0, 2),
    )
    t.equal(first.hasMore, true)
    t.equal(first.asOf, '2026-11-23T10:00:00.000Z')
    const second = pageOf(await web.webhook({ cursor: first.cursor, limit: 2 }))
    await store(db, [ids[0]!], 2)
    const again = pageOf(await web.webhook({ cursor: first.cursor, limit: 2 }))
    t.strictSame(again, second)
    const third = pageOf(await web.webhook({ cursor: second.cursor, limit: 2 }))
    t.strictSame([third.records.map(({ id }) => id), third.hasMore], [ids.slice(4), false], 'the walk ends')
    const next = pageOf(await web.webhook({ cursor: third.cursor }))
    t.strictSame(
      [next.records.map(({ id }) => id), next.hasMore],
      [ids.slice(0, 1), false],
      'the next one begins',
    )
    t.strictSame(pageOf(await web.webhook({ cursor: next.cursor })).records, [])
  })

t.test('a value looks as in the contract', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  await storeInsights(db, [
    {
      id: personId(1),
      marketoId: '1',
      values: {
        type: 'Web',
        date: new Date('2026-11-23T09:15:00Z'),
        description: 'Visited 🎉\n“pricing”',
        source: 'Web',
        priority: 0,
        urgency: 2,
        relativeScore: null,
      },
      readAt: new Date(),
    },
  ])
  t.strictSame(pageOf(await web.webhook({ cursor: null })).records, [
    {
      id: personId(1),
      lastInterestingMomentType: 'Web',
      lastInterestingMomentDate: '2026-11-23T09:15:00.000Z',
      lastInterestingMomentDesc: 'Visited 🎉\n“pricing”',
      lastInterestingMomentSource: 'Web',
      priority: 0,
      urgency: 2,
      relativeScore: null,
    },
  ])
})

t.test('cursors of another database and of the future are refused, and null starts over', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  await store(db, [personId(1), personId(2)], 1)
  const { cursor } = pageOf(await web.webhook({ cursor: null, limit: 1 }))
  const [database] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string]
  const made = (...content: unknown[]) => Buffer.from(JSON.stringify(content)).toString('base64url')
  for (const [bad, word] of [
    [made('another', 1, 2), /another database/],
    [made(database, 1, 9), /future/],
    [made(database, 2, 1), /none of this service/],
    [made(database, -1, 1), /none of this service/],
    [made(database, 1e300, 1e301), /none of this service/],
    [made(database), /none of this service/],
    ['', /none of this service/],
    [`${cursor}${'A'.repeat(300)}`, /cursor/],
  ] as const) {
    const { status, body } = await web.webhook({ cursor: bad })
    t.equal(status, 400)
    t.match(body.message, /cursor/)
    t.match(body.message, word)
  }
  t.equal((await web.webhook({ cursor })).status, 200)
})

t.test('answers are zipped on request and hold no cache', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  await store(
    db,
    Array.from({ length: 100 }, (_, n) => personId(n)),
    1,
  )
  const answer = await web.webhook({ cursor: null })
  t.equal(answer.headers.get('content-encoding'), 'gzip')
  t.equal(answer.headers.get('cache-control'), 'no-store')
  t.equal(pageOf(answer).records.length, 100)
})

t.test('more than 600 requests a minute with the right secret are told to wait', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  let last: Answered | undefined
  for (let i = 0; i <= 600; i += 20) {
    const round = await Promise.all(Array.from({ length: Math.min(20, 601 - i) }, () => web.webhook({})))
    last = round.find((answer) => answer.status === 429) ?? last
  }
  t.equal(last?.status, 429)
  t.ok(Number(last?.headers.get('retry-after')) > 0)
})

t.test('ids are read from Marketo now, each answered once', async (t) => {
  const { db } = await kind!.create(t)
  const marketo = await startMarketoSide(t)
  const web = await startWeb(t, db, { marketo })
  const { instance } = marketo.simulator
  const [known, unknown, gone, nowhere] = [personId(1), personId(2, '003'), personId(3), personId(4)]
  const one = instance.createLead({ email: 'a@b.example', externalPersonId: known })
  const two = instance.createLead({ email: 'c@d.example', externalPersonId: unknown })
  instance.interestingMoment(one.id, {
    type: 'Web',
    description: 'x'.repeat(300),
    date: '2015-05-07T11:47:30-08:00',
  })
  instance.changeScore(two.id, { relativeScore: 3, relativeUrgency: 1, priority: 12 })
  await knowPersons(db, [
    { id: known, marketoId: one.id },
    { id: gone, marketoId: 999_999 },
  ])
  const answer = await web.webhook({
    ids: [
      known,
      known.slice(0, 15),
      unknown.slice(0, 15),
      gone,
      nowhere,
      '001000000000001AAA',
      '00Q5e000001AbCdAAA',
    ],
  })
  t.equal(answer.status, 200)
  const { records, missing, asOf } = pageOf(answer)
  t.match(
    new Map(records.map((record) => [record.id, record])),
    new Map<string, object>([
      [
        known,
        {
          lastInterestingMomentDate: '2015-05-07T19:47:30.000Z',
          lastInterestingMomentDesc: 'x'.repeat(255),
          priority: null,
        },
      ],
      [unknown, { relativeScore: 3, urgency: 1, priority: 12, lastInterestingMomentType: null }],
    ]),
  )
  t.strictSame(
    new Map(missing.map(({ id, reason }) => [id, reason.split(':')[0]])),
    new Map([
      ['001000000000001AAA', 'no Lead or Contact'],
      ['00Q5e000001AbCdAAA', 'no Salesforce id'],
      [gone, 'not in Marketo'],
      [nowhere, 'not in Marketo'],
    ]),
  )
  t.notOk('cursor' in answer.body || 'hasMore' in answer.body)
  t.match(asOf, /Z$/)
  t.equal(marketo.simulator.calls.count('leads.json'), 2)
  t.strictSame(
    pageOf(await web.webhook({ cursor: null })).records.map(({ id }) => id),
    [known],
    'the store has the value of the person that the ledger knows',
  )
  t.strictSame((await wantedInsights(db)).ids, ['999999'], 'the refresh will look for whom Marketo lost')
})

t.test('ids without any person ask Marketo nothing', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const { status, body } = await web.webhook({ ids: ['001000000000001AAA'] })
  t.equal(status, 200)
  t.match(body, { records: [], missing: [{ id: '001000000000001AAA' }] })
})

t.test('when Marketo cannot be asked the caller is told when to come again', async (t) => {
  const { db } = await kind!.create(t)
  const unset = await startWeb(t, db)
  const before = await unset.webhook({ ids: [personId(1)] })
  t.equal(before.status, 503)
  t.match(before.body.message, /not set up/)
  t.ok(Number(before.headers.get('retry-after')) > 0)
  t.equal((await unset.webhook({ cursor: null })).status, 200, 'the store answers all the same')

  const marketo = await startMarketoSide(t)
  await marketo.schema()
  const web = await startWeb(t, db, { marketo })
  marketo.simulator.faults.add({ kind: 'error', code: '607', match: { endpoint: 'leads.json' } })
  const used = await web.webhook({ ids: [personId(1)] })
  t.equal(used.status, 503)
  t.match(used.body.message, /quota/)
  t.ok(Number(used.headers.get('retry-after')) > 0)
})

t.test('a batch that Marketo refuses is told with its reason beside the others', async (t) => {
  const { db } = await kind!.create(t)
  const marketo = await startMarketoSide(t)
  const web = await startWeb(t, db, { marketo })
  await marketo.schema()
  const ids = Array.from({ length: 600 }, (_, n) => personId(n))
  for (const id of ids) marketo.simulator.instance.createLead({ externalPersonId: id })
  marketo.simulator.faults.add({ kind: 'error', code: '608', match: { endpoint: 'leads.json' }, times: 1 })
  const { status, body } = await web.webhook({ ids })
  t.equal(status, 200)
  const { records, missing } = body as unknown as Page
  t.equal(records.length, 300)
  t.equal(missing.length, 300)
  t.match(missing[0]?.reason, /not read: .*unavailable/)
})
