// `npm run migrate`, and Heroku's release phase: brings the schema up to date. A failure fails the release.
import { openDatabase } from './database/connection.ts'
import { migrate } from './database/schema.ts'
import { ConfigError, readConfig } from './config.ts'
import { BridgeError, reasonOf } from './errors.ts'
import { createLog } from './log.ts'

/** An index of a large table takes minutes, in which nothing is heard. */
const SILENT_MS = 3_600_000

try {
  const { env } = readConfig()
  const log = createLog(env.LOG_LEVEL)
  const database = await openDatabase({
    url: env.DATABASE_URL,
    tls: env.DATABASE_TLS,
    folder: env.DATA_DIR,
    log,
    silentMs: SILENT_MS,
  })
  try {
    const done = await migrate(database.db)
    log.info(
      { migrations: done },
      done.length === 0 ? 'the database is up to date' : `migrated the database: ${done.join(', ')}`,
    )
  } finally {
    await database.close()
  }
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`)
  else process.stderr.write(`${reasonOf(error)}${error instanceof BridgeError ? ` ${error.advice}` : ''}\n`)
  process.exitCode = 1
}
