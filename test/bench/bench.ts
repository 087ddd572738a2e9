// `npm run bench`: how close the service comes to what Marketo allows, beside others, as a table or as JSON. Every scenario runs alone with
// --only; --small is the fast form for CI, which judges counts (calls, pushes, losses) and never times.
import { parseArgs } from 'node:util'
import { judge, type Figure, type Judged } from './figures.ts'
import type { Bench, Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios/index.ts'
import { tableOf } from './table.ts'

const USAGE = `npm run bench -- [options]

  --only <names>           scenarios, separated by commas
  --small                  small and fast; judges counts only
  --json                   the figures as JSON on stdout
  --database <name>        postgres, embedded or both (both)
  --database-url <url>     the PostgreSQL server (postgres://postgres@127.0.0.1:5432/postgres); databases of its own are made and dropped
  --profile <folder>       writes CPU profiles of the service there (scenario capacity)
  --list                   the scenarios

${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join('\n')}`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    database: { type: 'string', default: 'both' },
    'database-url': { type: 'string', default: 'postgres://postgres@127.0.0.1:5432/postgres' },
    profile: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stderr.write(`${line}\n`)

if (values.help || values.list) process.stdout.write(`${USAGE}\n`)
else process.exitCode = await run(chosen(values.only))

function chosen(only: string | undefined): Scenario[] {
  if (only === undefined) return SCENARIOS
  const names = only.split(',')
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name))
  if (unknown.length > 0) throw new Error(`There is no scenario ${unknown.join(', ')}.\n\n${USAGE}`)
  return SCENARIOS.filter(({ name }) => names.includes(name))
}

/** Resolves with the exit code: 1 when something that was to be reached was not. */
async function run(scenarios: Scenario[]): Promise<number> {
  const figures: Judged[] = []
  let failed = 0
  for (const scenario of scenarios) {
    say(`${scenario.name}: ${scenario.title}`)
    const startedAt = performance.now()
    const bench: Bench = {
      small: values.small,
      databases: (['postgres', 'embedded'] as const).filter((name) =>
        ['both', name].includes(values.database),
      ),
      serverUrl: values['database-url'],
      profile: values.profile,
      say: (line) => say(`  ${line}`),
      report(figure: Omit<Figure, 'scenario'>) {
        const judged = judge({ ...figure, scenario: scenario.name }, values.small)
        figures.push(judged)
        say(`  ${judged.what}: ${judged.value} ${judged.unit}${judged.ok === false ? '  MISSED' : ''}`)
      },
    }
    try {
      await scenario.run(bench)
    } catch (error) {
      failed++
      say(`  failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
    say(
      `  (npm run bench -- --only ${scenario.name}: ${Math.round((performance.now() - startedAt) / 1000)} s)`,
    )
  }
  process.stdout.write(
    values.json ? `${JSON.stringify({ small: values.small, figures }, null, 2)}\n` : `${tableOf(figures)}\n`,
  )
  return failed > 0 || figures.some(({ ok }) => ok === false) ? 1 : 0
}
