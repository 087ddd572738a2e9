import { Kysely, sql } from 'kysely'
import t from 'tap'
import { createPGlite, embeddedDialect } from '../../src/database/embedded.ts'
import { embeddedImage } from '../fixtures/embedded-image.ts'

t.test('the embedded database', async (t) => {
  const pglite = await createPGlite(undefined, await embeddedImage())
  const db = new Kysely<{ numbers: { n: number; big: number; day: string } }>({
    dialect: embeddedDialect(pglite),
  })
  t.teardown(() => db.destroy())
  await sql`create table numbers (n integer primary key, big bigint, day date)`.execute(db)
  t.beforeEach(async () => {
    await sql`truncate numbers`.execute(db)
  })
  const row = (n: number) => ({ n, big: n, day: '2026-11-23' })
  const all = async (): Promise<number[]> =>
    (await db.selectFrom('numbers').select('n').orderBy('n').execute()).map(({ n }) => n)

  t.test('large integers are numbers, dates are texts', async (t) => {
    await db
      .insertInto('numbers')
      .values({ ...row(1), big: 2 ** 40 })
      .execute()
    t.strictSame(await db.selectFrom('numbers').selectAll().execute(), [
      { n: 1, big: 2 ** 40, day: '2026-11-23' },
    ])
  })

  t.test('a statement beside a transaction is not part of it', async (t) => {
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const failing = db.transaction().execute(async (trx) => {
      await trx.insertInto('numbers').values(row(1)).execute()
      begun.resolve()
      await gate.promise
      throw new Error('rolled back')
    })
    failing.catch(() => undefined)
    await begun.promise
    const beside = db.insertInto('numbers').values(row(2)).execute()
    const seen = all()
    gate.resolve()
    await t.rejects(failing, { message: 'rolled back' })
    await beside
    t.strictSame(await all(), [2], 'it outlives the rollback')
    t.notOk((await seen).includes(1), 'and never sees what was not committed')
  })

  t.test('transactions at once neither end nor mix each other', async (t) => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        db.transaction().execute(async (trx) => {
          const before = await trx.selectFrom('numbers').select('n').execute()
          await trx.insertInto('numbers').values(row(n)).execute()
          await new Promise((resolve) => setTimeout(resolve, 1))
          if (n % 3 === 0) throw new Error('rolled back')
          const after = await trx.selectFrom('numbers').select('n').execute()
          return after.length - before.length
        }),
      ),
    )
    t.strictSame(await all(), [1, 2, 4, 5, 7, 8])
    for (const [n, result] of results.entries())
      if (n % 3 === 0) t.equal(result.status, 'rejected')
      else t.strictSame(result, { status: 'fulfilled', value: 1 })
  })

  t.test('a failed statement leaves the connection to the next', async (t) => {
    await t.rejects(sql`select * from nothing`.execute(db))
    await t.rejects(db.transaction().execute((trx) => sql`select * from nothing`.execute(trx)))
    await t.rejects(
      db.transaction().execute(async (trx) => {
        await sql`select 1/0`.execute(trx).catch(() => undefined)
        await trx.insertInto('numbers').values(row(1)).execute()
      }),
    )
    t.strictSame(await all(), [])
  })
})
