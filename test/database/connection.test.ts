import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'

const log = createLog('silent')

t.test('the embedded database keeps its data, and its folder to itself', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-data-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const first = await openDatabase({ url: undefined, tls: 'verify', folder, log })
  t.equal(first.kind, 'embedded')
  await sql`create table kept (n bigint)`.execute(first.db)
  await sql`insert into kept values (7)`.execute(first.db)
  await first.close()
  const second = await openDatabase({ url: undefined, tls: 'verify', folder, log })
  t.strictSame((await sql`select n from kept`.execute(second.db)).rows, [{ n: 7 }])
  await second.close()
})

t.test('a first start that was killed in the middle is begun anew', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-data-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'pglite.begun', 'base'), { recursive: true })
  writeFileSync(join(folder, 'pglite.begun', 'PG_VERSION'), 'half')
  const { db, close } = await openDatabase({ url: undefined, tls: 'verify', folder, log })
  t.strictSame((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }])
  await close()
})

for (const kind of (await databaseKinds()).filter(({ name }) => name === 'postgres'))
  t.test('PostgreSQL', async (t) => {
    const { db, url } = await kind.create(t)

    t.test('large integers are numbers, dates are texts, times are dates', async (t) => {
      const { rows } =
        await sql`select 2::bigint ^ 40 = 1099511627776 as same, 1099511627776 as big, date '2026-11-23' as day,
        timestamptz '2026-11-23T10:00:00Z' as time`.execute(db)
      t.strictSame(rows, [
        { same: true, big: 1_099_511_627_776, day: '2026-11-23', time: new Date('2026-11-23T10:00:00Z') },
      ])
    })

    t.test('DATABASE_TLS decides about TLS, whatever the address says; never on this machine', async (t) => {
      for (const tls of ['verify', 'no-verify', 'off'] as const) {
        const other = await openDatabase({ url: `${url}?sslmode=require`, tls, folder: '', log })
        t.strictSame((await sql`select 1 as one`.execute(other.db)).rows, [{ one: 1 }], tls)
        await other.close()
      }
    })

    t.test('an idle connection that PostgreSQL ends does not end the process', async (t) => {
      const lines: string[] = []
      const other = await openDatabase({
        url,
        tls: 'off',
        folder: '',
        log: createLog('warn', { write: (line) => lines.push(line) }),
      })
      t.teardown(() => other.close())
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(other.db)
      await sql`select pg_terminate_backend(${rows[0]!.pid})`.execute(db)
      const end = Date.now() + 5_000
      while (lines.length === 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
      t.match(lines[0], /lost an idle database connection/)
      t.strictSame((await sql`select 1 as one`.execute(other.db)).rows, [{ one: 1 }])
    })

    t.test('nor does one that it ends in the middle of a transaction, which fails', async (t) => {
      const lines: string[] = []
      const log = createLog('debug', { write: (line) => lines.push(line) })
      const other = await openDatabase({ url, tls: 'off', folder: '', log })
      t.teardown(() => other.close())
      const transaction = other.db.transaction().execute(async (trx) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
        await sql`select pg_terminate_backend(${rows[0]!.pid})`.execute(db)
        await until('the loss to be noticed', () => lines.some((line) => /lost a database/.test(line)))
        await sql`select 1`.execute(trx)
      })
      await t.rejects(transaction)
      t.strictSame((await sql`select 1 as one`.execute(other.db)).rows, [{ one: 1 }])
    })

    t.test('connections from which nothing comes are ended, and others take their place', async (t) => {
      const other = await openDatabase({ url, tls: 'off', folder: '', log, silentMs: 1_000 })
      t.teardown(() => other.close())
      const began = Date.now()
      const sleepers = Array.from({ length: 4 }, () => sql`select pg_sleep(30)`.execute(other.db))
      for (const outcome of await Promise.allSettled(sleepers))
        t.match(outcome, {
          status: 'rejected',
          reason: { code: 'ETIMEDOUT', message: /not answered for 1 s/ },
        })
      t.strictSame((await sql`select 1 as one`.execute(other.db)).rows, [{ one: 1 }])
      t.ok(Date.now() - began < 15_000)
    })
  })
