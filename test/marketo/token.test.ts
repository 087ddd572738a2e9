import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { createLog } from '../../src/log.ts'
import { createToken, type Token } from '../../src/marketo/token.ts'
import {
  drop,
  json,
  startScriptedMarketo,
  text,
  token,
  type ScriptedMarketo,
} from './fixtures/scripted-marketo.ts'

async function connect(
  t: Test,
): Promise<{ marketo: ScriptedMarketo; tokens: Token; clock: { now: number }; lines: string[] }> {
  const marketo = await startScriptedMarketo(t)
  const dispatcher = new Agent()
  t.teardown(() => dispatcher.destroy())
  const clock = { now: 0 }
  const lines: string[] = []
  const tokens = createToken({
    config: { baseUrl: marketo.url, clientId: 'an-id', clientSecret: 'a-secret&more' },
    dispatcher,
    log: createLog('trace', { write: (line) => void lines.push(line) }),
    signal: new AbortController().signal,
    now: () => clock.now,
  })
  return { marketo, tokens, clock, lines }
}

t.test('many callers share one request, and its token until shortly before it expires', async (t) => {
  const { marketo, tokens, clock } = await connect(t)
  marketo.tokens(token('one', 3600), token('two', 3600))
  const all = await Promise.all(Array.from({ length: 20 }, () => tokens.get()))
  t.ok(all.every((one) => one.ok && one.token === 'one'))
  clock.now = 3_594_000
  t.match(await tokens.get(), { token: 'one' })
  t.equal(marketo.tokensAsked, 1)
  clock.now = 3_596_000
  t.match(await tokens.get(), { token: 'two' })
  t.equal(marketo.tokensAsked, 2)
})

t.test('the credentials go in the query, the only documented way', async (t) => {
  const { marketo, tokens } = await connect(t)
  let path = ''
  marketo.tokens((response, seen) => {
    path = seen.path
    token('one')(response, seen)
  })
  await tokens.get()
  const url = new URL(path, marketo.url)
  t.equal(url.pathname, '/identity/oauth/token')
  t.same(Object.fromEntries(url.searchParams), {
    grant_type: 'client_credentials',
    client_id: 'an-id',
    client_secret: 'a-secret&more',
  })
})

t.test('a refused token is asked for anew, once for all who held it', async (t) => {
  const { marketo, tokens } = await connect(t)
  marketo.tokens(token('one'), token('two'))
  await tokens.get()
  tokens.refuse('one')
  t.match(await tokens.get(), { token: 'two' })
  tokens.refuse('one')
  t.match(await tokens.get(), { token: 'two' }, 'a late refusal of the old one changes nothing')
  t.equal(marketo.tokensAsked, 2)
})

t.test('a token without time left is asked for again', async (t) => {
  const { marketo, tokens } = await connect(t)
  marketo.tokens(token('one', 0), token('two', '3599'))
  t.match(await tokens.get(), { ok: true, token: 'two' })
})

t.test('refused credentials are told apart, and not tried again at once', async (t) => {
  const { marketo, tokens, clock, lines } = await connect(t)
  marketo.tokens(
    json({ error: 'unauthorized', error_description: 'No client with requested id' }, 401),
    token('one'),
  )
  t.match(await tokens.get(), { ok: false, code: 'credentials', sent: false })
  t.match(await tokens.get(), { ok: false, code: 'credentials' })
  t.equal(marketo.tokensAsked, 1)
  clock.now += 10_000
  t.match(await tokens.get(), { ok: true }, 'an admin may have corrected them in Marketo')
  t.notMatch(lines.join(''), /a-secret/)
})

t.test('any other answer is a failure that was not sent, and the next call asks again', async (t) => {
  const { marketo, tokens } = await connect(t)
  marketo.tokens(
    text('<html>maintenance</html>'),
    text('', 503),
    drop,
    json({ access_token: 'line\nbreak', expires_in: 3600 }),
    json({ access_token: 'x' }),
    json(null),
    token('one'),
  )
  for (const code of ['no-token', 'HTTP 503', 'connection-lost', 'no-token', 'no-token', 'no-token'])
    t.match(await tokens.get(), { ok: false, code, sent: false }, code)
  t.match(await tokens.get(), { ok: true })
})
