import t from 'tap'
import { mark, PRIORITY, waitForParent } from '../../src/database/changes.ts'
import { acquireLease } from '../../src/database/lease.ts'
import { park } from '../../src/database/parked.ts'
import { noteRefreshProgress } from '../../src/database/refresh-progress.ts'
import { raiseProblem, writeState } from '../../src/database/state.ts'
import type { LeaderReport } from '../../src/console/leader-report.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { ADMIN_TOKEN, startWeb, WEBHOOK_SECRET } from '../fixtures/web.ts'

const kinds = await databaseKinds()
const NONE = { User: 0, Account: 0, Lead: 0, Contact: 0, Opportunity: 0, OpportunityContactRole: 0 }

const REPORT: LeaderReport = {
  epoch: 1,
  at: '2026-11-23T10:00:00.000Z',
  commandsDone: 0,
  stream: {
    state: 'live',
    cursor: 'abc',
    lastEventAt: null,
    since: '2026-11-23T09:00:00.000Z',
    reason: null,
  },
  backfill: { state: 'running', done: 3, total: 9, etaSeconds: 12 },
  reconcile: { lastRunAt: '2026-11-23T09:50:00.000Z', nextRunAt: null },
  marketo: { instanceCallsToday: 4_000, pauses: [] },
}

for (const kind of kinds)
  t.test(`the status on ${kind.name} describes the installation`, async (t) => {
    const { db } = await kind.create(t)
    await mark(db, [
      { object: 'Lead', id: '00Q1', priority: PRIORITY.live },
      { object: 'Contact', id: '0031', priority: PRIORITY.live },
    ])
    await waitForParent(db, [{ id: '0031', parent: '0011', reason: 'waits' }])
    const refusal = { code: '1', reason: 'r', advice: 'a', payload: null }
    await park(db, [
      { ...refusal, object: 'Lead', id: '00Q2' },
      { ...refusal, object: 'Event', id: 'e1' },
    ])
    await noteRefreshProgress(db, { lastRefreshAt: '2026-11-23T09:55:00.000Z' })
    await raiseProblem(db, { system: 'mapping', code: 'bad-rows', reason: 'Bad rows.', advice: 'Cure them.' })
    await acquireLease(db, 'somebody')
    await writeState(db, 'report', REPORT)
    const web = await startWeb(t, db, { isLeader: () => false })
    const { status, body } = await web.get('/api/status')
    t.equal(status, 200)
    t.match(body, {
      leader: false,
      stream: { state: 'live', cursor: 'abc', lastEventAt: null },
      queue: { ...NONE, Lead: 1 },
      waiting: { ...NONE, Contact: 1 },
      parked: { ...NONE, Lead: 1, Event: 1 },
      marketo: { callsToday: 0, dailyLimit: 40_000, instanceCallsToday: 4_000 },
      backfill: { state: 'running', done: 3, total: 9, etaSeconds: 12 },
      reconcile: { lastRunAt: '2026-11-23T09:50:00.000Z' },
      insights: { lastRefreshAt: '2026-11-23T09:55:00.000Z', lastSweepAt: null, persons: 0 },
      problems: [
        { system: 'mapping', code: 'bad-rows', reason: 'Bad rows.', advice: 'Cure them.', since: /Z$/ },
      ],
    })
  })

t.test('the stream stands by only while nobody leads', async (t) => {
  const { db } = await kinds[0]!.create(t)
  const stream = async (environment?: Record<string, string>) =>
    (await (await startWeb(t, db, environment ? { environment } : {})).get('/api/status'))
      .body as unknown as {
      stream: { state: string }
      problems: { system: string; reason: string }[]
    }
  t.equal((await stream()).stream.state, 'standby')
  await acquireLease(db, 'somebody')
  t.equal((await stream()).stream.state, 'connecting', 'the new leader has not reported yet')
  await writeState(db, 'report', { ...REPORT, epoch: 0 })
  t.equal((await stream()).stream.state, 'connecting', 'that is the report of a former term')
  await writeState(db, 'report', REPORT)
  t.equal((await stream()).stream.state, 'live')
  const lastRunAt = '2026-11-23T08:00:00.000Z'
  await writeState(db, 'report', { ...REPORT, reconcile: { lastRunAt: null, nextRunAt: null } })
  await writeState(db, 'reconcile', { lastRunAt, found: 0 })
  t.match(await stream(), { reconcile: { lastRunAt } }, 'what a former leader ran counts too')

  const setUp = await stream({ WEBHOOK_SECRET, ADMIN_TOKEN })
  t.equal(setUp.stream.state, 'stopped')
  t.match(setUp.problems, [
    { system: 'salesforce', reason: /SALESFORCE_LOGIN_URL/ },
    { system: 'marketo', reason: /MARKETO_BASE_URL/ },
  ])
})
