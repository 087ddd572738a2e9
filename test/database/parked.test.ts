import { sql } from 'kysely'
import t from 'tap'
import { PRIORITY, readChange } from '../../src/database/changes.ts'
import { pageOfParked } from '../../src/database/parked-list.ts'
import {
  countParked,
  park,
  readParked,
  retryParked,
  retryParkedBeyond,
  unpark,
  type Refusal,
} from '../../src/database/parked.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const refusal = (id: string, changes: Partial<Refusal> = {}): Refusal => ({
  object: 'Lead',
  id,
  code: '1077',
  reason: 'too long',
  advice: 'shorten it',
  payload: { title: 'x' },
  ...changes,
})

for (const kind of await databaseKinds())
  t.test(`the parked list on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`truncate parked, changes`.execute(db)
    })

    t.test('what was refused with another field than these is queued again', async (t) => {
      await park(db, [
        refusal('a', { payload: { title: 'x', gone: null } }),
        refusal('b'),
        refusal('c', { payload: { gone: 'x' }, code: '1003' }),
        refusal('d', { payload: { gone: 'x' }, object: 'Contact' }),
        refusal('e', { payload: null }),
      ])
      await retryParkedBeyond(db, { object: 'Lead', code: '1077' }, ['title', 'city'])
      t.match(await db.selectFrom('changes').select(['id', 'priority', 'force']).execute(), [
        { id: 'a', priority: PRIORITY.found, force: true },
      ])
      t.equal((await db.selectFrom('changes').selectAll().execute()).length, 1)
    })

    t.test('parking again counts attempts, keeps the first time and takes the new reason', async (t) => {
      await park(db, [refusal('a')])
      await sql`update parked set first_seen_at = now() - interval '1 day', last_seen_at = now() - interval '1 day'`.execute(
        db,
      )
      await park(db, [refusal('a', { code: '1003', reason: 'other' })])
      const record = (await readParked(db, ['a', 'b'])).get('a')!
      t.match(record, { attempts: 2, code: '1003', reason: 'other', advice: 'shorten it' })
      t.ok(record.lastSeenAt.getTime() - record.firstSeenAt.getTime() > 80_000_000)
      t.equal((await readParked(db, [])).size, 0)
    })

    t.test('an event that came twice in one batch is parked once, whatever its bytes are', async (t) => {
      const event = refusal('event:1', {
        object: 'Event',
        reason: 'bad id \0',
        payload: { raw: '{"x":"\ud83d' },
      })
      await park(db, [event, event])
      t.strictSame(await countParked(db), { Event: 1 })
      t.equal((await readParked(db, ['event:1'])).get('event:1')?.reason, 'bad id \ufffd')
      await park(db, [])
    })

    t.test('pages in order, filtered by object and code, miss nobody', async (t) => {
      await park(db, [
        ...['b', 'a', 'c'].map((id) => refusal(id)),
        refusal('d', { object: 'Contact', code: '1003' }),
      ])
      const seen: string[] = []
      let after: { object: string; id: string } | undefined
      for (;;) {
        const page = await pageOfParked(db, {}, { after, limit: 2 })
        if (page.length === 0) break
        seen.push(...page.map(({ id }) => id))
        after = page.at(-1)
      }
      t.strictSame(seen, ['d', 'a', 'b', 'c'])
      const ids = async (filter: Parameters<typeof pageOfParked>[1]): Promise<string[]> =>
        (await pageOfParked(db, filter, { limit: 9 })).map(({ id }) => id)
      t.strictSame(await ids({ object: 'Lead' }), ['a', 'b', 'c'])
      t.strictSame(await ids({ code: '1003' }), ['d'])
      t.strictSame(await countParked(db), { Lead: 3, Contact: 1 })
    })

    t.test(
      'a retry puts records back at once, with every field; they leave the list only when they succeed',
      async (t) => {
        await park(db, [
          refusal('a'),
          refusal('b', { code: '1003' }),
          refusal('event:1', { object: 'Event' }),
        ])
        t.equal(await retryParked(db, {}), 2, 'events can’t be sent again')
        t.match(await readChange(db, 'a'), { priority: PRIORITY.asked, force: true })
        t.equal(await readChange(db, 'event:1'), undefined)
        t.equal(await retryParked(db, { code: '1003' }), 1)
        t.equal(await retryParked(db, { ids: ['a', 'zz'] }), 1)
        t.equal(await retryParked(db, { ids: [] }), 0)
        t.equal((await readParked(db, ['a', 'b'])).size, 2)
        await unpark(db, ['a'])
        await unpark(db, [])
        t.strictSame([...(await readParked(db, ['a', 'b'])).keys()], ['b'])
      },
    )
  })
