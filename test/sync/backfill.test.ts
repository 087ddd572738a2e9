// Filling the queue with everything in scope: cut off and gone on with, held back while the queue is long.
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { listProblems, readState, writeState } from '../../src/database/state.ts'
import type { Db } from '../../src/database/tables.ts'
import { createLog } from '../../src/log.ts'
import { OBJECTS, type ObjectName } from '../../src/salesforce/ids.ts'
import { QUEUED_AT_MOST } from '../../src/sync/backfill-room.ts'
import { createBackfill, type Backfill } from '../../src/sync/backfill.ts'
import type { BackfillState } from '../../src/sync/backfill-state.ts'
import { watermarkKey } from '../../src/sync/reconcile.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { endedOrLocked, leaderWith } from '../fixtures/meanwhile.ts'
import { until } from '../fixtures/until.ts'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'
import { leaderUntil, orgOfLeads } from './fixtures/killed.ts'
import { wholeMapping } from './fixtures/mappings.ts'

t.setTimeout(120_000)

const postgres = (await databaseKinds()).find(({ name }) => name === 'postgres')

async function prepare(t: Test, leads: number) {
  const { db, ids, simulator, deps } = await orgOfLeads(t, leads)
  const backfillUntil = (transactions: number): Backfill =>
    createBackfill({ ...deps, leader: leaderUntil(db, transactions) })
  const backfillWith = (leader: LeaderTransaction): Backfill => createBackfill({ ...deps, leader })
  const backfillAt = (now: () => number): Backfill =>
    createBackfill({ ...deps, now, leader: leaderUntil(db, Infinity) })
  return { db, ids, simulator, deps, backfillUntil, backfillWith, backfillAt }
}

const marked = async (db: Db): Promise<Set<string>> =>
  new Set(
    (await sql<{ id: string }>`select id from changes where object = 'Lead'`.execute(db)).rows.map(
      ({ id }) => id,
    ),
  )
const stateOf = (db: Db) => readState<BackfillState>(db, 'backfill')

t.test('after a kill in the middle it goes on where it was', async (t) => {
  const { db, ids, backfillUntil } = await prepare(t, 4_100)
  const killed = backfillUntil(3)
  await killed.request({ objects: ['Lead'] })
  await t.rejects(killed.run(), /killed/)
  t.equal((await marked(db)).size, 4_000)
  t.equal(await readState(db, watermarkKey('Lead')), undefined)
  await sql`delete from changes`.execute(db)
  await backfillUntil(9).run()
  t.equal((await marked(db)).size, 100, 'not from the beginning')
  t.match(await stateOf(db), { marked: ids.length, finishedAt: String })
  t.ok(await readState(db, watermarkKey('Lead')))
})

t.test('a job whose results are gone is begun again; an older watermark stays', async (t) => {
  const { db, ids, backfillUntil } = await prepare(t, 40)
  const at = '2020-01-01T00:00:00.000Z'
  await writeState(db, watermarkKey('Lead'), { at })
  const backfill = backfillUntil(99)
  await backfill.request({ objects: ['Lead'] })
  await writeState(db, 'backfill', {
    ...(await stateOf(db)),
    object: 'Lead',
    jobId: '7500000000000AA',
    locator: 'x',
  })
  await backfill.run()
  t.strictSame(await marked(db), new Set(ids))
  t.strictSame(await readState(db, watermarkKey('Lead')), { at })
  t.strictSame(await listProblems(db), [])
})

/** More than are read by pages. */
const MANY = 10_001

const jobsOf = ({ calls }: SalesforceSimulator): number =>
  calls.list.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs/query')).length

t.test(
  'a bulk job goes on after a kill in its middle, and is begun again where its place is lost',
  async (t) => {
    const { db, ids, simulator, backfillUntil } = await prepare(t, MANY)
    // The request, the job's id, the first 10,000 rows.
    const killed = backfillUntil(3)
    await killed.request({ objects: ['Lead'] })
    await t.rejects(killed.run(), /killed/)
    t.equal((await marked(db)).size, 10_000)
    await sql`delete from changes`.execute(db)
    await backfillUntil(99).run()
    t.equal((await marked(db)).size, 1, 'the same results, from where they were')
    t.equal(jobsOf(simulator), 1)

    const again = backfillUntil(3)
    await again.request({ objects: ['Lead'] })
    await t.rejects(again.run(), /killed/)
    await writeState(db, 'backfill', { ...(await stateOf(db)), locator: 'nonsense' })
    await sql`delete from changes`.execute(db)
    await backfillUntil(99).run()
    t.strictSame(await marked(db), new Set(ids))
    t.equal(jobsOf(simulator), 3)
  },
)

t.test(
  'an object whose jobs all fail is tried ever less often, and told; the others are filled meanwhile',
  async (t) => {
    const { db, ids, simulator, backfillAt } = await prepare(t, MANY)
    const contact = simulator.org.insert('Contact', { LastName: 'C' }, { silent: true })
    const opportunity = simulator.org.insert(
      'Opportunity',
      { Name: 'O', StageName: 'New', CloseDate: '2027-01-01' },
      { silent: true },
    )
    const fault = simulator.faults.failBulkJob({ times: Infinity, errorMessage: 'no luck' })
    let time = 0
    const backfill = backfillAt(() => time)
    await backfill.request({ objects: ['Lead', 'Contact', 'Opportunity'] })
    await backfill.run()
    const marks = await sql<{ id: string }>`select id from changes`.execute(db)
    t.strictSame(new Set(marks.rows.map(({ id }) => id)), new Set([contact, opportunity]))
    t.ok(await readState(db, watermarkKey('Opportunity')))
    t.match(await listProblems(db), [
      { system: 'salesforce', code: 'backfill-failed:Lead', reason: /cannot read Lead.*no luck/ },
    ])
    t.match(await stateOf(db), { state: 'running', finishedAt: null, object: 'Lead' })

    const HOUR_S = 3_600
    for (let second = 0; second < HOUR_S; second++) {
      time += 1_000
      await backfill.run()
    }
    t.ok(jobsOf(simulator) <= 15, `${jobsOf(simulator)} jobs in an hour`)
    t.equal((await listProblems(db)).length, 1)
    t.match(await stateOf(db), { marked: 2 }, 'the others are through')

    fault.remove()
    time += HOUR_S * 1_000
    await backfill.run()
    t.strictSame(await marked(db), new Set(ids))
    t.strictSame(await listProblems(db), [])
    t.match(await stateOf(db), { finishedAt: String })
  },
)

t.test('what fails in the middle goes on there after a rest, and after the others', async (t) => {
  const { db, simulator, ids, backfillAt } = await prepare(t, 4_100)
  // Two counts when it is asked for; a count and two pages of leads.
  simulator.faults.status(400, { errorCode: 'EXCEEDED_ID_LIMIT', kind: 'query', skip: 5 })
  let time = 0
  const backfill = backfillAt(() => time)
  await backfill.request({ objects: ['Lead', 'Contact'] })
  await backfill.run()
  t.equal((await marked(db)).size, 4_000)
  t.match(await stateOf(db), { objects: ['Contact', 'Lead'], object: 'Lead', locator: ids[3_999] })
  await sql`delete from changes`.execute(db)
  await backfill.run()
  t.equal((await marked(db)).size, 0, 'it rests')
  time += 2_000
  await backfill.run()
  t.equal((await marked(db)).size, 100, 'not from the beginning')
})

t.test('a new backfill knows nothing of what the former one failed at', async (t) => {
  const { db, simulator, ids, backfillAt } = await prepare(t, 3)
  const withheld = simulator.faults.withhold('Lead')
  const backfill = backfillAt(() => 0)
  await backfill.request({ objects: ['Lead'] })
  await backfill.run()
  t.match(await listProblems(db), [{ code: 'backfill-failed:Lead', advice: /Read and View All/ }])
  withheld.remove()
  await backfill.request({ objects: ['Lead'] })
  t.strictSame(await listProblems(db), [])
  await backfill.run()
  t.strictSame(await marked(db), new Set(ids))
})

t.test('while 100,000 marks of whatever object are queued it waits', async (t) => {
  const { db, ids, backfillUntil } = await prepare(t, 40)
  await sql`
    insert into changes (object, id, version, priority, due, force, attempts, marked_at)
    select case when n % 2 = 0 then 'User' else 'Account' end, n::text, n, 3, now(), false, 0, now()
    from generate_series(1, ${QUEUED_AT_MOST}) as n`.execute(db)
  const backfill = backfillUntil(99)
  await backfill.request({ objects: ['Lead'] })
  await writeState(db, 'backfill', { ...(await stateOf(db)), marked: QUEUED_AT_MOST })
  let ended = false
  const running = backfill.run().then(() => (ended = true))
  const began = Date.now()
  await until('some looks at the queue', () => Date.now() - began > 2_500)
  t.equal((await marked(db)).size, 0)
  t.notOk(ended)
  const allBut = (room: number) =>
    sql`delete from changes where object <> 'Lead' and id::int <= ${room}`.execute(db)
  await allBut(ids.length - 1)
  await until('another look', () => Date.now() - began > 5_000)
  t.equal((await marked(db)).size, 0, 'not more than 100,000 with the next page either')
  await allBut(ids.length)
  await running
  t.strictSame(await marked(db), new Set(ids))
})

t.test('what could not be read holds up none of the others, and is the next one when it can', async (t) => {
  const { db, simulator, deps } = await prepare(t, 0)
  const contact = simulator.org.insert('Contact', { LastName: 'C' }, { silent: true })
  const withheld = simulator.faults.withhold('User')
  const order: string[] = []
  const seen: ObjectName[][] = []
  let time = 0
  const backfill = createBackfill({
    ...deps,
    leader: leaderUntil(db, Infinity),
    reader: {
      ...deps.reader,
      allIds(object, ...rest) {
        order.push(object)
        seen.push([...backfill.filling()])
        if (object === 'Contact') {
          withheld.remove()
          time += 2_000
        }
        return deps.reader.allIds(object, ...rest)
      },
    },
    now: () => time,
  })
  await backfill.request({ objects: ['User', 'Contact', 'Opportunity'] })
  await backfill.run()
  t.strictSame(order, ['User', 'Contact', 'User', 'Opportunity'])
  t.strictSame(seen, [
    ['User', 'Contact', 'Opportunity'],
    ['Contact', 'Opportunity'],
    ['User', 'Opportunity'],
    ['Opportunity'],
  ])
  const marks = await sql<{ id: string }>`select id from changes`.execute(db)
  t.ok(marks.rows.some(({ id }) => id === contact))
  t.match(await stateOf(db), { finishedAt: String })
})

t.test('an object that is switched off is left out, and what is told of it is over', async (t) => {
  const { db, ids, simulator, deps } = await prepare(t, 3)
  simulator.faults.withhold('Contact')
  let active = true
  const backfill = createBackfill({
    ...deps,
    leader: leaderUntil(db, Infinity),
    mapping: () => wholeMapping({ settings: [{ object: 'Contact', active, filter: null }] }),
  })
  await backfill.request({ objects: ['Lead', 'Contact'] })
  await backfill.run()
  t.match(await listProblems(db), [{ code: 'backfill-failed:Contact' }])
  t.match(await stateOf(db), { finishedAt: null })
  active = false
  await backfill.run()
  t.strictSame(await listProblems(db), [])
  t.match(await stateOf(db), { finishedAt: String, objects: ['Lead', 'Contact'] })
  t.strictSame(await marked(db), new Set(ids))
  t.equal(await readState(db, watermarkKey('Contact')), undefined, 'it has not been filled')
})

t.test('what rests makes nobody wait, and goes on in what is asked for meanwhile', async (t) => {
  const { db, simulator, backfillAt } = await prepare(t, 3)
  const withheld = simulator.faults.withhold('Lead')
  let time = 0
  const backfill = backfillAt(() => time)
  const ask = () => backfill.request({ objects: ['Contact'], unlessRunning: true })
  await backfill.request({ objects: ['Lead', 'Contact'], force: true })
  t.notOk(backfill.rests())
  await backfill.run()
  t.ok(backfill.rests())
  t.match(await listProblems(db), [{ code: 'backfill-failed:Lead' }])
  await backfill.pause()
  t.notOk(await ask(), 'an admin wants it to wait')
  await backfill.resume()
  t.ok(await ask())
  t.notOk(backfill.rests())
  t.match(await stateOf(db), { objects: ['Lead', 'Contact'], object: null, force: true })
  await backfill.run()
  t.ok(backfill.rests(), 'it rests as long as before')
  t.match(await listProblems(db), [{ code: 'backfill-failed:Lead' }])
  withheld.remove()
  time += 2_000
  await backfill.run()
  t.notOk(backfill.rests())
  t.match(await stateOf(db), { finishedAt: String })
  t.ok(await readState(db, watermarkKey('Lead')))
})

t.test('what fails after the last page of an object is no fault of its, nor of the next one', async (t) => {
  const { db, deps } = await prepare(t, 3)
  const order: string[] = []
  const backfill = createBackfill({
    ...deps,
    leader: leaderUntil(db, Infinity),
    reader: {
      ...deps.reader,
      async *allIds(object, ...rest) {
        order.push(object)
        yield* deps.reader.allIds(object, ...rest)
        throw new Error('the job could not be deleted')
      },
    },
  })
  await backfill.request({ objects: ['Lead', 'Contact'] })
  await backfill.run()
  t.strictSame(order, ['Lead', 'Contact'])
  t.strictSame(await listProblems(db), [])
  t.match(await stateOf(db), { finishedAt: String })
})

t.test('statistics that could not be renewed are no reason to read anything again', async (t) => {
  const { db, simulator, deps } = await prepare(t, 9_000)
  const contacts = Array.from({ length: 1_001 }, (_, n) => ({ LastName: `C${n}` }))
  simulator.org.insert('Contact', contacts, { silent: true })
  await sql`drop table insights`.execute(db)
  const lines: string[] = []
  const log = createLog('warn', { write: (line: string) => void lines.push(line) })
  const backfill = createBackfill({ ...deps, log, leader: leaderUntil(db, Infinity) })
  await backfill.request({ objects: ['Lead', 'Contact', 'Opportunity'] })
  await backfill.run()
  t.strictSame(await listProblems(db), [])
  t.match(await stateOf(db), { marked: 10_001, finishedAt: String })
  t.match(lines, [/statistics/])
})

t.test('a queue that is full of children is worked off before their parents come in', async (t) => {
  const { db, ids, backfillUntil } = await prepare(t, 1)
  await sql`
    insert into changes (object, id, version, priority, due, force, attempts, marked_at)
    select 'Opportunity', n::text, n, 3, now(), false, 0, now() from generate_series(1, ${QUEUED_AT_MOST}) as n`.execute(
    db,
  )
  const backfill = backfillUntil(99)
  await backfill.request({ objects: ['Lead'] })
  await writeState(db, 'backfill', { ...(await stateOf(db)), marked: QUEUED_AT_MOST })
  const running = backfill.run()
  await until('the queue to be let go', () => backfill.filling().size === 0)
  await sql`delete from changes`.execute(db)
  await running
  t.strictSame(await marked(db), new Set(ids))
})

t.test('what the bridge asks for by itself waits while another one runs or is paused', async (t) => {
  const { db, backfillUntil } = await prepare(t, 1)
  const backfill = backfillUntil(99)
  const again = () => backfill.request({ objects: ['User'], unlessRunning: true })
  t.ok(await backfill.request({ objects: ['Lead'], force: true, unlessRunning: true }))
  t.notOk(await again())
  await backfill.pause()
  t.notOk(await again())
  t.match(await stateOf(db), { state: 'paused', objects: ['Lead'], force: true })
  await backfill.resume()
  await backfill.run()
  t.strictSame(
    await backfill.neverFilled(),
    OBJECTS.filter((object) => object !== 'Lead'),
  )
  await sql`delete from changes`.execute(db)
  t.equal((await backfill.progress(0)).state, 'done')
  t.ok(await again())
})

t.test(
  'a pause or another request that comes in while a page is marked holds',
  { skip: postgres === undefined && 'several transactions at once need PostgreSQL' },
  async (t) => {
    const { db, backfillUntil, backfillWith } = await prepare(t, 40)
    const other = backfillUntil(99)
    const whileMarking = async (act: () => Promise<unknown>): Promise<BackfillState | undefined> => {
      await other.request({ objects: ['Lead'] })
      let acting: Promise<unknown> | undefined
      const leader = leaderWith(db, {
        at: ({ value }) => (value as BackfillState | undefined)?.state === 'running',
        act: () => endedOrLocked(db, (acting = act())),
      })
      await backfillWith(leader).run()
      await acting
      return stateOf(db)
    }
    t.match(await whileMarking(() => other.pause()), { state: 'paused', finishedAt: null })
    t.match(await whileMarking(() => other.request({ objects: ['User'] })), {
      state: 'running',
      objects: ['User'],
      marked: 0,
    })
  },
)

t.test('neither a pause, a resume nor the end overwrites what has been asked for meanwhile', async (t) => {
  const { db, backfillUntil, backfillWith } = await prepare(t, 1)
  const other = backfillUntil(99)
  /** The other one acts after this one has looked, and before its transaction. */
  const meanwhile = (act: () => Promise<unknown>): Backfill =>
    backfillWith(async (work) => {
      await act()
      return db.transaction().execute(work)
    })
  const another = () => other.request({ objects: ['User'] })

  await other.pause()
  t.equal(await stateOf(db), undefined, 'where there is none, none is made')
  await other.request({ objects: ['Lead'] })
  await meanwhile(async () => {
    await other.pause()
    await another()
  }).resume()
  t.match(await stateOf(db), { state: 'running', objects: ['User'] })
  await other.request({ objects: ['Lead'] })
  await meanwhile(another).pause()
  t.match(await stateOf(db), { state: 'paused', objects: ['User'] })
  await other.request({ objects: ['Lead'] })
  await other.run()
  await sql`delete from changes`.execute(db)
  t.match(await meanwhile(() => other.pause()).progress(0), { state: 'running', done: 1 })
  t.match(await stateOf(db), { state: 'paused', objects: ['Lead'] })
})
