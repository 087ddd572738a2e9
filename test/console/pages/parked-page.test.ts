import t from 'tap'
import { mark, postpone, PRIORITY, waitForParent } from '../../../src/database/changes.ts'
import { park } from '../../../src/database/parked.ts'
import { databaseKinds } from '../../fixtures/databases.ts'
import { personId } from '../../fixtures/persons.ts'
import { startWeb } from '../../fixtures/web.ts'
import { visit } from '../fixtures/pages.ts'

const kind = (await databaseKinds()).at(-1)!
const refusal = (object: string, id: string, reason: string) => ({
  object,
  id,
  code: '1003',
  reason,
  advice: 'Correct it in Salesforce.',
  payload: null,
})

async function start(t: Parameters<NonNullable<typeof kind>['create']>[0]) {
  const { db } = await kind.create(t)
  await park(db, [
    refusal('Lead', personId(1), 'e-mail is not valid'),
    refusal('Lead', personId(2), 'e-mail is not valid'),
    refusal('Contact', personId(3, '003'), '=HYPERLINK("http://evil.example.com")\nsecond line'),
    refusal('Event', 'event-1', 'not understood'),
  ])
  const { url } = await startWeb(t, db)
  const visitor = visit(url)
  await visitor.signIn()
  return { db, visitor }
}

t.test('parked records are grouped by reason and filtered by object, code and words', async (t) => {
  const { visitor } = await start(t)
  const { text } = await visitor.get('/parked')
  t.match(text, />2 Leads<\/a>: e-mail is not valid/)
  t.notMatch((await visitor.get('/parked?object=Contact')).text, /e-mail is not valid/)
  t.match((await visitor.get('/parked?text=E-MAIL')).text, /e-mail is not valid/)
  t.match((await visitor.get('/parked?text=nothing%25')).text, /No parked record fits the filter/)
  t.notMatch((await visitor.get('/parked?code=1')).text, /e-mail is not valid/)
})

t.test(
  'reasons that differ in what they quote are one group, and told whole where they are one',
  async (t) => {
    const { db } = await kind.create(t)
    const said = (words: string): string => `Marketo calls the data of the record invalid. (1003: ${words})`
    const reasons = [
      "Invalid value 'jane@' for field 'email'",
      "Invalid value 'joe' for field 'email'",
      'Lead jane.doe@example.com exists as 1000234',
      'Lead joe@example.com exists as 1000777',
      `Lead ${personId(7)} is used`,
      `Lead ${personId(8)} is used`,
      "Can't write what isn't there",
    ]
    await park(
      db,
      reasons.map((words, n) => refusal('Lead', personId(n), said(words))),
    )
    const { url } = await startWeb(t, db)
    const visitor = visit(url)
    await visitor.signIn()
    const { text } = await visitor.get('/parked')
    const told = [...text.matchAll(/>(\d) Leads?<\/a>: ([^<]*?) <span class="quiet">/g)].map(
      ([, n, words]) => [n, words],
    )
    t.same(
      told.toSorted((a, b) => a.join().localeCompare(b.join())),
      [
        ['1', said('Can&#39;t write what isn&#39;t there')],
        ['2', said('Invalid value … for field …')],
        ['2', said('Lead … exists as …')],
        ['2', said('Lead … is used')],
      ],
    )
    const [, group = ''] = /Invalid value[^]*?name="group" value="(\w{32})"/.exec(text) ?? []
    await visitor.post('/parked/retry', { object: 'Lead', code: '1003', group })
    t.same(
      (await db.selectFrom('changes').select('id').orderBy('id').execute()).map(({ id }) => id),
      [personId(0), personId(1)],
    )
  },
)

t.test('one, a group or all are tried again, events never', async (t) => {
  const { db, visitor } = await start(t)
  const queued = async () =>
    (await db.selectFrom('changes').select('id').execute()).map(({ id }) => id).toSorted()
  const { text } = await visitor.get('/parked')
  t.equal(
    (await visitor.post('/parked/retry', { id: personId(2) })).headers.get('location'),
    '/parked?done=retried&n=1',
  )
  t.same(await queued(), [personId(2)])
  const groups = [...text.matchAll(/name="object" value="(\w+)"[^]*?name="group" value="(\w{32})"/g)]
  const [, , group = ''] = groups.find(([, object]) => object === 'Contact') ?? []
  await visitor.post('/parked/retry', { object: 'Contact', code: '1003', group })
  t.same(await queued(), [personId(3, '003'), personId(2)].toSorted())
  const all = await visitor.post('/parked/retry')
  t.equal(all.headers.get('location'), '/parked?done=retried&n=3')
  t.match((await visitor.get('/parked?done=retried&n=3')).text, /3 records are queued again/)
})

t.test(
  'of a group under a filter by words only the records that fit are shown and tried again',
  async (t) => {
    const { db, visitor } = await start(t)
    const { text } = await visitor.get(`/parked?text=${personId(2)}`)
    const [, href = ''] = /<a href="([^"]*)">1 Lead<\/a>: e-mail is not valid/.exec(text) ?? []
    const group = await visitor.get(href.replaceAll('&amp;', '&'))
    t.match(group.text, `/records/${personId(2)}`)
    t.notMatch(group.text, `/records/${personId(1)}`)
    const [, form = ''] = /<form action="\/parked\/retry" method="post">([^]*?)<\/form>/.exec(text) ?? []
    const fields = [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value])
    await visitor.post('/parked/retry', Object.fromEntries(fields))
    t.same(await db.selectFrom('changes').select('id').execute(), [{ id: personId(2) }])
  },
)

t.test('the CSV file holds every record that fits, and runs nothing', async (t) => {
  const { visitor } = await start(t)
  const { headers, text } = await visitor.get('/parked.csv')
  t.match(headers.get('content-type'), /text\/csv/)
  t.match(text, /"Contact","003\w+","1003","'=HYPERLINK/)
  t.equal((await visitor.get('/parked.csv?object=Lead')).text.trim().split('\r\n').length, 3)
})

t.test('a stopped mass removal is shown with its records until it is confirmed', async (t) => {
  const { db, visitor } = await start(t)
  t.notMatch((await visitor.get('/parked')).text, /mass removal/)
  await mark(db, [{ object: 'Lead', id: personId(7), priority: PRIORITY.live }])
  await postpone(db, [
    { id: personId(7), afterMs: 60_000, code: 'removals-stopped', reason: 'a mass removal was stopped' },
  ])
  const { text } = await visitor.get('/parked')
  t.match(text, /A mass removal was stopped/)
  t.match(text, new RegExp(`/records/${personId(7)}`))
  t.match((await visitor.get('/changes?state=stopped')).text, new RegExp(personId(7)))
  t.match(await visitor.post('/removals/confirm'), { status: 303 })
  t.match(await db.selectFrom('commands').select('name').execute(), [{ name: 'confirm-removals' }])
})

t.test('the queue tells of each record what happens next', async (t) => {
  const { db, visitor } = await start(t)
  t.match((await visitor.get('/changes')).text, /Nothing is queued or waits/)
  await mark(
    db,
    Array.from({ length: 120 }, (_, n) => ({
      object: 'Lead',
      id: personId(n + 10),
      priority: PRIORITY.live,
    })),
  )
  const child = personId(1, '003')
  await mark(db, [{ object: 'Contact', id: child, priority: PRIORITY.live }])
  await waitForParent(db, [{ id: child, parent: '0015e00000AbCdEAAX', reason: 'waits for its Account' }])
  await postpone(db, [{ id: personId(10), afterMs: 60_000, code: '606', reason: 'Marketo was busy' }])
  const page = await visitor.get('/changes')
  t.match(page.text, /It waits for its Account\./)
  const [, next = ''] = /href="(\/changes\?after=[^"]+)">Next page/.exec(page.text) ?? []
  t.notMatch((await visitor.get(next)).text, /Next page/)
  t.match((await visitor.get('/changes?state=again')).text, /Marketo was busy; attempt 2 is at/)
  t.notMatch((await visitor.get('/changes?state=waiting&object=Lead')).text, /waits for its Account/)
})
