import t from 'tap'
import { ConfigError, readConfig, schema } from '../src/config.ts'

const LEAST = { WEBHOOK_SECRET: 'webhook-secret-0123', ADMIN_TOKEN: 'admin-token-01234567' }
const SALESFORCE = {
  SALESFORCE_LOGIN_URL: 'https://x.my.salesforce.com/',
  SALESFORCE_CLIENT_ID: 'client',
  SALESFORCE_CLIENT_SECRET: 'secret',
}
const MARKETO = {
  MARKETO_BASE_URL: 'https://123-ABC-456.mktorest.com/rest/',
  MARKETO_CLIENT_ID: 'client',
  MARKETO_CLIENT_SECRET: 'secret',
}

function problemsOf(environment: Record<string, string | undefined>): string[] {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

t.test('two secrets are enough to start in set-up, with every default', async (t) => {
  const { env, limits, missing, salesforce, marketo, warnings } = readConfig(LEAST)
  t.match(env, {
    PORT: 3000,
    HOST: '0.0.0.0',
    DATABASE_TLS: 'verify',
    DATA_DIR: './data',
    MARKETO_AMBIGUOUS_WAIT_SECONDS: 90,
    MATCH_BY_EMAIL: true,
    SEVERAL_PERSONS: 'report',
    DELETE_POLICY: 'keep',
    RECONCILE_EVERY_MINUTES: 15,
    INSIGHTS_EVERY_MINUTES: 5,
    INSIGHTS_SWEEP_EVERY_HOURS: 24,
    LOG_LEVEL: 'info',
  })
  t.equal(env.DATABASE_URL, undefined)
  t.equal(env.METRICS_TOKEN, undefined)
  t.strictSame(limits, {
    callsPer20Seconds: 50,
    concurrency: 5,
    dailyCalls: 40_000,
    instanceDailyCalls: 50_000,
  })
  t.strictSame([salesforce, marketo, warnings], [undefined, undefined, []])
  t.strictSame(missing, [
    {
      system: 'salesforce',
      variables: ['SALESFORCE_LOGIN_URL', 'SALESFORCE_CLIENT_ID', 'SALESFORCE_CLIENT_SECRET'],
    },
    { system: 'marketo', variables: Object.keys(MARKETO) },
  ])
})

t.test('addresses are forgiven a slash at the end, and Marketo’s its /rest', async (t) => {
  const { salesforce, marketo, missing } = readConfig({ ...LEAST, ...SALESFORCE, ...MARKETO })
  t.strictSame(missing, [])
  t.equal(salesforce?.loginUrl, 'https://x.my.salesforce.com')
  t.equal(marketo?.baseUrl, 'https://123-ABC-456.mktorest.com')
  for (const address of ['https://m.example/identity', 'https://m.example/rest', 'https://m.example//'])
    t.equal(readConfig({ ...LEAST, MARKETO_BASE_URL: address }).env.MARKETO_BASE_URL, 'https://m.example')
})

t.test('a private key takes the place of a secret, its line breaks written as \\n', async (t) => {
  const { SALESFORCE_CLIENT_SECRET: _, ...rest } = SALESFORCE
  const key = '-----BEGIN PRIVATE KEY-----\\nabc\\n-----END PRIVATE KEY-----'
  const { salesforce } = readConfig({
    ...LEAST,
    ...rest,
    SALESFORCE_PRIVATE_KEY: key,
    SALESFORCE_USERNAME: 'a@b.c',
  })
  t.strictSame(salesforce, {
    loginUrl: 'https://x.my.salesforce.com',
    clientId: 'client',
    privateKey: key.replaceAll('\\n', '\n'),
    username: 'a@b.c',
  })
  const { missing } = readConfig({ ...LEAST, ...rest, SALESFORCE_PRIVATE_KEY: key })
  t.strictSame(missing[0], { system: 'salesforce', variables: ['SALESFORCE_USERNAME'] })
  t.match(problemsOf({ ...LEAST, SALESFORCE_PRIVATE_KEY: 'no key' }), [
    /^SALESFORCE_PRIVATE_KEY must be .*PEM/,
  ])
})

t.test('every problem at once, with what would be right and never with the value', async (t) => {
  const wrong: Record<string, [value: string, right: RegExp]> = {
    PORT: ['eighty-80', /0 to 65535/],
    APP_URL: ['http://bridge.example', /https:\/\//],
    DATABASE_URL: ['mysql://user:pass-word@host', /postgres:\/\//],
    DATABASE_TLS: ['perhaps', /verify, no-verify or off/],
    SALESFORCE_LOGIN_URL: ['https://user:pass-word@x.example', /without user/],
    MARKETO_BASE_URL: ['ftp://m.example', /https:\/\//],
    MARKETO_CALLS_PER_20_SECONDS: ['lots', /whole number/],
    MARKETO_CONCURRENCY: ['2.5', /whole number/],
    MARKETO_DAILY_CALLS: ['-7', /above 0/],
    MARKETO_INSTANCE_DAILY_CALLS: ['0', /above 0/],
    MARKETO_AMBIGUOUS_WAIT_SECONDS: ['-90.5', /number of seconds/],
    WEBHOOK_SECRET: ['short-secret', /16 characters/],
    WEBHOOK_SECRET_PREVIOUS: ['short-former', /16 characters/],
    METRICS_TOKEN: ['short-token', /16 characters/],
    ALERT_URL: ['http://hooks.example/secret-path', /https:\/\//],
    MATCH_BY_EMAIL: ['maybe-so', /true or false/],
    SEVERAL_PERSONS: ['mix-them', /report or merge/],
    DELETE_POLICY: ['burn-them', /keep or delete/],
    RECONCILE_EVERY_MINUTES: ['quarterly', /number above 0/],
    INSIGHTS_EVERY_MINUTES: ['0', /above 0/],
    INSIGHTS_SWEEP_EVERY_HOURS: ['-24.25', /above 0/],
    LOG_LEVEL: ['chatty', /trace, debug, info/],
  }
  const problems = problemsOf(
    Object.fromEntries(Object.entries(wrong).map(([name, [value]]) => [name, value])),
  )
  t.equal(problems.length, Object.keys(wrong).length + 1, problems.join('\n'))
  t.match(
    problems.find((problem) => problem.startsWith('ADMIN_TOKEN ')),
    /^ADMIN_TOKEN is missing\. Signs an admin in/,
  )
  for (const [name, [value, right]] of Object.entries(wrong)) {
    const problem = problems.find((one) => one.startsWith(`${name} `)) ?? `nothing of ${name}`
    t.match(problem, right)
    if (value.length > 2) t.notOk(problem.includes(value), problem)
    t.notMatch(problem, /Invalid input|received/, problem)
  }
  t.notMatch(new ConfigError(problems).message, /pass-word|short-/)
  t.match(new ConfigError(problems).message, /^The configuration has 23 problems:\n/)
  t.match(new ConfigError(['x is missing']).message, /^The configuration has a problem:\n {2}x is missing$/)
})

t.test('http is for this machine only', async (t) => {
  for (const host of ['localhost:8080', '127.0.0.1:1', '127.1.2.3', '[::1]:3000'])
    t.strictSame(
      problemsOf({ ...LEAST, MARKETO_BASE_URL: `http://${host}`, ALERT_URL: `http://${host}/x?y` }),
      [],
      host,
    )
  for (const host of ['m.example', '127.0.0.1.example', 'localhost.example', '10.0.0.1', '128.0.0.1'])
    t.equal(
      problemsOf({ ...LEAST, MARKETO_BASE_URL: `http://${host}`, ALERT_URL: `http://${host}` }).length,
      2,
      host,
    )
})

t.test('a dyno’s disk is wiped daily, so it needs a database', async (t) => {
  t.match(problemsOf({ ...LEAST, DYNO: 'web.1' }), [/^DATABASE_URL is missing.*Heroku Postgres/])
  t.strictSame(problemsOf({ ...LEAST, DYNO: 'web.1', DATABASE_URL: 'postgres://h/d' }), [])
  t.strictSame(problemsOf({ ...LEAST, DATABASE_URL: 'postgresql://h/d' }), [])
})

t.test('empty values are absent, as Heroku’s form sends them', async (t) => {
  const empty = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, '  ']))
  t.strictSame(readConfig({ ...empty, ...LEAST }), readConfig(LEAST))
  t.equal(problemsOf({ ...LEAST, WEBHOOK_SECRET: '' }).length, 1)
})

t.test('an address of a database that is none is named, with what would be right', async (t) => {
  for (const address of [
    'postgres://user:pa#ss-word@host/d',
    'postgres://user:pa/ss-word@host/d',
    'postgres://host:port/d',
  ]) {
    const problems = problemsOf({ ...LEAST, DATABASE_URL: address, PORT: 'eighty' })
    t.match(problems, [/^PORT must/, /^DATABASE_URL is no complete address.*%23/])
    t.notMatch(problems.join(), /ss-word/)
  }
  t.strictSame(
    problemsOf({ ...LEAST, DATABASE_URL: 'postgres://user:pa%23ss@host:5433/d?sslmode=require' }),
    [],
  )
})

t.test('blanks around a secret are not of it: no header and no form could carry them', async (t) => {
  const { env } = readConfig({ ...LEAST, ADMIN_TOKEN: ` ${LEAST.ADMIN_TOKEN}\n` })
  t.equal(env.ADMIN_TOKEN, LEAST.ADMIN_TOKEN)
  t.match(problemsOf({ ...LEAST, ADMIN_TOKEN: `short${' '.repeat(16)}` }), [
    /^ADMIN_TOKEN must have at least 16/,
  ])
})

t.test('intervals are decimals, flags have several spellings', async (t) => {
  const { env } = readConfig({ ...LEAST, RECONCILE_EVERY_MINUTES: '0.1', INSIGHTS_SWEEP_EVERY_HOURS: '1.5' })
  t.match(env, { RECONCILE_EVERY_MINUTES: 0.1, INSIGHTS_SWEEP_EVERY_HOURS: 1.5 })
  for (const [text, value] of [
    ['true', true],
    ['Yes', true],
    ['1', true],
    ['FALSE', false],
    ['no', false],
    ['0', false],
  ] as const)
    t.equal(readConfig({ ...LEAST, MATCH_BY_EMAIL: text }).env.MATCH_BY_EMAIL, value, text)
})

t.test('limits above Marketo’s documented ones are accepted with a warning each', async (t) => {
  const { warnings, limits } = readConfig({
    ...LEAST,
    MARKETO_CALLS_PER_20_SECONDS: '101',
    MARKETO_CONCURRENCY: '11',
    MARKETO_DAILY_CALLS: '50001',
    MARKETO_INSTANCE_DAILY_CALLS: '1000000',
  })
  t.equal(warnings.length, 4)
  t.match(warnings[0], /^MARKETO_CALLS_PER_20_SECONDS is 101, above .* 100/)
  t.equal(limits.instanceDailyCalls, 1_000_000)
  const atTheLimit = readConfig({ ...LEAST, MARKETO_CALLS_PER_20_SECONDS: '100', MARKETO_CONCURRENCY: '10' })
  t.strictSame(atTheLimit.warnings, [])
})
