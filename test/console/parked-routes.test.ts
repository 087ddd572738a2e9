import t from 'tap'
import { readChange } from '../../src/database/changes.ts'
import { park } from '../../src/database/parked.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { personId } from '../fixtures/persons.ts'
import { startWeb, type Answered } from '../fixtures/web.ts'

const kinds = await databaseKinds()

interface List {
  items: { id: string; object: string; code: string; attempts: number; firstSeenAt: string }[]
  cursor: string | null
}
const listOf = ({ body }: Answered): List => body as unknown as List

for (const kind of kinds)
  t.test(`refused records on ${kind.name} are listed page by page and tried again`, async (t) => {
    const { db } = await kind.create(t)
    const refusal = { reason: 'The e-mail is not valid.', advice: 'Correct it.', payload: null }
    await park(db, [
      ...Array.from({ length: 5 }, (_, n) => ({ ...refusal, object: 'Lead', id: personId(n), code: '1003' })),
      { ...refusal, object: 'Contact', id: personId(9, '003'), code: '1008' },
      { ...refusal, object: 'Event', id: 'event-1', code: 'not-understood' },
    ])
    const web = await startWeb(t, db)
    const all: string[] = []
    let cursor: string | null = ''
    for (let pages = 0; cursor !== null && pages < 9; pages++) {
      const page: List = listOf(await web.get(`/api/parked?object=&code=&limit=3&cursor=${cursor}`))
      all.push(...page.items.map(({ id }) => id))
      cursor = page.cursor
    }
    t.strictSame(all, [personId(9, '003'), 'event-1', ...Array.from({ length: 5 }, (_, n) => personId(n))])
    const leads = listOf(await web.get('/api/parked?object=Lead&code=1003'))
    t.equal(leads.items.length, 5)
    t.match(leads.items[0], { object: 'Lead', code: '1003', attempts: 1, firstSeenAt: /Z$/ })
    t.equal(listOf(await web.get('/api/parked?code=nothing')).items.length, 0)

    const retry = async (body?: unknown) => (await web.post('/api/parked/retry', body)).body
    t.strictSame(await retry({ ids: [personId(0).slice(0, 15), 'unknown'] }), { retried: 1 })
    t.match(await readChange(db, personId(0)), { object: 'Lead', force: true })
    t.strictSame(await retry({ code: '1008' }), { retried: 1 })
    t.strictSame(await retry(), { retried: 6 }, 'all of them, events aside')
    t.equal(listOf(await web.get('/api/parked')).items.length, 7, 'they leave the list when they succeed')
  })

t.test('hostile parameters are refused in words', async (t) => {
  const { db } = await kinds[0]!.create(t)
  const web = await startWeb(t, db)
  for (const [query, words] of [
    ['object=Leads', /object must be one of/],
    ['limit=0', /limit must be a whole number/],
    ['limit=1e9', /limit must be/],
    ['limit=x', /limit must be/],
    ['cursor=%00', /cursor/],
    ['cursor=bnVsbA', /cursor/],
    [`cursor=${Buffer.from('["Lead","a\\u0000"]').toString('base64url')}`, /cursor/],
    ['code=%00', /code holds a NUL/],
    ['code=a&code=b', /code must be text/],
    [`code=${'x'.repeat(300)}`, /code is too long/],
  ] as const) {
    const { status, body } = await web.get(`/api/parked?${query}`)
    t.equal(status, 400, query)
    t.match(body.message, words)
  }
  t.equal((await web.get(`/api/parked?code=${encodeURIComponent(`'; drop table parked; --`)}`)).status, 200)
  t.equal((await web.post('/api/parked/retry', { ids: ['\u0000'] })).status, 400)
  t.equal((await web.post('/api/parked/retry', { id: 'x' })).status, 400)
})
