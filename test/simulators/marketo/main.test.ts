import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

function run(args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, exit: once(child, 'exit'), output: () => output }
}

t.test(
  'it runs alone, is steered through /_control/, and stops on SIGTERM',
  { timeout: 20_000 },
  async (t) => {
    const { child, exit, output } = run(['--port', '0', '--latency', '1', '--rate', '50'])
    t.teardown(() => child.kill('SIGKILL'))
    while (!output().includes('\n')) await once(child.stdout, 'data')
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output())?.[0]
    const get = async (path: string) => (await fetch(`${url}/_control/${path}`)).json()
    const post = async (path: string, body: unknown = {}) =>
      (await fetch(`${url}/_control/${path}`, { method: 'POST', body: JSON.stringify(body) })).json()

    t.match(await post('leads', { list: [{ externalPersonId: '00QA' }, { externalPersonId: '00QB' }] }), {
      result: { done: 2 },
    })
    t.match(await post('moments', { externalPersonId: '00QA', type: 'Web' }), { result: { done: 1 } })
    t.match(await post('scores', { externalPersonId: '00QA', relativeScore: 3 }), { result: { done: 1 } })
    await post('opt-out', { externalPersonId: '00QB' })
    await post('rank')
    t.match(await get('leads?value=00QA'), { result: [{ fields: { msiLastInterestingMomentType: 'Web' } }] })
    t.match(await get('state'), {
      result: { counts: { leads: 2 }, options: { latencyMs: 1, callsPer20Seconds: 50 } },
    })
    t.match(await post('options', { latencyMs: 0 }), { result: { latencyMs: 0 } })
    t.match(await post('options', { port: 1 }), { error: /not changeable: port/ })
    t.match(await post('faults', { kind: 'error', code: '608', times: 1 }), { result: { fault: 0 } })
    t.match(await post('faults', { kind: 'nonsense' }), { error: /kind is one of/ })
    t.match(await post('moments', { externalPersonId: 'nobody', type: 'Web' }), { error: /no lead/ })
    t.match(await post('lose', { object: 'companies', externalId: 'X' }), { error: /there is no Company X/ })
    await post('other-calls', { calls: 3 })
    await post('expire-tokens')

    const query =
      'grant_type=client_credentials&client_id=marketo-client&client_secret=marketo-secret-0123456789'
    const token = (await (await fetch(`${url}/identity/oauth/token?${query}`)).json()) as {
      access_token: string
    }
    const rest = async (path: string) =>
      (
        await fetch(`${url}/rest/v1/${path}`, { headers: { authorization: `Bearer ${token.access_token}` } })
      ).json()
    t.match(await rest('leads/partitions.json'), { errors: [{ code: '608' }] })
    t.match(await rest('stats/usage.json'), { result: [{ total: 4 }] })
    t.match(await get('calls?since=1'), {
      result: { total: 2, tokensAsked: 1, codes: { '608': 1 }, violations: [], calls: [{ n: 2 }] },
    })
    t.match(await get('faults'), { result: [{ fault: 0, hits: 1 }] })
    await post('faults/clear')
    await post('clear')
    t.match(await get('calls'), { result: { total: 0 } })
    t.equal((await fetch(`${url}/_control/nonsense`)).status, 404)

    child.kill('SIGTERM')
    t.strictSame(await exit, [0, null])
  },
)

t.test('wrong arguments are named', { timeout: 20_000 }, async (t) => {
  const { exit, output } = run(['--latency', 'often'])
  t.strictSame(await exit, [1, null])
  t.match(output(), /often is not a number/)
})

t.test('help', { timeout: 20_000 }, async (t) => {
  const { exit, output } = run(['--help'])
  t.strictSame(await exit, [0, null])
  t.match(output(), /--latency MS/)
})
