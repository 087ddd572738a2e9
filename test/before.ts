// Run by tap before the tests: says on which databases they run. `--require-postgres`, as CI asks, makes its absence a failure.
import { POSTGRES_URL, postgresAnswers } from './fixtures/postgres.ts'

const { host } = new URL(POSTGRES_URL)
const found = await postgresAnswers()
console.log(
  found
    ? `PostgreSQL answers on ${host}: what touches a database is tested there and on the embedded one.`
    : `No PostgreSQL on ${host}: only the embedded database is tested. TEST_DATABASE_URL names another server.`,
)
if (!found && process.argv.includes('--require-postgres')) process.exitCode = 1
