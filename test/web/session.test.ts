import t from 'tap'
import { createSessions, SESSION_COOKIE } from '../../src/web/session.ts'

const TOKEN = 'admin-token-0123456789'
const header = (value: string): string => `other=1; ${SESSION_COOKIE}=${value}`

t.test('a session is known until it ends, also to another process with the same token', (t) => {
  let now = 1_000_000
  const { value, expiresAt } = createSessions(TOKEN, () => now).open()
  const other = createSessions(TOKEN, () => now)
  t.match(other.of(header(value)), { nonce: /^[\w-]{22}$/, expiresAt })
  now = expiresAt
  t.equal(other.of(header(value)), 'expired')
  t.end()
})

t.test('a new admin token ends all sessions', (t) => {
  const { value } = createSessions(TOKEN, Date.now).open()
  t.equal(createSessions(`${TOKEN}!`, Date.now).of(header(value)), 'expired')
  t.end()
})

t.test('what was not signed here is no session', (t) => {
  const sessions = createSessions(TOKEN, Date.now)
  const { value } = sessions.open()
  t.equal(sessions.of(undefined), 'missing')
  t.equal(sessions.of(header('')), 'missing')
  const [expires, nonce, signature] = value.split('.')
  for (const forged of [
    `${Number(expires) + 1}.${nonce}.${signature}`,
    `${expires}.${nonce}.${'A'.repeat(43)}`,
    `${expires}.${nonce}`,
    `${value}x`,
    '%00',
    'é'.repeat(200),
  ])
    t.equal(sessions.of(header(forged)), 'expired', forged)
  t.end()
})
