import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import t from 'tap'
import type { Preflight } from '../../../src/console/preflight/run.ts'
import {
  ADMIN_TOKEN,
  environmentOf,
  startBridge,
  WEBHOOK_SECRET,
  type Bridge,
} from '../../fixtures/bridge.ts'
import { databaseKinds } from '../../fixtures/databases.ts'
import { until } from '../../fixtures/until.ts'
import { visit } from '../fixtures/pages.ts'

const kind = (await databaseKinds()).at(-1)!

async function start(t: Parameters<typeof startBridge>[0], options = {}): Promise<Bridge> {
  return startBridge(t, { kind: kind, org: (org) => org.insert('Account', { Name: 'Acme' }), ...options })
}

const preflightOf = async (bridge: Bridge): Promise<Preflight> =>
  (await bridge.api('/api/preflight')).body as unknown as Preflight
const states = ({ rows }: Preflight): Record<string, string> =>
  Object.fromEntries(rows.map(({ name, state }) => [name, state]))

async function doctor(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../src/doctor.ts'), ...args], {
    env: { PATH: process.env.PATH, ...env },
  })
  const [out, err, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ])
  return { out, err, code }
}

t.test('the checklist finds a complete set-up complete, and the doctor tells the same', async (t) => {
  const bridge = await start(t)
  await until('the stream to be live', async () => (await bridge.status()).stream.state === 'live')
  const called = await fetch(`${bridge.url}/webhooks/insights`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WEBHOOK_SECRET}`, 'content-type': 'application/json' },
    body: '{"cursor":null}',
  })
  t.equal(called.status, 200)

  const visitor = visit(bridge.url)
  await visitor.signIn(ADMIN_TOKEN)
  const { text: page } = await visitor.get('/setup')
  t.match(page, /Nothing stands in the way/)
  t.match(page, new RegExp(`<code id="address">${bridge.url}</code>`))
  for (const secret of [
    WEBHOOK_SECRET,
    ADMIN_TOKEN,
    bridge.marketo.clientSecret,
    bridge.salesforce.clientSecret,
  ])
    t.notOk(page.includes(secret))

  const env = environmentOf(bridge.salesforce, bridge.marketo, { PORT: String(bridge.service.port) })
  const told = await doctor(env)
  t.match(told, { code: 0, err: '' })
  t.match(told.out, /Salesforce\n {2}ok {6}Reachable, login/)
  const asJson = await doctor(env, '--json')
  t.match(JSON.parse(asJson.out), { ok: true, rows: [{ group: 'Salesforce', state: 'ok' }] })
})

t.test('what is wrong is told with its cure, and nothing is changed by looking', async (t) => {
  const bridge = await start(t, { marketo: { nativeSync: true } })
  const leads = bridge.marketo.calls.violations()
  const preflight = await preflightOf(bridge)
  t.equal(preflight.ok, false)
  t.match(states(preflight), {
    'Native sync off': 'failed',
    'Reachable, token': 'ok',
    'Webhook called by Apex': 'failed',
  })
  t.same(bridge.marketo.calls.violations(), leads)
  for (const row of preflight.rows) if (row.state === 'failed') t.ok(row.cure, `${row.name} has a cure`)
})

t.test('a mapping of a field that nobody may read, and a filter that is none, are failed rows', async (t) => {
  const bridge = await start(t)
  await until('the stream to be live', async () => (await bridge.status()).stream.state === 'live')
  const row = {
    Object__c: 'Lead',
    Salesforce_Field__c: 'Hidden__c',
    Marketo_Field__c: 'title',
    Active__c: true,
  }
  bridge.salesforce.org.setCustomMetadata('Marketo_Field_Mapping__mdt', [row])
  bridge.salesforce.org.setCustomMetadata('Marketo_Object_Setting__mdt', [
    { Object__c: 'Contact', Active__c: true, Filter__c: 'Nonsense !' },
  ])
  await bridge.api('/api/mapping/reload', { method: 'POST' })
  const { rows } = await preflightOf(bridge)
  const rowOf = (name: string) => rows.find((one) => one.name === name)
  t.match(rowOf('Lead readable'), { state: 'failed', result: /Hidden__c/, cure: /Read Access/ })
  t.match(rowOf('Contact readable'), { state: 'ok' })
  t.match(rowOf('Permission to read activities'), { state: 'ok' })
  t.match(rowOf('Mapping and filters'), {
    state: 'failed',
    result: /Lead: Hidden__c → title: .*setting of Contact: /,
    cure: /Custom Metadata Types/,
  })
  const visitor = visit(bridge.url)
  await visitor.signIn(ADMIN_TOKEN)
  const { text } = await visitor.get('/settings')
  t.match(text, /<tr class="bad"><th scope="row">Lead<\/th><td[^>]*>Hidden__c<\/td>/)
  t.match(text, /<tr class="bad"><th scope="row">Contact<\/th><td[^>]*>Nonsense !<\/td>/)
})

t.test('the doctor looks itself where no service runs, and fails with the reason', async (t) => {
  const folder = t.testdir({})
  const env = {
    PORT: '1',
    ADMIN_TOKEN,
    WEBHOOK_SECRET,
    DATA_DIR: folder,
    SALESFORCE_LOGIN_URL: 'http://127.0.0.1:1',
    SALESFORCE_CLIENT_ID: 'x',
    SALESFORCE_CLIENT_SECRET: 'a-salesforce-secret-1',
    MARKETO_CLIENT_SECRET: 'a-marketo-secret-1',
  }
  const { out, code } = await doctor(env)
  t.equal(code, 1)
  t.match(out, /FAILED {2}Reachable, login/)
  t.match(
    out,
    /FAILED {2}Reachable, token +Marketo could not be asked: MARKETO_BASE_URL, MARKETO_CLIENT_ID are missing\./,
  )
  t.notMatch(out, /a-salesforce-secret-1/)
  const broken = await doctor({ PORT: '1' })
  t.match(broken, { code: 1, err: /ADMIN_TOKEN is missing/ })
})
