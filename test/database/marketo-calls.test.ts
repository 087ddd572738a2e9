import { sql } from 'kysely'
import t from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import {
  callsOfDay,
  finishCall,
  forgetOldCalls,
  inheritCalls,
  tryStartCall,
  type CallRequest,
} from '../../src/database/marketo-calls.ts'
import type { Db } from '../../src/database/tables.ts'
import { createLog } from '../../src/log.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'

const kinds = await databaseKinds()

const request = (changes: Partial<CallRequest> = {}): CallRequest => ({
  endpoint: 'leads.json',
  priority: 'live',
  windowMs: 20_000,
  rate: 50,
  concurrency: 5,
  holdMs: 60_000,
  day: '2026-11-23',
  ...changes,
})

async function start(db: Db, changes: Partial<CallRequest> = {}): Promise<number | undefined> {
  const answer = await tryStartCall(db, request(changes))
  return 'id' in answer ? answer.id : undefined
}

for (const kind of kinds)
  t.test(`Marketo calls on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`truncate marketo_calls, marketo_days`.execute(db)
    })
    const shift = async (seconds: number): Promise<void> => {
      await sql`update marketo_calls set started_at = started_at - make_interval(secs => ${seconds}),
        finished_at = finished_at - make_interval(secs => ${seconds}), hold_until = hold_until - make_interval(secs => ${seconds})`.execute(
        db,
      )
    }

    t.test('so many at once, and the next when one has ended', async (t) => {
      const ids = [await start(db, { concurrency: 2 }), await start(db, { concurrency: 2 })]
      const refused = await tryStartCall(db, request({ concurrency: 2 }))
      t.ok('retryInMs' in refused && refused.retryInMs > 0 && refused.retryInMs <= 250)
      await finishCall(db, ids[0]!)
      t.ok(await start(db, { concurrency: 2 }))
      t.notOk(await start(db, { concurrency: 2 }))
    })

    t.test('so many in any window, counted until a window after they reached Marketo', async (t) => {
      for (let n = 0; n < 3; n++) await finishCall(db, (await start(db, { rate: 3 }))!)
      const refused = await tryStartCall(db, request({ rate: 3 }))
      t.ok('retryInMs' in refused && refused.retryInMs > 15_000 && refused.retryInMs <= 20_000)
      await shift(19)
      t.notOk(await start(db, { rate: 3 }), 'not a moment too early')
      await shift(1.2)
      t.ok(await start(db, { rate: 3 }))
    })

    t.test(
      'a slow call keeps its place in the window for 3 s of its time, and its slot as long as it lasts',
      async (t) => {
        await start(db)
        await shift(22)
        t.notOk(await start(db, { rate: 1 }), 'it may have reached Marketo 2 s ago')
        await shift(2)
        t.notOk(await start(db, { concurrency: 1 }), 'it is still out')
        t.ok(await start(db, { rate: 1 }))
      },
    )

    t.test(
      'a call that a former leader left is out as long as Marketo may go on with it, never longer',
      async (t) => {
        await start(db, { concurrency: 1 })
        await shift(10)
        await inheritCalls(db, { goOnForMs: 11_000 })
        t.notOk(await start(db, { concurrency: 1 }), 'it may go on')
        await shift(1)
        t.ok(await start(db, { concurrency: 1, holdMs: 5_000 }), 'it can not')
        await inheritCalls(db, { goOnForMs: 90_000 })
        await shift(5)
        t.ok(await start(db, { concurrency: 1 }), 'its own time-out is what ends it, where that is sooner')
      },
    )

    t.test('a call of a process that died counts as out until its hold ends', async (t) => {
      await start(db, { holdMs: 700 })
      t.notOk(await start(db, { concurrency: 1 }))
      await until('the hold to end', () => start(db, { concurrency: 1 }), 4_000)
    })

    t.test('a day counts its own calls; refused ones of ours are none', async (t) => {
      await start(db, { concurrency: 1 })
      await start(db, { concurrency: 1 })
      await start(db, { day: '2026-11-24' })
      t.equal(await callsOfDay(db, '2026-11-23'), 1)
      t.equal(await callsOfDay(db, '2026-11-24'), 1)
      t.equal(await callsOfDay(db, '2026-11-25'), 0)
    })

    t.test('old calls are forgotten, the day’s count stays', async (t) => {
      await start(db)
      await shift(14 * 60)
      await forgetOldCalls(db)
      t.equal((await db.selectFrom('marketo_calls').selectAll().execute()).length, 1)
      await shift(2 * 60)
      await forgetOldCalls(db)
      t.equal((await db.selectFrom('marketo_calls').selectAll().execute()).length, 0)
      t.equal(await callsOfDay(db, '2026-11-23'), 1)
    })

    t.test('many who ask at once get just what is free', async (t) => {
      const slots = await Promise.all(Array.from({ length: 12 }, () => start(db, { concurrency: 4 })))
      t.equal(slots.filter(Boolean).length, 4)
      t.equal(await callsOfDay(db, '2026-11-23'), 4)
    })
  })

for (const kind of kinds.filter(({ name }) => name === 'postgres'))
  t.test('two processes that race never exceed rate or concurrency together', async (t) => {
    const { db, url } = await kind.create(t)
    const other = await openDatabase({ url, tls: 'off', folder: '', log: createLog('silent') })
    t.teardown(() => other.close())
    let out = 0
    let most = 0
    let started = 0
    const worker = async (own: Db): Promise<void> => {
      for (let n = 0; n < 12; n++) {
        const id = await start(own, { concurrency: 3, rate: 20 })
        if (id === undefined) continue
        started++
        most = Math.max(most, ++out)
        await new Promise((resolve) => setTimeout(resolve, 5))
        // Counted as over before it is: what is counted here is never more than what is out.
        out--
        await finishCall(own, id)
      }
    }
    await Promise.all([db, db, db, other.db, other.db, other.db].map(worker))
    t.ok(most <= 3, `at once: ${most}`)
    t.ok(started <= 20 && started > 3, `in the window: ${started}`)
  })
