import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { databaseKinds } from '../../fixtures/databases.ts'
import { ADMIN_TOKEN, startWeb } from '../../fixtures/web.ts'
import { visit } from '../fixtures/pages.ts'

const kind = (await databaseKinds()).at(-1)!
const PAGES = [
  '/',
  '/events',
  '/changes',
  '/parked',
  '/parked.csv',
  '/records',
  '/records/00Q5e000001AbCdEAV',
  '/settings',
  '/setup',
]

t.test('without a session no page shows data', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  for (const page of PAGES) {
    const answer = await visit(url).get(page)
    t.equal(answer.status, 303, page)
    t.match(answer.headers.get('location'), /^\/login/)
    t.equal((await visit(url).get(page, { accept: 'application/json' })).status, 401, page)
  }
  for (const change of [
    '/backfill',
    '/backfill/pause',
    '/reconcile',
    '/parked/retry',
    '/removals/confirm',
    '/settings/reload',
    '/logout',
  ])
    t.equal((await visit(url).post(change)).status, 303, change)
})

t.test('the admin token signs in, with a cookie that scripts and other sites never get', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  const visitor = visit(url)
  const answer = await visitor.post('/login', { token: ADMIN_TOKEN, next: '/parked?object=Lead' })
  t.equal(answer.status, 303)
  t.equal(answer.headers.get('location'), '/parked?object=Lead')
  const [cookie] = answer.headers.getSetCookie()
  t.match(cookie, /^session=.+HttpOnly.*SameSite=Strict/)
  t.notMatch(cookie, /Secure/, 'this machine has no TLS')
  t.equal((await visitor.get('/')).status, 200)

  const away = await visit(url).post(
    '/login',
    { token: ADMIN_TOKEN },
    { 'x-forwarded-host': 'bridge.example.com' },
  )
  t.match(away.headers.getSetCookie()[0], /Secure/)

  for (const next of [
    'https://evil.example.com',
    '//evil.example.com',
    '/\\evil.example.com',
    'javascript:alert(1)',
  ])
    t.equal(
      (await visit(url).post('/login', { token: ADMIN_TOKEN, next })).headers.get('location'),
      '/',
      next,
    )
})

t.test('a wrong token is told so, and repeated ones slow down that address alone', async (t) => {
  const { db } = await kind.create(t)
  const { url, logged } = await startWeb(t, db)
  const from = (address: string, token: string) =>
    visit(url).post('/login', { token }, { 'x-forwarded-for': address })
  const wrong = await from('192.0.2.1', 'not-the-admin-token')
  t.equal(wrong.status, 401)
  t.match(wrong.text, /This is not the admin token/)
  t.same(wrong.headers.getSetCookie(), [])
  for (let i = 0; i < 4; i++) await from('192.0.2.1', 'not-the-admin-token')
  const slowed = await from('192.0.2.1', ADMIN_TOKEN)
  t.equal(slowed.status, 429)
  t.match(slowed.headers.get('retry-after'), /^\d+$/)
  t.equal((await from('192.0.2.2', ADMIN_TOKEN)).status, 303)
  t.notMatch(logged.join(''), /not-the-admin-token/)
})

t.test('signing out ends the session, and an ended one leads to the sign-in with a sentence', async (t) => {
  const { db } = await kind.create(t)
  let now = Date.now()
  const { url } = await startWeb(t, db, { now: () => now })
  const visitor = visit(url)
  await visitor.signIn()
  await visitor.get('/')
  t.equal((await visitor.post('/logout')).headers.get('location'), '/login')
  t.notOk(visitor.cookies.has('session'))

  await visitor.signIn()
  await visitor.get('/')
  now += 13 * 3_600_000
  const ended = await visitor.get('/')
  t.equal(ended.headers.get('location'), '/login?ended=1')
  t.match((await visitor.get('/login?ended=1')).text, /Your session has ended\. Sign in again\./)
})

t.test('an address too long to come back to leads to the sign-in all the same', async (t) => {
  const { db } = await kind.create(t)
  const visitor = visit((await startWeb(t, db)).url)
  const { headers } = await visitor.get(`/parked?text=${encodeURIComponent('あ'.repeat(150))}`)
  t.equal((await visitor.get(headers.get('location') ?? '')).status, 200)
})

t.test('a change that another site asks for is refused', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  const visitor = visit(url)
  await visitor.signIn()
  await visitor.get('/')
  const forged = await visitor.post('/reconcile', { _csrf: 'forged' })
  t.equal(forged.status, 403)
  t.match(forged.text, /was not ours/)
  t.equal((await visitor.post('/reconcile', { _csrf: '' })).status, 403)

  const other = visit(url)
  await other.signIn()
  await other.get('/')
  const [, word = ''] = /name="_csrf" value="([^"]+)"/.exec((await other.get('/')).text) ?? []
  t.equal((await visitor.post('/reconcile', { _csrf: word })).status, 403, 'the word of another session')
  await visitor.get('/')
  t.equal((await visitor.post('/reconcile')).status, 303)
  t.match(await db.selectFrom('commands').select('name').execute(), [{ name: 'reconcile' }])
})

t.test('no change at all is made without the word of our own pages', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  const visitor = visit(url)
  await visitor.signIn()
  const folder = join(import.meta.dirname, '../../../src/console/pages')
  const changes = globSync('*.ts', { cwd: folder }).flatMap((file) =>
    [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/app\.(?:post|put|patch|delete)\(\s*'([^']+)'/g),
    ].map(([, path]) => path!.replace(':id', '00Q5e000001AbCdEAV')),
  )
  t.ok(changes.length >= 8, changes.join(' '))
  for (const change of changes.filter((path) => path !== '/login'))
    t.equal((await visitor.post(change, { _csrf: '' })).status, 403, change)
  t.strictSame(await db.selectFrom('commands').selectAll().execute(), [])
})

t.test('pages allow nothing inline and nothing of other hosts', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  const { headers, text } = await visit(url).get('/login')
  const policy = headers.get('content-security-policy') ?? ''
  t.match(policy, /default-src 'none'/)
  t.notMatch(policy, /unsafe|https:|\*/)
  t.notMatch(text, /<style|style="|<script>|\son\w+="/)
})

t.test('what is not there is told in a sentence', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  const page = await visit(url).get('/nothing-here')
  t.equal(page.status, 404)
  t.match(page.text, /There is no such page/)
  const json = await visit(url).get('/nothing-here', { accept: 'application/json' })
  t.match(JSON.parse(json.text), { statusCode: 404, error: 'Not Found', message: /docs\/json/ })
  const visitor = visit(url)
  t.notMatch((await visitor.get('/nope')).text, /Sign out/)
  await visitor.signIn()
  t.match(await visitor.get('/nope'), { status: 404, text: /Sign out/ })
})
