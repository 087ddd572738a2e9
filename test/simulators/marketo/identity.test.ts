import t from 'tap'
import { codeOf, startTester } from './tester.ts'

const ask = (url: string, params: Record<string, string>, method = 'GET') =>
  fetch(`${url}/identity/oauth/token?${new URLSearchParams(params).toString()}`, { method })

t.test('identity gives a token by GET and by POST, with all parameters in the query', async (t) => {
  const { marketo } = await startTester(t)
  const params = {
    grant_type: 'client_credentials',
    client_id: marketo.clientId,
    client_secret: marketo.clientSecret,
  }
  for (const method of ['GET', 'POST']) {
    const body = (await (await ask(marketo.url, params, method)).json()) as Record<string, unknown>
    t.match(body, { access_token: /:int$/, token_type: 'bearer', scope: 'bridge@apis.example' })
  }
  t.equal(marketo.tokensAsked(), 2)
  t.equal(marketo.calls.count(), 0, 'and it is not counted as a call')
})

t.test('bad credentials are HTTP 401, another grant is refused', async (t) => {
  const { marketo } = await startTester(t)
  const good = {
    grant_type: 'client_credentials',
    client_id: marketo.clientId,
    client_secret: marketo.clientSecret,
  }
  t.equal((await ask(marketo.url, { ...good, client_secret: 'wrong' })).status, 401)
  t.equal((await ask(marketo.url, { ...good, client_id: 'wrong' })).status, 401)
  t.equal((await ask(marketo.url, { ...good, grant_type: 'password' })).status, 400)
})

t.test('until it expires the same token comes back with the time that is left', async (t) => {
  let now = Date.parse('2026-11-23T10:00:00Z')
  const { marketo, token } = await startTester(t, { now: () => now })
  const first = await token()
  now += 3_000_000
  t.equal(await token(), first)
  const response = await ask(marketo.url, {
    grant_type: 'client_credentials',
    client_id: marketo.clientId,
    client_secret: marketo.clientSecret,
  })
  t.equal(((await response.json()) as { expires_in: number }).expires_in, 600)
  now += 600_000
  t.not(await token(), first)
})

t.test('an expired token answers 602 once and 601 after that, and neither counts', async (t) => {
  const { marketo, get } = await startTester(t)
  t.equal((await get('leads/partitions.json')).success, true)
  marketo.faults.expireTokens()
  t.equal(codeOf(await get('leads/partitions.json')), '602')
  t.equal(codeOf(await get('leads/partitions.json')), '601')
  const fresh = await startTester(t)
  t.equal((await fresh.get('leads/partitions.json')).success, true)
  t.equal(marketo.calls.count(), 3)
  t.strictSame(marketo.calls.codes(), { '601': 1, '602': 1 })
})

t.test('only the Authorization header authenticates', async (t) => {
  const { marketo, token } = await startTester(t)
  const query = await fetch(`${marketo.url}/rest/v1/leads/partitions.json?access_token=${await token()}`)
  t.match(await query.json(), { success: false, errors: [{ code: '601' }] })
  const wrong = await fetch(`${marketo.url}/rest/v1/leads/partitions.json`, {
    headers: { authorization: 'Bearer wrong' },
  })
  t.match(await wrong.json(), { success: false, errors: [{ code: '601' }] })
})
