// The process as an admin starts it: by environment alone, through npm or as the Procfile does.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import type { TestContext } from './fixtures/databases.ts'
import { POSTGRES_URL, postgresAnswers } from './fixtures/postgres.ts'
import { until } from './fixtures/until.ts'
import { variables } from './fixtures/variables.ts'

const top = join(import.meta.dirname, '..')
const SECRETS = { WEBHOOK_SECRET: 'webhook-secret-of-the-process', ADMIN_TOKEN: 'admin-token-of-the-process' }
const DEADLINE_MS = 30_000
/** npm start reads a .env; one that lies here is not for tests. What is set comes first, and what is blank counts as absent. */
const BLANK = Object.fromEntries(variables.map(({ name }) => [name, '']))

interface Started {
  child: ChildProcess
  output: () => string
  /** The exit code, when it ended by itself. */
  ended: Promise<number | null>
}

/** In a group of its own: npm's child would outlive it. */
function start(
  t: TestContext,
  command: string,
  args: string[],
  environment: Record<string, string>,
): Started {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(command, args, {
    cwd: top,
    detached: true,
    env: { PATH, HOME, ...BLANK, HOST: '127.0.0.1', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(async () => {
    signal(child, 'SIGKILL')
    await ended
  })
  return { child, output: () => output, ended }
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name)
  } catch {
    // It has ended.
  }
}

async function addressOf({ output, child }: Started): Promise<string> {
  const port = await until(
    'the process to listen',
    () => {
      if (child.exitCode !== null) throw new Error(`the process ended: ${output()}`)
      return /listening on port (\d+)/.exec(output())?.[1]
    },
    DEADLINE_MS,
  )
  return `http://127.0.0.1:${port}`
}

/** A database that nobody has migrated. */
async function emptyPostgres(t: TestContext): Promise<string> {
  const name = `bridge_test_${randomUUID().replaceAll('-', '')}`
  const client = new Client({ connectionString: POSTGRES_URL })
  await client.connect()
  await client.query(`create database ${name}`)
  t.teardown(async () => {
    await client.query(`drop database if exists ${name} with (force)`)
    await client.end()
  })
  const url = new URL(POSTGRES_URL)
  url.pathname = `/${name}`
  return url.href
}

t.test(
  'every problem of the configuration is named at once, without values, and the exit code is 1',
  async (t) => {
    const { ended, output } = start(t, 'node', ['src/main.ts'], {
      ADMIN_TOKEN: 'short-one',
      LOG_LEVEL: 'loud',
    })
    t.equal(await ended, 1)
    for (const name of ['WEBHOOK_SECRET', 'ADMIN_TOKEN', 'LOG_LEVEL']) t.match(output(), name)
    t.notMatch(output(), 'short-one')
  },
)

t.test(
  'without credentials it starts on the embedded database, says what is missing, and ends on SIGTERM',
  async (t) => {
    const process = start(t, 'node', ['src/main.ts'], { ...SECRETS, DATA_DIR: t.testdir() })
    const url = await addressOf(process)
    t.equal((await fetch(`${url}/health/ready`)).status, 200)
    const status = await fetch(`${url}/api/status`, {
      headers: { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
    })
    const { stream, problems } = (await status.json()) as {
      stream: { state: string }
      problems: { system: string }[]
    }
    t.equal(stream.state, 'stopped')
    t.strictSame(
      problems.map(({ system }) => system),
      ['salesforce', 'marketo'],
    )
    signal(process.child, 'SIGTERM')
    t.equal(await process.ended, 0, 'closed in time', { output: process.output() })
  },
)

t.test('what a process needs to start and does not get is named, and nothing is led before', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const nowhere = 'postgres://postgres@127.0.0.1:1/bridge'
  const cases: [environment: Record<string, string>, told: RegExp][] = [
    [
      { DATA_DIR: t.testdir(), PORT: String(port) },
      new RegExp(`port ${port} of 127.0.0.1.*EADDRINUSE.*PORT`),
    ],
    [{ DATA_DIR: join(top, 'package.json') }, /package\.json\..*EEXIST.*DATA_DIR/],
    [{ DATABASE_URL: nowhere }, /database could not be asked.*ECONNREFUSED.*DATABASE_URL/],
  ]
  const started = cases.map(([environment, told]) => ({
    ...start(t, 'node', ['src/main.ts'], { ...SECRETS, ...environment }),
    told,
  }))
  for (const { ended, output, told } of started) {
    t.equal(await ended, 1)
    t.match(output(), told)
    t.notMatch(output(), /this process leads/)
  }
})

const skip = (await postgresAnswers()) ? false : 'there is no PostgreSQL here'
t.test('npm start refuses a PostgreSQL that npm run migrate has not prepared', { skip }, async (t) => {
  const environment = { ...SECRETS, DATABASE_URL: await emptyPostgres(t), DATABASE_TLS: 'off' }
  const early = start(t, 'npm', ['start'], environment)
  t.equal(await early.ended, 1)
  t.match(early.output(), 'npm run migrate')

  const migrate = start(t, 'npm', ['run', 'migrate'], environment)
  t.equal(await migrate.ended, 0, 'migrated', { output: migrate.output() })

  const url = await addressOf(start(t, 'npm', ['start'], environment))
  t.equal((await fetch(`${url}/health/ready`)).status, 200)
})
