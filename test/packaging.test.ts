// What Heroku, CI, Docker and `node --env-file` read, held together with src/variables.ts and package.json.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import { Ajv } from 'ajv'
import t from 'tap'
import { ConfigError, readConfig } from '../src/config.ts'
import { databaseKinds } from './fixtures/databases.ts'
import { exists, read, readJson, scripts } from './fixtures/repository.ts'
import { variables } from './fixtures/variables.ts'
import { startWeb } from './fixtures/web.ts'

const app = readJson('app.json') as {
  success_url: string
  formation: object
  addons: string[]
  env: Record<string, { description: string; value?: string; required?: boolean; generator?: string }>
  environments: { test: { addons: string[]; scripts: { test: string } } }
}

const herokuAccepts = new Ajv({ formats: { uri: (text: string) => URL.canParse(text) } }).compile(
  readJson('test/fixtures/heroku/app-json.schema.json') as object,
)

const run = promisify(execFile)

/** Heroku sets these itself, or there is nothing to choose there. */
const NOT_ASKED_ON_HEROKU = new Set(['PORT', 'HOST', 'DYNO', 'DATABASE_URL', 'DATA_DIR'])
/** Heroku Postgres has a certificate of its own making. */
const OTHERWISE_ON_HEROKU: Record<string, string> = { DATABASE_TLS: 'no-verify' }
/** As Heroku generates them: 64 hexadecimal digits. */
const GENERATED = '0123456789abcdef'.repeat(4)

t.test("app.json is valid by Heroku's own schema, which refuses what Heroku does", async (t) => {
  t.ok(herokuAccepts(app), JSON.stringify(herokuAccepts.errors))
  for (const wrong of [
    { ...app, succes_url: '/setup' },
    { ...app, formation: { web: { quantity: 1, size: 'tiny' } } },
    { ...app, env: { ADMIN_TOKEN: { generator: 'random' } } },
    { ...app, stack: 'heroku-16' },
  ])
    t.notOk(herokuAccepts(wrong))
})

t.test('the Heroku button makes one basic dyno with PostgreSQL, and ends on the set-up page', async (t) => {
  t.match(app, {
    success_url: '/setup',
    formation: { web: { quantity: 1, size: 'basic' } },
    addons: ['heroku-postgresql:essential-0'],
    environments: { test: { addons: ['heroku-postgresql:in-dyno'] } },
  })
  t.match(app.environments.test.scripts.test, /npm test$/)
  for (const name of Object.keys(app.env)) t.notMatch(name, /^HEROKU_/, 'Heroku keeps these for itself')
})

t.test('app.json asks for every variable that an admin sets, as src/variables.ts describes it', async (t) => {
  const asked = variables.filter(({ name }) => !NOT_ASKED_ON_HEROKU.has(name))
  t.strictSame(
    app.env,
    Object.fromEntries(
      asked.map(({ name, description, required, standard }) => {
        const value = OTHERWISE_ON_HEROKU[name] ?? standard
        if (required) return [name, { description, generator: 'secret' }]
        return [name, { description, required: false, ...(value === undefined ? {} : { value }) }]
      }),
    ),
  )
  t.ok(variables.length > asked.length + 3, 'the exceptions are variables of the schema')
})

t.test('the service starts with what the Heroku button fills in, and with the defaults', async (t) => {
  const filled = Object.entries(app.env).map(([name, { value = '', generator }]): [string, string] => [
    name,
    generator === undefined ? value : GENERATED,
  ])
  const heroku = {
    PORT: '12345',
    DYNO: 'web.1',
    DATABASE_URL: 'postgres://user:password@host.example:5432/name',
  }
  const config = readConfig({ ...Object.fromEntries(filled), ...heroku })
  t.equal(config.env.DATABASE_TLS, 'no-verify')
  t.strictSame(config.warnings, [])
  const plain = readConfig({ ...heroku, WEBHOOK_SECRET: GENERATED, ADMIN_TOKEN: GENERATED })
  t.strictSame({ ...config.env, DATABASE_TLS: plain.env.DATABASE_TLS }, plain.env)
})

t.test('every variable is described in a sentence', async (t) => {
  for (const { name, description } of variables) t.match(description, /^[A-Z].{15,}\.$/, name)
})

t.test(
  '.env.example has each variable with its description and default, the required ones open',
  async (t) => {
    const expected = variables
      .filter(({ name }) => name !== 'DYNO')
      .map(
        ({ name, description, required, standard = '' }) =>
          `# ${description}\n${required ? '' : '# '}${name}=${standard}`,
      )
    const [preface, ...blocks] = read('.env.example').trimEnd().split('\n\n')
    t.match(preface, /^# Copy to \.env/)
    t.strictSame(blocks, expected)
  },
)

t.test('node --env-file understands .env.example', async (t) => {
  const text = read('.env.example')
  const required = variables.filter((variable) => variable.required).map(({ name }) => name)
  const asItIs = parseEnv(text)
  t.strictSame(Object.keys(asItIs).toSorted(), required.toSorted())
  t.throws(() => readConfig(asItIs), ConfigError, 'an unfilled copy is refused')
  const everything = parseEnv(text.replaceAll(/^# (?=[A-Z_\d]+=)/gm, ''))
  const filled = Object.fromEntries(required.map((name) => [name, GENERATED]))
  t.strictSame(readConfig({ ...everything, ...filled }).env, readConfig(filled).env)
})

t.test('Procfile and the npm scripts run files that exist, and the same ones', async (t) => {
  const processes = read('Procfile').trimEnd().split('\n')
  t.strictSame(processes, ['release: node src/migrate.ts', 'web: node src/main.ts'])
  t.match(scripts.start, /^node .*src\/main\.ts$/)
  t.match(scripts.migrate, /^node .*src\/migrate\.ts$/)
  const files = [...Object.values(scripts), ...processes].flatMap(
    (command) => /\bnode .*?(\S+\.ts)/.exec(command)?.[1] ?? [],
  )
  t.ok(files.length >= 5)
  for (const file of files) t.ok(exists(file), file)
})

t.test('the image is made of files that exist, runs what the Procfile does, and not as root', async (t) => {
  const lines = read('Dockerfile')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))
  const at = (start: string): number => lines.findIndex((line) => line.startsWith(start))
  const sources = lines
    .filter((line) => line.startsWith('COPY '))
    .flatMap((line) => line.split(' ').slice(1, -1))
  t.ok(sources.includes('src'))
  for (const path of sources) t.ok(exists(path), path)
  t.equal(
    `web: ${(JSON.parse(lines.at(-1)!.replace('CMD ', '')) as string[]).join(' ')}`,
    read('Procfile').trim().split('\n')[1],
  )
  t.ok(at('USER node') > at('RUN npm ci') && at('USER node') < at('CMD '))
  for (const path of read('.dockerignore').trim().split('\n')) t.notOk(sources.includes(path), path)
})

t.test('the health check of the image tells a process that serves from one that does not', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const { url } = await startWeb(t, db)
  const command = JSON.parse(/^HEALTHCHECK .*CMD (\[.*\])$/m.exec(read('Dockerfile'))![1]!) as string[]
  const check = (port: string): Promise<number> =>
    run(process.execPath, command.slice(1), { env: { PORT: port } }).then(
      () => 0,
      (error: { code: number }) => error.code,
    )
  t.equal(command[0], 'node')
  t.equal(await check(new URL(url).port), 0)
  t.equal(await check('1'), 1)
})

t.test('CI runs every part of `npm run check`, and the demo', async (t) => {
  const ci = read('.ci/run')
  const parts = scripts.check?.split(' && ') ?? []
  t.ok(parts.length >= 5)
  for (const part of [...parts, 'npm ci', 'npm run demo']) t.ok(ci.includes(part), part)
  for (const [, script] of ci.matchAll(/npm run ([\w:]+)/g)) t.ok(scripts[script!], `npm run ${script}`)
})

t.test(
  'CI audits the dependencies; only a registry that cannot tell is no failure, and that is said',
  async (t) => {
    t.match(read('.ci/run'), /^step 'audit' bash \.ci\/audit$/m)
    const audit = async (npm: string): Promise<{ code: number; out: string }> => {
      const folder = t.testdir({ npm: `#!/bin/sh\n${npm}\n` })
      await run('chmod', ['+x', join(folder, 'npm')])
      const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` }
      return run('bash', ['.ci/audit'], { env }).then(
        ({ stdout }) => ({ code: 0, out: stdout }),
        (error: { code: number; stdout: string }) => ({ code: error.code, out: error.stdout }),
      )
    }
    t.match(await audit('echo "found 0 vulnerabilities"'), { code: 0, out: /^found 0 vulnerabilities\n$/ })
    t.match(await audit('echo "1 high severity vulnerability"; exit 1'), { code: 1, out: /1 high/ })
    t.match(await audit('echo "npm error audit endpoint returned an error" >&2; exit 1'), {
      code: 0,
      out: /NOT AUDITED/,
    })
  },
)

t.test('one major version of Node everywhere', async (t) => {
  const { engines, devDependencies } = readJson('package.json') as Record<string, Record<string, string>>
  t.equal(engines?.node, '24.x')
  t.match(devDependencies?.node ?? '', /^\^24\./)
  t.equal(read('.nvmrc').trim(), '24')
  t.match(read('Dockerfile'), /^FROM node:24-/m)
})
