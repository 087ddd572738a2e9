// Nothing is lost: an event's marks, what was not understood of it, and the cursor stand together or not at all (design §5, rule 1).
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { createLog } from '../../src/log.ts'
import { streamEvent, type StreamEvent } from '../../src/salesforce/stream-event.ts'
import { CHANNEL } from '../../src/sync/events.ts'
import { createEventStore, cursorKey } from '../../src/sync/listen.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { idOf } from './fixtures/plans.ts'

const LEADS = [idOf('Lead', 1), idOf('Lead', 2)]

const event = (ids: string): StreamEvent => {
  const payload = { Object_Type__c: 'Lead', Change_Type__c: 'UPDATE', Record_Ids__c: ids }
  const raw = JSON.stringify(payload)
  return { cursor: '2', replayId: 2, uuid: ids, payload, raw, size: raw.length }
}
const events = [event(LEADS[0]!), event(`${LEADS[1]!},nonsense`)]

for (const kind of await databaseKinds())
  t.test(`events are stored with their cursor on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    const storeIn = (leader: LeaderTransaction) =>
      createEventStore({
        db,
        leader,
        key: cursorKey('00D', '/event/Record_Change__e'),
        log: createLog('silent'),
        counters: { received: () => undefined, pushed: () => undefined, confirmed: () => undefined },
        wake: () => undefined,
      })
    const stands = async () => {
      const { rows } = await sql<{ id: string }>`
        select id from changes union all select id from parked order by 1`.execute(db)
      return rows.map(({ id }) => id)
    }

    await t.test('a transaction that ends before its commit leaves neither marks nor cursor', async (t) => {
      const store = storeIn((work) =>
        db.transaction().execute(async (trx) => {
          await work(trx)
          throw new Error('the connection is lost')
        }),
      )
      await t.rejects(store.store({ events, cursor: '2' }), /connection is lost/)
      t.strictSame([await stands(), await store.loadCursor()], [[], null])
    })

    await t.test('one transaction holds all of it', async (t) => {
      let transactions = 0
      const store = storeIn((work) => {
        transactions++
        return db.transaction().execute(work)
      })
      await store.store({ events, cursor: '2' })
      t.equal(transactions, 1)
      t.strictSame(await stands(), [...LEADS, `event:${LEADS[1]!},nonsense`])
      t.equal(await store.loadCursor(), '2')
    })

    await t.test('one with an id that no table could have as its key is parked once', async (t) => {
      const store = storeIn((work) => db.transaction().execute(work))
      await sql`delete from parked`.execute(db)
      const bad = ['3', '4'].map((replayId) => {
        const EventUuid = randomBytes(4_000).toString('hex')
        const text = `{"channel":"${CHANNEL}","data":{"payload":7,"event":{"EventUuid":"${EventUuid}","replayId":${replayId}}}}`
        return streamEvent({ text, oversized: false }, JSON.parse(text), CHANNEL)
      })
      await store.store({ events: bad, cursor: '4' })
      await store.store({ events: bad, cursor: '4' })
      const parked = await db.selectFrom('parked').select(['id', 'attempts']).execute()
      t.match(parked, [{ attempts: 2 }, { attempts: 2 }])
      t.ok(parked.every(({ id }) => id.length < 100))
      t.equal(await store.loadCursor(), '4')
    })

    await t.test('the cursor of another org or channel is not used', async (t) => {
      const leader: LeaderTransaction = (work) => db.transaction().execute(work)
      const other = createEventStore({
        db,
        leader,
        key: cursorKey('00D-migrated', '/event/Record_Change__e'),
        log: createLog('silent'),
        counters: { received: () => undefined, pushed: () => undefined, confirmed: () => undefined },
        wake: () => undefined,
      })
      t.equal(await other.loadCursor(), null)
    })
  })
