import t from 'tap'
import { createLog, withoutSecrets } from '../src/log.ts'

const SECRET = 'hunter2-00D!AQ0.abc_DEF/ghi+jkl='

function logged(level: string, write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = []
  write(createLog(level, { write: (line) => lines.push(line) }))
  return lines
}

t.test('one line of JSON, its level as a word, no process id', async (t) => {
  const [line] = logged('info', (log) => log.info({ object: 'Lead', records: 3 }, 'pushed 3 Lead records'))
  const entry = JSON.parse(line!) as Record<string, unknown>
  t.match(entry, { level: 'info', object: 'Lead', records: 3, msg: 'pushed 3 Lead records' })
  t.match(entry.time, /^\d{4}-\d\d-\d\dT.*Z$/)
  t.notOk('pid' in entry || 'hostname' in entry)
})

t.test('what is below the level is not written', async (t) => {
  t.equal(logged('warn', (log) => log.info('x')).length, 0)
  t.equal(logged('silent', (log) => log.fatal('x')).length, 0)
})

t.test('secrets are in no line, at no level, however deep and in whatever text', async (t) => {
  const error = Object.assign(new Error(`GET https://x.y/token?client_secret=${SECRET}&grant=1 failed`), {
    config: { request: { headers: { Authorization: `Bearer ${SECRET}`, 'Set-Cookie': [`sid=${SECRET}`] } } },
  })
  const given: [Record<string, unknown>, string][] = [
    [{ token: SECRET }, ''],
    [{ a: { b: { c: { d: { access_token: SECRET, keep: 'this' } } } } }, ''],
    [{ headers: { authorization: `Bearer ${SECRET}`, cookie: `sid=${SECRET}` } }, ''],
    [
      { clientSecret: SECRET, private_key: SECRET, privateKey: SECRET, password: SECRET, assertion: SECRET },
      '',
    ],
    [{ env: { WEBHOOK_SECRET: SECRET, WEBHOOK_SECRET_PREVIOUS: SECRET, ADMIN_TOKEN: SECRET } }, ''],
    [{ body: JSON.stringify({ access_token: SECRET, expires_in: 7 }) }, ''],
    [{ body: JSON.stringify({ inner: JSON.stringify({ access_token: SECRET }) }) }, ''],
    [{ url: `https://x.y/z?access_token=${SECRET}` }, ''],
    [{ raw: ['authorization', `Bearer ${SECRET}`] }, ''],
    [{ reason: `Bearer ${SECRET} was refused` }, ''],
    [{}, `posted grant_type=x&client_secret=${SECRET}&y=z`],
    [{ err: error }, 'failed'],
  ]
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)
    for (const [fields, message] of given) {
      const [line] = logged('trace', (log) => log[level](fields, message))
      t.notOk(line!.includes(SECRET), `${level}: ${Object.keys(fields).join()} ${message}`)
      t.ok(line!.includes('[secret]'))
      t.doesNotThrow(() => JSON.parse(line!) as unknown, line!)
    }
  const [child] = logged('info', (log) => log.child({ token: SECRET }).info('x'))
  t.notOk(child!.includes(SECRET))
})

t.test('a value with quotes in it is taken out whole', async (t) => {
  const [line] = logged('info', (log) => log.info({ token: 'a"b\\"c', next: 1 }))
  t.match(JSON.parse(line!), { token: '[secret]', next: 1 })
})

t.test('what is no secret stays', async (t) => {
  for (const text of [
    '{"object":"Lead","id":"00Q5e000001AbCdEAV","reason":"the token was refused"}',
    '{"nextPageToken":"ABC","roleKey":"006|7|User"}',
    '{"msg":"bearers of news"}',
  ])
    t.equal(withoutSecrets(text), text)
})
