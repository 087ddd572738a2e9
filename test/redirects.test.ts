// Whoever answers for Salesforce or Marketo can't send us, with our tokens, to another host.
import t from 'tap'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { createBayeuxTransport } from '../src/salesforce/bayeux-transport.ts'
import { serveOn } from '../src/service.ts'
import { databaseKinds } from './fixtures/databases.ts'
import { until } from './fixtures/until.ts'
import { ENVIRONMENT, ADMIN_TOKEN } from './fixtures/web.ts'
import {
  startScriptedServer,
  type Reply,
  type ScriptedServer,
} from './salesforce/fixtures/scripted-server.ts'

const kind = (await databaseKinds()).at(-1)!

async function strangerAnd(
  t: { teardown: (fn: () => unknown) => void },
  play: (path: string, away: Reply, own: () => string) => Reply,
): Promise<{ stranger: ScriptedServer; vendor: ScriptedServer }> {
  const stranger = await startScriptedServer(() => ({ json: { access_token: 'x' } }))
  t.teardown(() => stranger.close())
  const vendor: ScriptedServer = await startScriptedServer(({ path }) =>
    play(path, { status: 307, headers: { location: `${stranger.url}${path}` }, text: '' }, () => vendor.url),
  )
  t.teardown(() => vendor.close())
  return { stranger, vendor }
}

for (const [title, tokens] of [
  ['logins', false],
  ['calls', true],
] as const)
  t.test(`${title} that are redirected to another host do not go there`, async (t) => {
    const { stranger, vendor } = await strangerAnd(t, (path, away, own) => {
      if (!tokens || !path.includes('token')) return away
      if (path.startsWith('/identity')) return { json: { access_token: 'marketo-token', expires_in: 3_600 } }
      const id = `${own()}/id/00D5g0000000001EAA/0055g0000000001AAA`
      return { json: { access_token: 'salesforce-token', instance_url: own(), id } }
    })
    const environment = { ...ENVIRONMENT, SALESFORCE_LOGIN_URL: vendor.url, MARKETO_BASE_URL: vendor.url }
    const database = await kind.create(t)
    const service = await serveOn(
      readConfig({ ...environment, PORT: '0', HOST: '127.0.0.1' }),
      database,
      createLog('silent'),
    )
    t.teardown(() => service.close())
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const url = `http://127.0.0.1:${service.port}`
    await until(
      'both to be asked',
      async () => {
        await (await fetch(`${url}/api/preflight`, { headers })).text()
        const asked = vendor.asked.filter(({ path }) => !tokens || !path.includes('token'))
        return (
          asked.some(({ path }) => /^\/(identity|rest)/.test(path)) &&
          asked.some(({ path }) => path.startsWith('/services'))
        )
      },
      30_000,
    )
    t.strictSame(stranger.asked, [])
  })

t.test('nor does the stream', async (t) => {
  const { stranger, vendor } = await strangerAnd(t, (_path, away) => away)
  const transport = createBayeuxTransport(`${vendor.url}/cometd/67.0`, 'salesforce-token')
  t.teardown(() => transport.close())
  await t.rejects(transport.post({ channel: '/meta/handshake' }, async () => undefined))
  t.equal(vendor.asked.length, 1)
  t.strictSame(stranger.asked, [])
})
