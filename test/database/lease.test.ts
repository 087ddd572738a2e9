import { sql } from 'kysely'
import { Client } from 'pg'
import t from 'tap'
import { mark } from '../../src/database/changes.ts'
import {
  acquireLease,
  LEASE_SECONDS,
  leaderTransactions,
  readLease,
  releaseLease,
  renewLease,
} from '../../src/database/lease.ts'
import { readState, writeState } from '../../src/database/state.ts'
import type { Db } from '../../src/database/tables.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'

const kinds = await databaseKinds()
const expire = async (db: Db): Promise<void> => {
  await sql`update lease set expires_at = now() - interval '1 second'`.execute(db)
}
const lead = (id: string) => ({ object: 'Lead', id, priority: 1 })

for (const kind of kinds)
  t.test(`the lease on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`update lease set holder = null, expires_at = now() - interval '1 second'`.execute(db)
    })

    t.test('of many who ask, one leads', async (t) => {
      const terms = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((holder) => acquireLease(db, holder)))
      const won = terms.filter((term) => term !== null)
      t.equal(won.length, 1)
      t.match(await readLease(db), { holder: won[0]!.holder, epoch: won[0]!.epoch, held: true })
      t.equal(await acquireLease(db, won[0]!.holder), null, 'not even its holder gets it twice')
    })

    t.test('a renewed lease lasts, an expired one is taken under a new epoch', async (t) => {
      const first = (await acquireLease(db, 'a'))!
      await sql`update lease set expires_at = now() + interval '1 second'`.execute(db)
      t.ok(await renewLease(db, first))
      const { rows } = await sql<{
        left: number
      }>`select extract(epoch from expires_at - now())::float8 as left from lease`.execute(db)
      t.ok(rows[0]!.left > LEASE_SECONDS - 3 && rows[0]!.left <= LEASE_SECONDS)
      await expire(db)
      t.match(await readLease(db), { held: false })
      const second = (await acquireLease(db, 'b'))!
      t.equal(second.epoch, first.epoch + 1)
      t.notOk(await renewLease(db, first), 'who lost it can’t renew it')
      await releaseLease(db, first)
      t.match(await readLease(db), { holder: 'b', held: true }, 'nor release it')
    })

    t.test('a released lease is free at once', async (t) => {
      await releaseLease(db, (await acquireLease(db, 'a'))!)
      t.ok(await acquireLease(db, 'b'))
    })

    t.test('a former leader commits nothing', async (t) => {
      const former = (await acquireLease(db, 'a'))!
      const leader = leaderTransactions(db, former)
      await leader((trx) => writeState(trx, 'proof', { by: 'a' }))
      await expire(db)
      await leader((trx) => writeState(trx, 'proof', { by: 'a, expired and not replaced' }))
      await acquireLease(db, 'b')
      let ran = false
      await t.rejects(
        leader(async (trx) => {
          ran = true
          await writeState(trx, 'proof', { by: 'a, replaced' })
        }),
        { code: 'lease_lost' },
      )
      t.notOk(ran)
      t.strictSame(await readState(db, 'proof'), { by: 'a, expired and not replaced' })
    })

    t.test('the same process under a new epoch is another leader', async (t) => {
      const former = (await acquireLease(db, 'a'))!
      await expire(db)
      await acquireLease(db, 'a')
      await t.rejects(
        leaderTransactions(db, former)(async () => undefined),
        { code: 'lease_lost' },
      )
    })

    t.test('what fails in a transaction is rolled back and thrown', async (t) => {
      const leader = leaderTransactions(db, (await acquireLease(db, 'a'))!)
      await t.rejects(
        leader(async (trx) => {
          await writeState(trx, 'half', {})
          throw new Error('broken')
        }),
        { message: 'broken' },
      )
      t.equal(await readState(db, 'half'), undefined)
    })
  })

for (const kind of kinds.filter(({ name }) => name === 'postgres'))
  t.test('leaders over several connections', async (t) => {
    const { db, url } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`update lease set holder = null, expires_at = now() - interval '1 second'`.execute(db)
    })

    t.test('renewing does not wait for the leader’s own transactions', async (t) => {
      const term = (await acquireLease(db, 'a'))!
      const gate = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const long = leaderTransactions(
        db,
        term,
      )(async () => {
        begun.resolve()
        await gate.promise
      })
      await begun.promise
      t.ok(await renewLease(db, term))
      t.equal(await acquireLease(db, 'b'), null, 'nor does who asks for a lease that runs')
      gate.resolve()
      await long
    })

    t.test('a take-over waits for what the former leader is just committing', async (t) => {
      const term = (await acquireLease(db, 'a'))!
      const gate = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const last = leaderTransactions(
        db,
        term,
      )(async (trx) => {
        begun.resolve()
        await gate.promise
        await writeState(trx, 'last', { by: 'a' })
      })
      await begun.promise
      await expire(db)
      const taken = acquireLease(db, 'b')
      await until('the take-over to wait', async () => {
        const { rows } = await sql<{ waiting: number }>`
          select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
          db,
        )
        return rows[0]!.waiting > 0
      })
      t.equal((await readLease(db)).holder, 'a')
      gate.resolve()
      await last
      t.match(await taken, { holder: 'b', epoch: term.epoch + 1 })
      t.strictSame(await readState(db, 'last'), { by: 'a' })
    })

    t.test(
      'a leader frozen within a transaction holds the lease up no longer than PostgreSQL lets it idle',
      async (t) => {
        const term = (await acquireLease(db, 'frozen'))!
        const frozen = new Client({ connectionString: url, idle_in_transaction_session_timeout: 800 })
        frozen.on('error', () => undefined)
        await frozen.connect()
        t.teardown(() => frozen.end().catch(() => undefined))
        await frozen.query('begin')
        await frozen.query('select 1 from lease where id = 1 and epoch = $1 for key share', [term.epoch])
        await frozen.query("insert into state (key, value) values ('late', '{}')")
        await expire(db)
        const askedAt = Date.now()
        t.match(await acquireLease(db, 'b'), { epoch: term.epoch + 1 })
        t.ok(Date.now() - askedAt < 4_000)
        await t.rejects(frozen.query('commit'))
        t.equal(await readState(db, 'late'), undefined)
        const { rows } = await sql<{ left: number }>`
        select extract(epoch from expires_at - clock_timestamp())::float8 as left from lease`.execute(db)
        t.ok(rows[0]!.left > LEASE_SECONDS - 3, 'the new lease runs from the moment it was got')
      },
    )

    t.test('connections of the service are ended when they idle within a transaction', async (t) => {
      const { rows } = await sql<{
        setting: string
      }>`select current_setting('idle_in_transaction_session_timeout') as setting`.execute(db)
      t.equal(rows[0]?.setting, '5s')
    })

    t.test('two pieces of work that lock the same records crosswise are both carried out', async (t) => {
      const leader = leaderTransactions(db, (await acquireLease(db, 'a'))!)
      await mark(db, [lead('x'), lead('y')])
      let runs = 0
      let holding = 0
      const both = Promise.withResolvers<void>()
      const work = (first: string, second: string) =>
        leader(async (trx) => {
          runs++
          await sql`update changes set attempts = attempts + 1 where id = ${first}`.execute(trx)
          if (++holding === 2) both.resolve()
          await both.promise
          await sql`update changes set attempts = attempts + 1 where id = ${second}`.execute(trx)
        })
      await Promise.all([work('x', 'y'), work('y', 'x')])
      t.ok(runs > 2, 'the victim of the deadlock was run again')
      const rows = await db.selectFrom('changes').select('attempts').execute()
      t.strictSame(rows, [{ attempts: 2 }, { attempts: 2 }])
    })
  })
