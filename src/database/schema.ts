// Brings the schema up to date, or says that it is behind.
import { Migrator } from 'kysely/migration'
import { BridgeError } from '../errors.ts'
import { migrations } from './migrations/index.ts'
import type { Db } from './tables.ts'

/** Runs what is missing, under kysely's own lock, and returns the names of what ran. A failure is thrown: a release must not go on. */
export async function migrate(db: Db): Promise<string[]> {
  // A schema ahead (a release was rolled back) holds migrations that the migrator would not know, and refuse.
  if ((await schemaBehind(db)).length === 0) return []
  const { error, results } = await migratorOf(db).migrateToLatest()
  if (error !== undefined)
    throw new BridgeError(
      'migration_failed',
      'The database could not be migrated.',
      'See the cause; nothing of the failed step was kept.',
      { cause: error },
    )
  return (results ?? []).map((result) => result.migrationName)
}

/** A schema ahead is accepted: migrations are additive, and a roll-back must start. */
export async function assertSchema(db: Db): Promise<void> {
  const behind = await schemaBehind(db)
  if (behind.length > 0)
    throw new BridgeError(
      'schema_behind',
      `The database schema is behind by ${behind.join(', ')}.`,
      'Run `npm run migrate` (the release phase on Heroku does).',
    )
}

export async function schemaBehind(db: Db): Promise<string[]> {
  const known = Object.keys(migrations)
  const tables = await db.introspection
    .getTables({ withInternalKyselyTables: true })
    .catch((error: unknown) => {
      throw new BridgeError(
        'database_unreachable',
        'The database could not be asked.',
        'Check DATABASE_URL and DATABASE_TLS, and that PostgreSQL runs there.',
        { cause: error },
      )
    })
  if (!tables.some((table) => table.name === 'kysely_migration')) return known
  const done = new Set(
    (
      await db
        .withTables<{ kysely_migration: { name: string } }>()
        .selectFrom('kysely_migration')
        .select('name')
        .execute()
    ).map((row) => row.name),
  )
  return known.filter((name) => !done.has(name))
}

function migratorOf(db: Db): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    allowUnorderedMigrations: true,
  })
}
