// What Heroku, CI and `node --env-file` read, held together with src/variables.ts and package.json. Heroku's own schema of app.json
// (in the npm package @heroku/mcp-server) accepts the file; its shape is checked here in our words.
import { parseEnv } from 'node:util'
import t from 'tap'
import { z } from 'zod'
import { ConfigError, readConfig } from '../src/config.ts'
import { exists, read, readJson, scripts } from './fixtures/repository.ts'
import { variables } from './fixtures/variables.ts'

const appJson = z.strictObject({
  name: z.string().max(300),
  description: z.string(),
  keywords: z.array(z.string()),
  success_url: z.string().startsWith('/'),
  stack: z.literal('heroku-24'),
  formation: z.record(z.string(), z.strictObject({ quantity: z.int().min(0), size: z.literal('basic') })),
  addons: z.array(z.string()),
  env: z.record(
    z.string().regex(/^(?!HEROKU_)[A-Z][A-Z0-9_]*$/),
    z.strictObject({
      description: z.string(),
      value: z.string().optional(),
      required: z.literal(false).optional(),
      generator: z.literal('secret').optional(),
    }),
  ),
  environments: z.strictObject({
    test: z.strictObject({ addons: z.array(z.string()), scripts: z.strictObject({ test: z.string() }) }),
  }),
})

/** Heroku sets these itself, or there is nothing to choose there. */
const NOT_ASKED_ON_HEROKU = new Set(['PORT', 'HOST', 'DYNO', 'DATABASE_URL', 'DATA_DIR'])
/** Heroku Postgres has a certificate of its own making. */
const OTHERWISE_ON_HEROKU: Record<string, string> = { DATABASE_TLS: 'no-verify' }
/** As Heroku generates them: 64 hexadecimal digits. */
const GENERATED = '0123456789abcdef'.repeat(4)

t.test('app.json has the shape that Heroku reads', async (t) => {
  const app = appJson.parse(readJson('app.json'))
  t.strictSame(app.formation, { web: { quantity: 1, size: 'basic' } })
  t.strictSame(app.addons, ['heroku-postgresql:essential-0'])
})

t.test('app.json asks for every variable that an admin sets, as src/variables.ts describes it', async (t) => {
  const asked = variables.filter(({ name }) => !NOT_ASKED_ON_HEROKU.has(name))
  t.strictSame(
    appJson.parse(readJson('app.json')).env,
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
  const { env } = appJson.parse(readJson('app.json'))
  const filled = Object.entries(env).map(([name, { value = '', generator }]): [string, string] => [
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

t.test('CI runs every part of `npm run check`, and the demo', async (t) => {
  const ci = read('.ci/run')
  const parts = scripts.check?.split(' && ') ?? []
  t.ok(parts.length >= 5)
  for (const part of [...parts, 'npm ci', 'npm run demo']) t.ok(ci.includes(part), part)
  for (const [, script] of ci.matchAll(/npm run ([\w:]+)/g)) t.ok(scripts[script!], `npm run ${script}`)
})

t.test('one major version of Node everywhere', async (t) => {
  const { engines, devDependencies } = readJson('package.json') as Record<string, Record<string, string>>
  t.equal(engines?.node, '24.x')
  t.match(devDependencies?.node ?? '', /^\^24\./)
  t.equal(read('.nvmrc').trim(), '24')
})
