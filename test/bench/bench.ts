// `npm run bench`: how close the service comes to what Marketo allows, beside others, as a table or as JSON. Every scenario runs alone with
// --only; --small is the fast form for CI, which judges counts (calls, pushes, losses) and never times.
import { parseArgs } from 'node:util'
import type { DatabaseName } from './database.ts'
import { runAll } from './run.ts'
import type { Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios/index.ts'
import { tableOf } from './table.ts'

const USAGE = `npm run bench -- [options]

  --only <names>           scenarios, separated by commas
  --small                  small and fast: counts only, on PostgreSQL only
  --json                   the figures as JSON on stdout
  --database <name>        postgres, embedded or both
  --database-url <url>     the PostgreSQL server (postgres://postgres@127.0.0.1:5432/postgres); databases of its own are made and dropped
  --profile <folder>       writes CPU profiles of the service there (scenarios capacity and growth)

${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}
`

const DATABASES: Record<string, DatabaseName[] | undefined> = {
  postgres: ['postgres'],
  embedded: ['embedded'],
  both: ['postgres', 'embedded'],
}

// Every child ends with this process.
process.setMaxListeners(0)
process.exit(await main())

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        small: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        database: { type: 'string' },
        'database-url': { type: 'string', default: 'postgres://postgres@127.0.0.1:5432/postgres' },
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(USAGE)
      return 0
    }
    const { small } = values
    const name = values.database ?? (small ? 'postgres' : 'both')
    const databases = DATABASES[name]
    if (databases === undefined) throw new Error(`--database is postgres, embedded or both, not ${name}`)
    const scenarios =
      values.only === undefined ? SCENARIOS.filter(({ counts }) => counts || !small) : named(values.only)
    const results = await runAll(
      scenarios,
      { small, databases, serverUrl: values['database-url'], profile: values.profile },
      interruption(),
    )
    process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : tableOf(results))
    const { runs, figures } = results
    const done = runs.length === scenarios.length && runs.every(({ failure }) => failure === undefined)
    return done && figures.every(({ ok }) => ok !== false) ? 0 : 1
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return 2
  }
}

function named(only: string): Scenario[] {
  return only.split(',').map((name) => {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name)
    if (scenario === undefined) throw new Error(`there is no scenario ${name}`)
    return scenario
  })
}

/** The first Ctrl-C ends the scenario and what it started; the second one the process. */
function interruption(): AbortSignal {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(1)
      stopping.abort()
    })
  return stopping.signal
}
