import { sql } from 'kysely'
import t from 'tap'
import { migrations } from '../../src/database/migrations/index.ts'
import { assertSchema, migrate, schemaBehind } from '../../src/database/schema.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const names = Object.keys(migrations)

for (const kind of await databaseKinds())
  t.test(`the schema on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    const insert = (name: string) =>
      sql`insert into kysely_migration (name, timestamp) values (${name}, '2026-11-23')`.execute(db)

    t.test('a migrated database is up to date, and migrating again does nothing', async (t) => {
      t.strictSame(await schemaBehind(db), [])
      t.strictSame(await migrate(db), [])
      await assertSchema(db)
    })

    t.test('one that is behind is refused with what to run', async (t) => {
      await sql`delete from kysely_migration where name = ${names.at(-1)!}`.execute(db)
      t.teardown(() => insert(names.at(-1)!))
      t.strictSame(await schemaBehind(db), [names.at(-1)])
      await t.rejects(assertSchema(db), {
        code: 'schema_behind',
        message: new RegExp(names.at(-1)!),
        advice: /npm run migrate/,
      })
    })

    t.test('one that is ahead is accepted: a release that was rolled back must start', async (t) => {
      await insert('9999-of-the-future')
      t.teardown(() => sql`delete from kysely_migration where name = '9999-of-the-future'`.execute(db))
      await assertSchema(db)
      t.strictSame(await migrate(db), [], 'and its release phase must not fail')
    })
  })

for (const kind of (await databaseKinds()).filter(({ name }) => name === 'postgres'))
  t.test('an empty database', async (t) => {
    const { db } = await kind.create(t)
    await sql`drop schema public cascade`.execute(db)
    await sql`create schema public`.execute(db)

    t.strictSame(await schemaBehind(db), names)
    await t.rejects(assertSchema(db), { code: 'schema_behind' })
    const both = await Promise.all([migrate(db), migrate(db)])
    t.strictSame(both.flat(), names, 'two that migrate at once do it once')
    await assertSchema(db)
  })
