import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { readConfig } from '../../../src/config.ts'
import { park } from '../../../src/database/parked.ts'
import { listSamples, takeSample } from '../../../src/database/samples.ts'
import { createLog } from '../../../src/log.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { databaseKinds } from '../../fixtures/databases.ts'
import { personId } from '../../fixtures/persons.ts'
import { ENVIRONMENT, startWeb } from '../../fixtures/web.ts'
import { visit } from '../fixtures/pages.ts'

const kind = (await databaseKinds()).at(-1)!

t.test('samples of five minutes add up, and old ones go', async (t) => {
  const { db } = await kind.create(t)
  await db
    .insertInto('samples')
    .values({
      at: new Date(Date.now() - 49 * 3_600_000),
      sent: 1,
      refused: 0,
      queued: 0,
      waiting: 0,
      parked: 0,
    })
    .execute()
  await takeSample(db, { sent: 3, refused: 1 })
  await takeSample(db, { sent: 4, refused: 0 })
  const samples = await listSamples(db, 100)
  t.equal(
    samples.reduce((sum, { sent }) => sum + sent, 0),
    7,
  )
  t.ok(samples.length <= 2, 'two only where five minutes ended in between')
})

t.test('commands of the home page reach the leader, and a backfill is not started twice', async (t) => {
  const { db } = await kind.create(t)
  const { url } = await startWeb(t, db)
  const visitor = visit(url)
  await visitor.signIn()
  await visitor.get('/')
  t.equal((await visitor.post('/backfill')).headers.get('location'), '/?done=backfill')
  t.match(await visitor.post('/backfill'), { status: 409, text: /running or paused already/ })
  t.equal((await visitor.post('/backfill/pause')).headers.get('location'), '/?done=paused')
  t.equal((await visitor.post('/backfill/resume')).headers.get('location'), '/?done=resumed')
  const commands = await db.selectFrom('commands').select('name').orderBy('id').execute()
  t.same(
    commands.map(({ name }) => name),
    ['backfill', 'backfill-pause', 'backfill-resume'],
  )
})

t.test('changes are told while the page is open, and a closing process does not wait for it', async (t) => {
  const { db } = await kind.create(t)
  let down = false
  const unsteady = new Proxy(db, {
    get(target, key) {
      if (down) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const app = await buildApp({
    config: readConfig(ENVIRONMENT),
    db: unsteady,
    log: createLog('silent'),
    metrics: createMetrics(),
    marketo: undefined,
    isLeader: () => true,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const visitor = visit(url)
  await visitor.signIn()
  const response = await fetch(`${url}/events`, {
    headers: { cookie: `session=${visitor.cookies.get('session')}` },
    signal: AbortSignal.timeout(20_000),
  })
  t.match(response.headers.get('content-type'), /text\/event-stream/)
  const told = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
  let text = ''
  const until = async (words: RegExp): Promise<void> => {
    while (!words.test(text)) {
      const { done, value } = await told.next()
      if (done === true) throw new Error(`the stream ended before ${words}`)
      text += value
    }
  }
  await until(/"sentence":/)
  const refusal = { object: 'Lead', id: personId(1), code: '1', reason: 'r', advice: '', payload: null }
  await park(db, [refusal])
  await until(/parked Lead records/)
  down = true
  await until(/The database cannot be reached at the moment/)
  const page = await visitor.get('/parked')
  t.equal(page.status, 503)
  t.match(page.text, /role="alert".*database/s)
  t.notMatch(page.text, /ECONNREFUSED|\.ts:\d+/)
  down = false
  text = ''
  await until(/1 record is refused/)
  const startedAt = performance.now()
  await app.close()
  t.ok(performance.now() - startedAt < 5_000)
})
