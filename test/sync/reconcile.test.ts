// A walk through many changes: by pages and by bulk job, cut off in the middle and gone on with.
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { listProblems, readState, writeState } from '../../src/database/state.ts'
import type { Db } from '../../src/database/tables.ts'
import { BridgeError } from '../../src/errors.ts'
import { OBJECTS } from '../../src/salesforce/ids.ts'
import { createReconcile, watermarkKey, type Reconcile } from '../../src/sync/reconcile.ts'
import { leaderUntil, orgOfLeads } from './fixtures/killed.ts'

t.setTimeout(120_000)

/** More than are read by pages: 2,000 of them, and then above 10,000. */
const MANY = 12_500
const SINCE = '2020-01-01T00:00:00.000Z'

async function prepare(t: Test, leads: number) {
  const { simulator, db, ids, deps } = await orgOfLeads(t, leads)
  await writeState(db, watermarkKey('Lead'), { at: SINCE })
  const reconcileUntil = (transactions: number): Reconcile =>
    createReconcile({ ...deps, leader: leaderUntil(db, transactions) })
  return { simulator, db, ids, reconcileUntil }
}

const marked = async (db: Db): Promise<Set<string>> =>
  new Set((await sql<{ id: string }>`select id from changes`.execute(db)).rows.map(({ id }) => id))
const watermark = (db: Db) => readState<{ at: string; walk?: object }>(db, watermarkKey('Lead'))

t.test('few changes are read by pages; the watermark moves when all are queued', async (t) => {
  const { db, ids, reconcileUntil, simulator } = await prepare(t, 4_100)
  await t.rejects(reconcileUntil(2).runOnce(), /killed/)
  t.equal((await marked(db)).size, 4_000)
  t.match(await watermark(db), { at: SINCE, walk: { position: { id: String } } })
  t.strictSame(await reconcileUntil(9).runOnce(), { found: 100 }, 'goes on where it was')
  t.strictSame(await marked(db), new Set(ids))
  t.ok((await watermark(db))!.at > SINCE)
  t.notOk((await watermark(db))!.walk)
  t.notOk(
    simulator.calls.list.some(({ path }) => path.includes('/jobs/query')),
    'without a bulk job',
  )
})

t.test(
  'above 10,000 a bulk job brings them, deletes included, also after a kill in its middle',
  async (t) => {
    const { db, ids, reconcileUntil, simulator } = await prepare(t, MANY)
    simulator.org.delete('Lead', ids[77]!)
    // A page, the job's id, the first 10,000 of its rows.
    await t.rejects(reconcileUntil(3).runOnce(), /killed/)
    t.equal((await marked(db)).size, 12_000)
    t.match(await watermark(db), { at: SINCE, walk: { position: { jobId: String, locator: String } } })
    await reconcileUntil(9).runOnce()
    t.strictSame(await marked(db), new Set(ids))
    const jobs = simulator.calls.list.filter(
      ({ method, path }) => method === 'POST' && path.endsWith('/jobs/query'),
    )
    t.equal(jobs.length, 1, 'the same job')
    t.ok((await watermark(db))!.at > SINCE)
  },
)

t.test(
  'what came in while a bulk job that was gone on with was under way is looked for at once',
  async (t) => {
    const { db, reconcileUntil, simulator } = await prepare(t, MANY)
    const now = new Date().toISOString()
    for (const object of OBJECTS)
      await writeState(db, watermarkKey(object), { at: object === 'Lead' ? SINCE : now })
    // Users and accounts, a page of leads, the job's id, the first 10,000 of its rows.
    await t.rejects(reconcileUntil(5).runOnce(), /killed/)
    const unheard = simulator.org.insert('Lead', { LastName: 'Unheard', Company: 'X' }, { silent: true })
    const next = reconcileUntil(99)
    await next.runOnce()
    t.notOk((await marked(db)).has(unheard), 'the job does not know it')
    t.equal(await next.isOwed(), true)
    await next.runOnce()
    t.ok((await marked(db)).has(unheard))
  },
)

t.test('a bulk job that Salesforce gave up is started again', async (t) => {
  const { db, ids, reconcileUntil, simulator } = await prepare(t, MANY)
  simulator.faults.failBulkJob()
  await t.rejects(reconcileUntil(9).runOnce(), { code: 'salesforce_bulk_failed' })
  t.strictSame(await watermark(db), { at: SINCE })
  await reconcileUntil(9).runOnce()
  t.strictSame(await marked(db), new Set(ids))
})

t.test('a bulk job that does not know its locator any more is started again', async (t) => {
  const { db, ids, reconcileUntil } = await prepare(t, MANY)
  // A page, the job's id, the first 10,000 of its rows.
  await t.rejects(reconcileUntil(3).runOnce(), /killed/)
  const { walk } = (await watermark(db)) as { walk: { position: { jobId: string } } }
  const position = { ...walk.position, locator: 'nonsense' }
  await writeState(db, watermarkKey('Lead'), { at: SINCE, walk: { ...walk, position } })
  await t.rejects(reconcileUntil(9).runOnce(), { code: 'salesforce_cursor_lost' })
  t.strictSame(await watermark(db), { at: SINCE })
  await sql`delete from changes`.execute(db)
  await reconcileUntil(9).runOnce()
  t.strictSame(await marked(db), new Set(ids))
})

t.test('an object that can not be read hides nothing of the others, and is told', async (t) => {
  const { db, ids, deps } = await orgOfLeads(t, 1)
  for (const object of ['Account', 'Lead'] as const) await writeState(db, watermarkKey(object), { at: SINCE })
  let refuse = true
  const { reader } = deps
  const reconcile = createReconcile({
    ...deps,
    leader: (work) => db.transaction().execute(work),
    reader: {
      ...reader,
      changedSince(object, from, options) {
        if (refuse && object === 'Account')
          throw new BridgeError('salesforce_object_missing', 'No Account for you.', 'Give Read on Account.')
        return reader.changedSince(object, from, options)
      },
    },
  })
  await t.rejects(reconcile.runOnce(), { code: 'salesforce_object_missing' })
  t.strictSame(await marked(db), new Set(ids))
  t.equal(await reconcile.lastRunAt(), null)
  t.match(await listProblems(db), [
    { system: 'salesforce', code: 'reconcile-failed', reason: /Account/, advice: 'Give Read on Account.' },
  ])
  refuse = false
  await reconcile.runOnce()
  t.strictSame(await listProblems(db), [])
  t.ok(await reconcile.lastRunAt())
})

t.test(
  'what it leaves to the first backfill is owed as soon as that is through, also by the next leader',
  async (t) => {
    const { db, ids, reconcileUntil } = await prepare(t, 3)
    t.equal(await reconcileUntil(9).isOwed(), false, 'before the first one')
    await db.deleteFrom('state').where('key', '=', watermarkKey('Lead')).execute()
    const reconcile = reconcileUntil(99)
    t.strictSame(await reconcile.runOnce(), { found: 0 })
    t.equal(await reconcile.isOwed(), false, 'the backfill is not through')
    const now = new Date().toISOString()
    for (const object of OBJECTS)
      await writeState(db, watermarkKey(object), { at: object === 'Lead' ? SINCE : now })
    t.equal(await reconcile.isOwed(), true)
    const next = reconcileUntil(99)
    t.equal(await next.isOwed(), true)
    t.strictSame(await next.runOnce(), { found: 3 })
    t.strictSame(await marked(db), new Set(ids))
    t.equal(await next.isOwed(), false)
  },
)
