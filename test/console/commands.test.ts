import t from 'tap'
import { acquireLease } from '../../src/database/lease.ts'
import { writeState } from '../../src/database/state.ts'
import type { Db } from '../../src/database/tables.ts'
import type { LeaderReport } from '../../src/console/leader-report.ts'
import { takeCommands } from '../fixtures/commands.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'
import { ADMIN_TOKEN, startWeb } from '../fixtures/web.ts'

const kinds = await databaseKinds()
const [kind] = kinds

async function report(db: Db, parts: { epoch: number; commandsDone: number; state: string }): Promise<void> {
  const { epoch, commandsDone, state } = parts
  const value: LeaderReport = {
    epoch,
    at: '2026-11-23T10:00:00.000Z',
    commandsDone,
    stream: { state: 'live', cursor: null, lastEventAt: null, since: null, reason: null },
    backfill: { state: state as LeaderReport['backfill']['state'], done: 0, total: 0, etaSeconds: null },
    reconcile: { lastRunAt: null, nextRunAt: null },
    marketo: { instanceCallsToday: null, pauses: [] },
  }
  await writeState(db, 'report', value)
}

t.test('commands reach the leader through the database, also without a body', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  for (const path of ['backfill/pause', 'backfill/resume', 'reconcile', 'removals/confirm']) {
    t.equal((await web.post(`/api/${path}`)).status, 202, path)
    t.equal((await web.post(`/api/${path}`, {})).status, 202, path)
  }
  const form = await web.request('/api/reconcile', {
    method: 'POST',
    body: '',
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
  t.equal(form.status, 202, 'as curl -d "" sends it')
  t.equal((await web.post('/api/reconcile', { now: true })).status, 400)
  t.strictSame(
    (await takeCommands(db)).map(({ name }) => name),
    [
      'backfill-pause',
      'backfill-pause',
      'backfill-resume',
      'backfill-resume',
      'reconcile',
      'reconcile',
      'confirm-removals',
      'confirm-removals',
      'reconcile',
    ],
  )
})

for (const kind of kinds)
  t.test(`one backfill at a time on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    const web = await startWeb(t, db)
    const ask = async (body?: unknown) => (await web.post('/api/backfill', body)).status
    const { epoch } = (await acquireLease(db, 'leader'))!
    await report(db, { epoch, commandsDone: 0, state: 'idle' })
    t.strictSame(
      (await Promise.all([ask({ objects: ['Lead'], force: true }), ask(), ask()])).sort(),
      [202, 409, 409],
      'of several at once one is taken',
    )
    const [command] = await takeCommands(db)
    t.equal(await ask(), 409, 'taken, and not told of yet')
    await report(db, { epoch, commandsDone: command!.id, state: 'running' })
    t.equal(await ask(), 409)
    await report(db, { epoch, commandsDone: command!.id, state: 'paused' })
    t.match((await web.post('/api/backfill')).body.message, /resume/i)
    await report(db, { epoch, commandsDone: command!.id, state: 'done' })
    t.equal(await ask({ objects: ['Lead', 'Contact'] }), 202)
    t.match(await takeCommands(db), [{ name: 'backfill', arguments: { objects: ['Lead', 'Contact'] } }])
  })

t.test('a backfill for something that does not exist is refused', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  for (const [body, words] of [
    [{ objects: ['Leads'] }, /objects\[0\] must be one of User, Account/],
    [{ objects: [] }, /at least one/],
    [{ object: 'Lead' }, /unknown keys/],
    [{ force: 'yes' }, /force must be true or false/],
    [[], /JSON object/],
  ] as const) {
    const { status, body: answer } = await web.post('/api/backfill', body)
    t.equal(status, 400)
    t.match(answer.message, words)
  }
  t.strictSame(await takeCommands(db), [])
})

t.test('a reloaded mapping is answered once the leader has read it', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const { epoch } = (await acquireLease(db, 'leader'))!
  await report(db, { epoch, commandsDone: 0, state: 'idle' })
  const asked = web.post('/api/mapping/reload')
  const command = await until('the command', async () => (await takeCommands(db))[0])
  t.equal(command.name, 'reload-mapping')
  const loss = 'texts of more than 40 characters are cut'
  const fields = [{ from: 'Title', to: { name: 'title', dataType: 'string' }, source: 'default', loss }]
  const bad = [{ object: 'Lead', salesforceField: 'Nope__c', marketoField: 'nope', reason: 'no field' }]
  const lead = { object: 'Lead', active: true, filter: null, fields, parents: [], reads: ['Id'] }
  const badSettings = [{ object: 'Case', filter: null, reason: 'not one of ours' }]
  await writeState(db, 'mapping', { objects: { Lead: lead }, bad, badSettings })
  await report(db, { epoch, commandsDone: command.id, state: 'idle' })
  const { status, body } = await asked
  t.equal(status, 200)
  t.strictSame(body, {
    objects: [
      {
        object: 'Lead',
        active: true,
        filter: null,
        fields: [{ salesforceField: 'Title', marketoField: 'title', source: 'default', loss }],
      },
    ],
    bad,
    badSettings,
  })
})

t.test('commands need the admin token', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  for (const path of ['backfill', 'backfill/pause', 'reconcile', 'mapping/reload', 'parked/retry'])
    t.equal((await web.request(`/api/${path}`, { method: 'POST' })).status, 401, path)
  t.strictSame(await takeCommands(db), [])
})
