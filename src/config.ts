// The only reader of the environment: variables.ts describes it, and this says what is missing or wrong, all at once.
import { schema, type Environment } from './variables.ts'

export { schema }

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
