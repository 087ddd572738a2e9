// The only reader of the environment. One described schema; app.json, .env.example and the README's table are held to it by a test.
import { z } from 'zod'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])

function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** An https address, or http on this machine only: credentials travel over it. A trailing slash, and Marketo's `/rest`, are forgiven. */
const baseUrl = z
  .string()
  .transform((text) => text.trim().replace(/\/+$/, ''))
  .refine((text) => {
    if (!URL.canParse(text)) return false
    const url = new URL(text)
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
  }, 'must be an https:// address without user, query or fragment (http:// is accepted for this machine only)')

const marketoUrl = baseUrl.transform((text) => text.replace(/\/(rest|identity)$/, ''))

const secret = z.string().min(16, 'must have at least 16 characters')

/** Interval: a decimal above 0; 0.1 minute is allowed. */
const interval = z.coerce.number().positive('must be a number above 0')
const count = z.coerce.number().int('must be a whole number').positive('must be above 0')

const flag = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .refine((text) => ['true', 'false', '1', '0', 'yes', 'no'].includes(text), 'must be true or false')
  .transform((text) => ['true', '1', 'yes'].includes(text))

/** Every variable, each with the sentence that app.json and the README show. */
export const schema = z.object({
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(3000)
    .describe('Port of the web server. Heroku sets it.'),
  HOST: z.string().default('0.0.0.0').describe('Address that the web server listens on.'),
  APP_URL: baseUrl
    .optional()
    .describe(
      'Public address of this app, for links and for the set-up page, such as https://your-app.herokuapp.com.',
    ),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// address')
    .optional()
    .describe(
      'PostgreSQL. Heroku Postgres sets it. Without it an embedded database in DATA_DIR is used, for trying out.',
    ),
  DATABASE_TLS: z
    .enum(['verify', 'no-verify', 'off'], 'must be verify, no-verify or off')
    .default('verify')
    .describe(
      "TLS to PostgreSQL: verify, no-verify (Heroku's self-signed certificates) or off. Loopback hosts never use TLS.",
    ),
  DYNO: z
    .string()
    .optional()
    .describe('Set by Heroku. There the disk is wiped daily, so DATABASE_URL is required.'),
  DATA_DIR: z.string().default('./data').describe('Folder of the embedded database.'),
  SALESFORCE_LOGIN_URL: baseUrl
    .optional()
    .describe(
      'My Domain address of the org, from Salesforce Setup > My Domain, such as https://your-company.my.salesforce.com.',
    ),
  SALESFORCE_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      'Consumer key of the External Client App, from Salesforce Setup > External Client App Manager.',
    ),
  SALESFORCE_CLIENT_SECRET: z
    .string()
    .optional()
    .describe(
      'Consumer secret of the External Client App, for the client-credentials flow; it stands beside the consumer key.',
    ),
  SALESFORCE_PRIVATE_KEY: z
    .string()
    .transform((text) => text.replaceAll('\\n', '\n'))
    .refine(
      (text) => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text),
      'must be a private key in PEM form (line breaks may be written as \\n)',
    )
    .optional()
    .describe(
      'For the JWT bearer flow, instead of a consumer secret: the private key in PEM form whose certificate the External Client App holds. Line breaks may be written as \\n.',
    ),
  SALESFORCE_USERNAME: z
    .string()
    .optional()
    .describe('For the JWT bearer flow: user name of the integration user, from Salesforce Setup > Users.'),
  MARKETO_BASE_URL: marketoUrl
    .optional()
    .describe(
      'Marketo REST endpoint, from Marketo Admin > Web Services, such as https://123-ABC-456.mktorest.com.',
    ),
  MARKETO_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      'Client id of the LaunchPoint custom service, from Marketo Admin > LaunchPoint > View Details.',
    ),
  MARKETO_CLIENT_SECRET: z
    .string()
    .optional()
    .describe(
      'Client secret of the LaunchPoint custom service, from Marketo Admin > LaunchPoint > View Details.',
    ),
  MARKETO_CALLS_PER_20_SECONDS: count
    .default(50)
    .describe(
      "Marketo calls in 20 seconds. Adobe advises 50 for one integration; the instance's limit is 100.",
    ),
  MARKETO_CONCURRENCY: count
    .default(5)
    .describe('Marketo calls at once. Adobe advises at most 5; the limit is 10.'),
  MARKETO_DAILY_CALLS: count
    .default(40_000)
    .describe("This service's own ceiling of Marketo calls a day (US Central)."),
  MARKETO_INSTANCE_DAILY_CALLS: count
    .default(50_000)
    .describe(
      "The Marketo instance's daily quota, everybody counted, from Marketo Admin > Web Services; background work stops at 80 % of it.",
    ),
  MARKETO_AMBIGUOUS_WAIT_SECONDS: z.coerce
    .number()
    .nonnegative('must be a number of seconds')
    .default(90)
    .describe(
      "How long a write with unknown outcome may still be running in Marketo: the server's own time-out of Sync Leads.",
    ),
  WEBHOOK_SECRET: secret.describe(
    "Bearer secret of the webhook that Salesforce calls; paste it into the org's External Credential Insight_Bridge.",
  ),
  WEBHOOK_SECRET_PREVIOUS: secret
    .optional()
    .describe('The former webhook secret, also accepted while rotating.'),
  ADMIN_TOKEN: secret.describe(
    'Signs an admin in to the console, and is the bearer token of /api. Choose one, or see what Heroku generated under Settings > Config Vars.',
  ),
  METRICS_TOKEN: secret
    .optional()
    .describe('Bearer token of /metrics, of your choice. Without it there is no /metrics.'),
  ALERT_URL: baseUrl
    .or(z.url({ protocol: /^https$/ }))
    .optional()
    .describe(
      'Gets a JSON POST when something needs a person, such as the address of a Slack incoming webhook.',
    ),
  MATCH_BY_EMAIL: flag
    .default(true)
    .describe(
      'Adopt a Marketo person without externalPersonId that has the same e-mail, instead of creating another.',
    ),
  SEVERAL_PERSONS: z
    .enum(['report', 'merge'], 'must be report or merge')
    .default('report')
    .describe('When several Marketo persons hold one key: report, or merge into the newest.'),
  DELETE_POLICY: z
    .enum(['keep', 'delete'], 'must be keep or delete')
    .default('keep')
    .describe('What happens in Marketo to a person removed in Salesforce: keep (released) or delete.'),
  RECONCILE_EVERY_MINUTES: interval
    .default(15)
    .describe('How often Salesforce is asked for changes that no event told of.'),
  INSIGHTS_EVERY_MINUTES: interval
    .default(5)
    .describe('How often Marketo is asked for new interesting moments and scores.'),
  INSIGHTS_SWEEP_EVERY_HOURS: interval
    .default(24)
    .describe("How often everybody's Sales Insight values are read again."),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info')
    .describe('How much is logged.'),
})

type Environment = z.output<typeof schema>

export interface SalesforceConfig {
  loginUrl: string
  clientId: string
  clientSecret?: string
  privateKey?: string
  username?: string
}

export interface MarketoConfig {
  baseUrl: string
  clientId: string
  clientSecret: string
}

export interface MarketoLimits {
  callsPer20Seconds: number
  concurrency: number
  dailyCalls: number
  instanceDailyCalls: number
}

export interface Config {
  env: Environment
  /** Undefined while variables are missing: the service starts in set-up, and `missing` names them. */
  salesforce: SalesforceConfig | undefined
  marketo: MarketoConfig | undefined
  limits: MarketoLimits
  missing: { system: 'salesforce' | 'marketo'; variables: string[] }[]
  warnings: string[]
}

/** Thrown with every problem at once, each naming its variable and what would be right; never a value. */
export class ConfigError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Reads and checks the environment. Empty strings count as absent: Heroku's form sends them. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  )
  const parsed = schema.safeParse(given)
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => {
        const name = String(issue.path[0])
        return given[name] === undefined
          ? `${name} is missing. ${describeVariable(name)}`
          : `${name} ${issue.message}. ${describeVariable(name)}`
      })
  if (given.DYNO !== undefined && given.DATABASE_URL === undefined)
    problems.push(
      'DATABASE_URL is missing. On Heroku the disk is wiped daily: add the Heroku Postgres add-on.',
    )
  if (!parsed.success || problems.length > 0) throw new ConfigError([...new Set(problems)])

  const env = parsed.data
  return {
    env,
    ...connections(env),
    limits: {
      callsPer20Seconds: env.MARKETO_CALLS_PER_20_SECONDS,
      concurrency: env.MARKETO_CONCURRENCY,
      dailyCalls: env.MARKETO_DAILY_CALLS,
      instanceDailyCalls: env.MARKETO_INSTANCE_DAILY_CALLS,
    },
    warnings: warningsOf(env),
  }
}

function describeVariable(name: string): string {
  return schema.shape[name as keyof typeof schema.shape]?.description ?? ''
}

function connections(env: Environment): Pick<Config, 'salesforce' | 'marketo' | 'missing'> {
  const missing: Config['missing'] = []
  const lacking = (names: (keyof Environment)[]): string[] => names.filter((name) => env[name] === undefined)

  const credentials: (keyof Environment)[] =
    env.SALESFORCE_PRIVATE_KEY !== undefined && env.SALESFORCE_CLIENT_SECRET === undefined
      ? ['SALESFORCE_PRIVATE_KEY', 'SALESFORCE_USERNAME']
      : ['SALESFORCE_CLIENT_SECRET']
  const salesforceLacks = lacking(['SALESFORCE_LOGIN_URL', 'SALESFORCE_CLIENT_ID', ...credentials])
  if (salesforceLacks.length > 0) missing.push({ system: 'salesforce', variables: salesforceLacks })
  const marketoLacks = lacking(['MARKETO_BASE_URL', 'MARKETO_CLIENT_ID', 'MARKETO_CLIENT_SECRET'])
  if (marketoLacks.length > 0) missing.push({ system: 'marketo', variables: marketoLacks })

  return {
    missing,
    salesforce:
      salesforceLacks.length > 0
        ? undefined
        : {
            loginUrl: env.SALESFORCE_LOGIN_URL!,
            clientId: env.SALESFORCE_CLIENT_ID!,
            ...(env.SALESFORCE_CLIENT_SECRET !== undefined
              ? { clientSecret: env.SALESFORCE_CLIENT_SECRET }
              : { privateKey: env.SALESFORCE_PRIVATE_KEY!, username: env.SALESFORCE_USERNAME! }),
          },
    marketo:
      marketoLacks.length > 0
        ? undefined
        : {
            baseUrl: env.MARKETO_BASE_URL!,
            clientId: env.MARKETO_CLIENT_ID!,
            clientSecret: env.MARKETO_CLIENT_SECRET!,
          },
  }
}

/** Marketo's documented limits of a usual instance; higher ones exist by contract, so they only warn. */
function warningsOf(env: Environment): string[] {
  const over: [keyof Environment, number][] = [
    ['MARKETO_CALLS_PER_20_SECONDS', 100],
    ['MARKETO_CONCURRENCY', 10],
    ['MARKETO_DAILY_CALLS', 50_000],
    ['MARKETO_INSTANCE_DAILY_CALLS', 50_000],
  ]
  return over
    .filter(([name, limit]) => Number(env[name]) > limit)
    .map(
      ([name, limit]) =>
        `${name} is ${env[name]}, above Marketo's documented limit of ${limit}: Marketo will refuse calls unless your contract allows more.`,
    )
}
