// Alerts through a real receiver, on a clock that the test moves.
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createAlerts } from '../../../src/console/alerts/alerts.ts'
import { readConfig } from '../../../src/config.ts'
import { acquireLease, leaderTransactions, type Term } from '../../../src/database/lease.ts'
import { park } from '../../../src/database/parked.ts'
import { takeSample } from '../../../src/database/samples.ts'
import { clearProblem, listProblems, raiseProblem, writeState } from '../../../src/database/state.ts'
import type { Db } from '../../../src/database/tables.ts'
import { createLog } from '../../../src/log.ts'
import { databaseKinds } from '../../fixtures/databases.ts'
import { ENVIRONMENT } from '../../fixtures/web.ts'
import { SECRET_PATH, startReceiver, type Receiver } from '../fixtures/receiver.ts'

t.setTimeout(90_000)

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.parse('2026-11-23T12:00:00.000Z')
const BAD_ROWS = { system: 'mapping', code: 'bad-rows', reason: 'Bad rows.', advice: 'Cure them.' } as const
const REMOVAL = {
  system: 'removals',
  code: 'mass-removal:Lead',
  reason: '130 Leads <!channel> & more.',
  advice: 'Confirm.',
} as const

interface Watch {
  db: Db
  receiver: Receiver
  log: string[]
  /** Rounds, a minute apart unless said otherwise, until so much time has gone by. */
  pass: (ms: number, apartMs?: number) => Promise<void>
  /** Time in which nobody watches. */
  away: (ms: number) => void
  now: () => number
  /** Its lease is somebody else's. */
  kill: () => Promise<void>
  /** Another process leads from here on. */
  restart: () => Promise<void>
}

const kinds = await databaseKinds()
const fastest = kinds.at(-1)!

async function watch(t: Test, kind = fastest, url?: string): Promise<Watch> {
  const { db } = await kind.create(t)
  const receiver = await startReceiver(t)
  const log: string[] = []
  const config = readConfig({ ...ENVIRONMENT, APP_URL: 'https://bridge.example' })
  let now = START
  const begin = async (): Promise<() => Promise<void>> => {
    const term = await acquireLease(db, `process ${log.length}`)
    const round = createAlerts({
      db,
      leader: leaderTransactions(db, term!),
      config,
      url: url ?? receiver.url,
      log: createLog('trace', { write: (line) => log.push(line) }),
      now: () => now,
      signal: new AbortController().signal,
    })
    await live(db, term!)
    return round
  }
  let round = await begin()
  return {
    db,
    receiver,
    log,
    now: () => now,
    async pass(ms, apartMs = MINUTE) {
      for (const end = now + ms; now < end;) {
        now += Math.min(apartMs, end - now)
        await round()
      }
    },
    away: (ms) => void (now += ms),
    kill: () => endTerm(db),
    async restart() {
      await endTerm(db)
      round = await begin()
    },
  }
}

async function endTerm(db: Db): Promise<void> {
  await db
    .updateTable('lease')
    .set({ epoch: sql`epoch + 1`, expires_at: new Date(0) })
    .execute()
}

/** The stream of this term is live, and the lease is one that nobody needs to renew. */
async function live(db: Db, { epoch }: Term): Promise<void> {
  await db
    .updateTable('lease')
    .set({ expires_at: new Date(Date.now() + HOUR) })
    .execute()
  const stream = { state: 'live', cursor: null, lastEventAt: null, since: null, reason: null }
  await writeState(db, 'report', { epoch, stream, marketo: { instanceCallsToday: null, pauses: [] } })
}

for (const kind of kinds)
  t.test(
    `a problem is told once it has lasted, daily while it lasts, and when it is over (${kind.name})`,
    async (t) => {
      const { db, receiver, pass } = await watch(t, kind)
      await pass(MINUTE)
      await raiseProblem(db, BAD_ROWS)
      await pass(10 * MINUTE)
      t.strictSame(receiver.told, [])
      await pass(MINUTE)
      t.strictSame(receiver.told, [
        {
          text: 'Sales Insight Bridge: Bad rows. What to do: Cure them. https://bridge.example/settings',
          id: `mapping:bad-rows/${START + 2 * MINUTE}/begun`,
          event: 'begun',
          system: 'mapping',
          code: 'bad-rows',
          reason: 'Bad rows.',
          advice: 'Cure them.',
          since: '2026-11-23T12:02:00.000Z',
          link: 'https://bridge.example/settings',
        },
      ])
      await pass(23 * HOUR, HOUR)
      t.equal(receiver.told.length, 1)
      await pass(2 * HOUR, HOUR)
      t.match(receiver.told[1], { event: 'lasts', text: /Still, for 24 hours: Bad rows\./ })
      await pass(MINUTE)
      t.equal(receiver.told.length, 2)
      await clearProblem(db, 'mapping')
      await pass(9 * MINUTE)
      t.equal(receiver.told.length, 2)
      await pass(2 * MINUTE)
      t.match(receiver.told[2], { event: 'over', text: /Over after 25 hours: Bad rows\./ })
      await pass(HOUR)
      t.equal(receiver.told.length, 3)
      t.equal(new Set(receiver.told.map(({ id }) => id)).size, 3)
    },
  )

t.test('what comes and goes is one incident, and what is short is none', async (t) => {
  const { db, receiver, pass } = await watch(t)
  const flicker = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n++) {
      await raiseProblem(db, BAD_ROWS)
      await pass(MINUTE / 2)
      await clearProblem(db, 'mapping')
      await pass(MINUTE / 2)
    }
  }
  await flicker(9)
  await pass(11 * MINUTE)
  t.strictSame(receiver.told, [])
  await flicker(12)
  t.strictSame(
    receiver.told.map(({ event }) => event),
    ['begun'],
  )
})

t.test('neither a restart nor a change of the leader tells anything twice, or ends it', async (t) => {
  const { db, receiver, pass, away, restart } = await watch(t)
  await raiseProblem(db, REMOVAL)
  await pass(MINUTE)
  t.match(receiver.told, [{ event: 'begun', text: /&lt;!channel&gt; &amp; more/, reason: REMOVAL.reason }])
  for (let times = 0; times < 3; times++) {
    // A new leader finds out anew what is wrong.
    await clearProblem(db, 'removals')
    away(3 * HOUR)
    await restart()
    await pass(2 * MINUTE)
    await raiseProblem(db, REMOVAL)
    await pass(12 * MINUTE)
  }
  t.equal(receiver.told.length, 1)
  await clearProblem(db, 'removals')
  await pass(11 * MINUTE)
  t.strictSame(
    receiver.told.map(({ event }) => event),
    ['begun', 'over'],
  )
})

t.test(
  'what a process was telling when it was killed is not told twice; the reminder comes in an hour',
  async (t) => {
    const { db, receiver, pass, restart, kill } = await watch(t)
    await raiseProblem(db, REMOVAL)
    receiver.answer(async (response) => {
      await kill()
      response.end('ok')
    })
    await t.rejects(pass(MINUTE), { code: 'lease_lost' })
    receiver.answer((response) => response.end('ok'))
    await restart()
    await pass(50 * MINUTE)
    t.strictSame(
      receiver.told.map(({ event }) => event),
      ['begun'],
    )
    await pass(15 * MINUTE)
    t.strictSame(
      receiver.told.map(({ event }) => event),
      ['begun', 'lasts'],
    )
  },
)

t.test('a process that no longer leads tells nothing', async (t) => {
  const { db, receiver, pass, kill } = await watch(t)
  await raiseProblem(db, REMOVAL)
  await kill()
  await t.rejects(pass(MINUTE), { code: 'lease_lost' })
  t.equal(receiver.requests(), 0)
})

t.test('what is not delivered is tried again with growing pauses, and is a problem meanwhile', async (t) => {
  const { db, receiver, pass, log, restart } = await watch(t)
  receiver.answer((response) => response.writeHead(404).end('no_service'))
  await raiseProblem(db, REMOVAL)
  await pass(30 * MINUTE)
  const tries = receiver.requests()
  t.ok(tries >= 8 && tries <= 12, `${tries} in half an hour`)
  t.match(
    (await listProblems(db)).find(({ system }) => system === 'alerts'),
    { code: 'not-delivered', reason: /answered 404/, advice: /ALERT_URL/ },
  )
  await restart()
  receiver.answer((response) => response.end())
  await pass(MINUTE)
  t.match(receiver.told, [{ event: 'begun', code: 'mass-removal:Lead' }])
  t.notMatch(log.join(''), SECRET_PATH)
})

t.test('a reason as long as a list of bad rows is cut', async (t) => {
  const { db, receiver, pass } = await watch(t)
  await raiseProblem(db, { ...REMOVAL, reason: 'x'.repeat(50_000) })
  await pass(MINUTE)
  t.match(receiver.told[0]?.text, /x{1000}…/)
  t.ok(receiver.told[0]!.text.length < 2_000)
})

t.test('a receiver that is back ends the problem', async (t) => {
  const { db, receiver, pass } = await watch(t)
  receiver.answer((response) => response.writeHead(503).end())
  await raiseProblem(db, REMOVAL)
  await pass(10 * MINUTE)
  t.ok((await listProblems(db)).some(({ system }) => system === 'alerts'))
  receiver.answer((response) => response.end('ok'))
  await pass(10 * MINUTE)
  t.equal(receiver.told.length, 1)
  t.notOk((await listProblems(db)).some(({ system }) => system === 'alerts'))
})

t.test('what ends before it could be told is told no more, and is no problem any more', async (t) => {
  const { db, receiver, pass } = await watch(t)
  receiver.answer((response) => response.writeHead(503).end())
  await raiseProblem(db, REMOVAL)
  await pass(5 * MINUTE)
  t.equal((await listProblems(db)).length, 2)
  await clearProblem(db, 'removals')
  receiver.answer((response) => response.end('ok'))
  await pass(12 * MINUTE)
  t.strictSame(receiver.told, [])
  t.strictSame(await listProblems(db), [])
})

t.test('redirects, dropped connections and absent receivers are failures that name no address', async (t) => {
  const other = await startReceiver(t)
  const { db, receiver, pass, log } = await watch(t)
  await raiseProblem(db, REMOVAL)
  receiver.answer((response) => response.writeHead(307, { location: other.url }).end())
  await pass(MINUTE)
  receiver.answer((response) => response.destroy())
  await pass(10 * MINUTE)
  t.equal(other.requests(), 0, 'a redirect is not followed')
  t.match(log.join(''), /answered 307[^]*could not be reached \(UND_ERR_SOCKET\)/)

  const absent = await watch(t, fastest, `http://127.0.0.1:1${SECRET_PATH}`)
  await raiseProblem(absent.db, REMOVAL)
  await absent.pass(10 * MINUTE)
  t.match(absent.log.join(''), /could not be reached \(ECONNREFUSED\)/)
  const problems = await listProblems(absent.db)
  t.match(
    problems.find(({ system }) => system === 'alerts'),
    { reason: /ECONNREFUSED/ },
  )
  t.notMatch([...log, ...absent.log, JSON.stringify(problems)].join(''), /services|127\.0\.0\.1/)
})

t.test('refused records and a silent Apex job are told from what the database holds', async (t) => {
  const { db, receiver, pass, now } = await watch(t)
  await takeSample(db, { sent: 0, refused: 0 })
  await writeState(db, 'webhook-called', { at: new Date(now()).toISOString(), usualPauseMs: 15 * MINUTE })
  await pass(HOUR)
  t.strictSame(receiver.told, [])
  const refusal = { object: 'Lead', code: '1', reason: 'r', advice: 'a', payload: null }
  await park(
    db,
    Array.from({ length: 10 }, (_, n) => ({ ...refusal, id: `00Q${n}` })),
  )
  await pass(2 * MINUTE)
  t.match(receiver.told, [
    { system: 'parked', reason: /^10 more/, link: 'https://bridge.example/parked' },
    { system: 'webhook', code: 'silent', reason: /since 2026-11-23T12:00:00/ },
  ])
  await writeState(db, 'webhook-called', { at: new Date(now()).toISOString(), usualPauseMs: 15 * MINUTE })
  await pass(11 * MINUTE)
  t.match(receiver.told.slice(2), [{ system: 'webhook', event: 'over' }])
})
