import { sql } from 'kysely'
import t from 'tap'
import { mark, readChange, postpone } from '../../src/database/changes.ts'
import { confirm } from '../../src/database/ledger.ts'
import { listProblems } from '../../src/database/state.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { allowance, createBrake } from '../../src/sync/brake.ts'
import { databaseKinds } from '../fixtures/databases.ts'

t.test('100 an hour, or 2 % of what is in Marketo if that is more', async (t) => {
  const cases: [records: number, allowed: number][] = [
    [0, 100],
    [100, 100],
    [5_000, 100],
    [5_050, 101],
    [1_000_000, 20_000],
  ]
  for (const [records, allowed] of cases) t.equal(allowance(records), allowed, String(records))
})

const [kind] = await databaseKinds()

t.test('the brake', async (t) => {
  const { db } = await kind!.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const clock = { now: Date.UTC(2026, 10, 23) }
  const brake = createBrake({ db, leader, now: () => clock.now })
  const ids = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, n) => `id${from + n}`)
  t.beforeEach(async () => {
    await sql`truncate changes, ledger, problems`.execute(db)
    await sql`delete from state where key = 'removals'`.execute(db)
  })

  t.test('lets through what is usual, and counts a removal that takes several attempts once', async (t) => {
    t.ok(await brake.allows('Lead', ids(0, 60)))
    t.ok(await brake.allows('Lead', ids(0, 60)))
    t.ok(await brake.allows('Lead', ids(60, 40)))
    t.strictSame(await listProblems(db), [])
    t.notOk(await brake.allows('Lead', ids(100, 1)))
    t.ok(await brake.allows('Contact', ids(200, 100)), 'each object has its own')
  })

  t.test('stops a mass removal, says so, and goes on when an admin has looked', async (t) => {
    await confirm(db, [
      { object: 'Lead', id: 'x', marketoId: '1', state: 'confirmed', hashes: null, pushed: true },
    ])
    t.notOk(await brake.allows('Lead', ids(0, 150)))
    const [problem] = await listProblems(db)
    t.match(problem, { system: 'removals', reason: /^150 Lead records .* more than 100/, advice: /confirm/ })
    await mark(db, [{ object: 'Lead', id: 'id1', priority: 1 }])
    await postpone(db, [{ id: 'id1', ...brake.stopped }])
    await brake.confirm()
    t.strictSame(await listProblems(db), [])
    t.ok((await readChange(db, 'id1'))!.due.getTime() <= Date.now() + 1_000, 'what waited is due now')
    t.ok(await brake.allows('Lead', ids(0, 150)))
  })
})
