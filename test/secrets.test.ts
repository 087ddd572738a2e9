// No secret is in anything that the service says: logs of every level, pages, answers, errors, metrics.
import t from 'tap'
import { readConfig } from '../src/config.ts'
import { reasonOf } from '../src/errors.ts'
import { createLog } from '../src/log.ts'
import { serveOn, startService } from '../src/service.ts'
import { visit } from './console/fixtures/pages.ts'
import { SECRET_PATH, startReceiver } from './console/fixtures/receiver.ts'
import { environmentOf, type Status } from './fixtures/bridge.ts'
import { databaseKinds, type TestContext } from './fixtures/databases.ts'
import { until } from './fixtures/until.ts'
import { startMarketo } from './simulators/marketo/index.ts'
import { startSalesforce } from './simulators/salesforce/index.ts'
import { smallOrg } from './stories/fixtures/organisation.ts'

t.setTimeout(90_000)

const OURS = {
  WEBHOOK_SECRET: 'webhook-SECRET-A1b2C3d4E5f6',
  WEBHOOK_SECRET_PREVIOUS: 'previous-SECRET-A1b2C3d4E5f6',
  ADMIN_TOKEN: 'admin-SECRET-A1b2C3d4E5f6',
  METRICS_TOKEN: 'metrics-SECRET-A1b2C3d4E5f6',
}
/** As the simulators make them. */
const ACCESS_TOKENS = [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:int/, /!AQ[\w-]{20}/]
const kind = (await databaseKinds()).at(-1)!

interface Said {
  where: string
  text: string
}

async function start(t: TestContext, wrong: Record<string, string> = {}) {
  const salesforce = await startSalesforce({ longPollMs: 1_000 })
  t.teardown(() => salesforce.close())
  const marketo = await startMarketo({ callsPer20Seconds: 10_000 })
  t.teardown(() => marketo.close())
  const receiver = await startReceiver(t)
  const ids = smallOrg(salesforce.org)
  const said: Said[] = []
  const database = await kind.create(t)
  const environment = environmentOf(salesforce, marketo, { ...OURS, ALERT_URL: receiver.url, ...wrong })
  const service = await serveOn(
    readConfig(environment),
    database,
    createLog('trace', { write: (text) => said.push({ where: 'log', text }) }),
  )
  t.teardown(() => service.close())
  const url = `http://127.0.0.1:${service.port}`
  const ask = async (path: string, secret?: string, body?: object): Promise<string> => {
    const answer = await fetch(url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    said.push({ where: path, text: `${JSON.stringify([...answer.headers])} ${text}` })
    return text
  }
  const status = async (): Promise<Status> => JSON.parse(await ask('/api/status', OURS.ADMIN_TOKEN)) as Status
  const secrets = [
    ...Object.values(OURS),
    environment['SALESFORCE_CLIENT_SECRET']!,
    environment['MARKETO_CLIENT_SECRET']!,
    SECRET_PATH,
  ]
  return { salesforce, marketo, receiver, ids, said, url, ask, status, secrets, database }
}

type Started = Awaited<ReturnType<typeof start>>

/** Everything that an admin, Apex, Prometheus or a stranger can ask for. */
async function askEverything({ ask, url, said, ids }: Started): Promise<void> {
  for (const path of ['/health/live', '/health/ready', '/docs/json', '/nowhere', '/%zz']) await ask(path)
  for (const path of [
    '/api/status',
    '/api/preflight',
    '/api/parked',
    `/api/records/${ids.lena}`,
    '/api/records/x',
  ])
    for (const secret of [OURS.ADMIN_TOKEN, OURS.WEBHOOK_SECRET, undefined]) await ask(path, secret)
  for (const secret of [OURS.METRICS_TOKEN, OURS.ADMIN_TOKEN]) await ask('/metrics', secret)
  for (const secret of [OURS.WEBHOOK_SECRET, OURS.WEBHOOK_SECRET_PREVIOUS, OURS.ADMIN_TOKEN])
    for (const body of [{ cursor: null }, { ids: [ids.lena] }, { cursor: OURS.WEBHOOK_SECRET }])
      if (body.cursor !== OURS.WEBHOOK_SECRET || secret !== undefined)
        await ask('/webhooks/insights', secret, body)
  await ask(`/api/records/${ids.lena}/sync`, OURS.ADMIN_TOKEN, {})

  const visitor = visit(url)
  const pages = [await visitor.signIn('a-wrong-one-but-long-enough'), await visitor.signIn(OURS.ADMIN_TOKEN)]
  for (const path of [
    '/',
    '/changes',
    '/parked',
    '/parked.csv',
    '/settings',
    '/setup',
    `/records/${ids.lena}`,
    '/login',
    '/nothing',
  ])
    pages.push(await visitor.get(path))
  pages.push(await visitor.post('/reconcile'), await visitor.post('/logout'))
  for (const { text, headers } of pages)
    said.push({ where: 'page', text: `${JSON.stringify([...headers])} ${text}` })
}

function leaks({ said, secrets }: Pick<Started, 'said' | 'secrets'>): string[] {
  return said.flatMap(({ where, text }) =>
    secrets.some((secret) => text.includes(secret)) || ACCESS_TOKENS.some((token) => token.test(text))
      ? [`${where}: ${text.slice(0, 2_000)}`]
      : [],
  )
}

t.test('a service at work shows no secret, whoever asks for whatever', async (t) => {
  const started = await start(t)
  const { salesforce, marketo, said, status, receiver, secrets } = started
  await until('the stream', async () => (await status()).stream.state === 'live', 30_000)
  receiver.answer((response) => response.destroy())
  marketo.faults.expireTokens()
  marketo.faults.add({ kind: 'error', code: '607' })
  salesforce.org.insert('Lead', { LastName: 'New', Company: 'X' })
  await until('an alert to fail', () => receiver.requests() > 0, 30_000)
  await askEverything(started)
  t.ok(said.length > 60 && said.some(({ where }) => where === 'log'))
  t.strictSame(leaks(started), [])
  t.equal(
    leaks({ secrets, said: secrets.map((text) => ({ where: 'log', text: `a ${text} b` })) }).length,
    secrets.length,
    'what would leak is found',
  )
})

t.test(
  'with credentials that are refused it starts, says so on the set-up page, and shows none',
  async (t) => {
    const wrong = {
      SALESFORCE_CLIENT_SECRET: 'wrong-SECRET-A1b2C3d4E5f6',
      MARKETO_CLIENT_SECRET: 'other-SECRET-A1b2C3d4E5f6',
    }
    const started = await start(t, wrong)
    const problem = await until('the refusal', async () => (await started.status()).problems[0], 30_000)
    t.match(problem, {
      system: 'salesforce',
      code: 'salesforce_login_refused',
      advice: /SALESFORCE_CLIENT_SECRET/,
    })
    await askEverything(started)
    const visitor = visit(started.url)
    await visitor.signIn(OURS.ADMIN_TOKEN)
    const page = await visitor.get('/setup')
    t.equal(page.status, 200)
    t.match(page.text, /SALESFORCE_CLIENT_SECRET[^]*MARKETO_CLIENT_SECRET/, 'both cures')
    t.strictSame(leaks(started), [])
  },
)

t.test('a database that cannot be reached is told without its password', async (t) => {
  const said: Said[] = []
  const config = readConfig({
    ...OURS,
    PORT: '0',
    DATABASE_URL: 'postgres://bridge:database-SECRET@127.0.0.1:1/x',
  })
  const log = createLog('trace', { write: (text) => said.push({ where: 'log', text }) })
  const error = await startService(config, log).catch((thrown: unknown) => thrown)
  t.match(reasonOf(error), /ECONNREFUSED/)
  said.push({ where: 'error', text: `${reasonOf(error)} ${(error as Error).stack}` })
  t.strictSame(leaks({ said, secrets: ['database-SECRET'] }), [])
})
