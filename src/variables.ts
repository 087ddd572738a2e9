// Every variable of the environment, described once: app.json, .env.example and the README's table are held to it by a test.
import { z } from 'zod'

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

/** An https address, or http on this machine only: credentials travel over it. A trailing slash, and Marketo's `/rest`, are forgiven. */
const baseUrl = z
  .string()
  .transform((text) => text.trim().replace(/\/+$/, ''))
  .refine((text) => {
    if (!isSafe(text)) return false
    const { username, password, search, hash } = new URL(text)
    return username === '' && password === '' && search === '' && hash === ''
  }, 'must be an https:// address without user, query or fragment (http:// is accepted for this machine only)')

const marketoUrl = baseUrl.transform((text) => text.replace(/\/(rest|identity)$/, ''))

/** No header and no form carries blanks around it, so with them it would fit nobody. */
const secret = z.string().trim().min(16, 'must have at least 16 characters')

/** Interval: a decimal above 0; 0.1 minute is allowed. */
const interval = z.coerce.number('must be a number above 0').positive('must be a number above 0')
const count = z.coerce
  .number('must be a whole number above 0')
  .int('must be a whole number')
  .positive('must be above 0')

const flag = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .refine((text) => ['true', 'false', '1', '0', 'yes', 'no'].includes(text), 'must be true or false')
  .transform((text) => ['true', '1', 'yes'].includes(text))

const PORT_RULE = 'must be a whole number from 0 to 65535'

/** Every variable, each with the sentence that app.json and the README show. */
export const schema = z.object({
  PORT: z.coerce
    .number(PORT_RULE)
    .int(PORT_RULE)
    .min(0, PORT_RULE)
    .max(65535, PORT_RULE)
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
    .refine(
      (text) => URL.canParse(text),
      'is no complete address (signs such as # / ? @ % in user or password are written as %23 %2F %3F %40 %25)',
    )
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
    .number('must be a number of seconds')
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
  ALERT_URL: z
    .string()
    .refine(isSafe, 'must be an https:// address (http:// is accepted for this machine only)')
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

export type Environment = z.output<typeof schema>
