import { sql } from 'kysely'
import t from 'tap'
import { due, mark, PRIORITY, readChange, settle } from '../../src/database/changes.ts'
import { confirm } from '../../src/database/ledger.ts'
import {
  clearProblems,
  listProblems,
  readCommands,
  sendCommand,
  type SentCommand,
} from '../../src/database/state.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { createLog } from '../../src/log.ts'
import type { ObjectName } from '../../src/salesforce/ids.ts'
import { createObey } from '../../src/obey.ts'
import { allowance, createBrake, REMOVALS_STOPPED } from '../../src/sync/brake.ts'
import { noteEmptied } from '../../src/sync/emptied.ts'
import type { Mapping } from '../../src/sync/mapping.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { endedOrLocked, leaderWith } from '../fixtures/meanwhile.ts'
import { leaderUntil } from './fixtures/killed.ts'
import { wholeMapping } from './fixtures/mappings.ts'

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

const kind = (await databaseKinds()).at(-1)!

t.test('the brake', async (t) => {
  const { db } = await kind.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const brake = createBrake({ leader })
  const ids = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, n) => `id${from + n}`)
  /** As they are marked now, if no version is given. */
  const takenOf = (wanted: string[], version = Number.MAX_SAFE_INTEGER) =>
    wanted.map((id) => ({ id, version }))
  const admitted = async (object: ObjectName, wanted: string[]): Promise<number> =>
    (await brake.admit(object, takenOf(wanted))).size
  const marked = async (wanted: string[], object = 'Lead'): Promise<string[]> => {
    await mark(
      db,
      wanted.map((id) => ({ object, id, priority: PRIORITY.live })),
    )
    return wanted
  }
  const settled = (wanted: string[]): Promise<void> => settle(db, takenOf(wanted))
  const confirmed = async (by = brake): Promise<void> =>
    by.confirm(await sendCommand(db, { name: 'confirm-removals', arguments: {} }))
  const later = (minutes: number) =>
    sql`update removals set at = at - make_interval(mins => ${minutes})`.execute(db)
  t.beforeEach(async () => {
    await sql`truncate changes, ledger, problems, removals`.execute(db)
  })

  t.test('lets through what is usual, and counts a removal that takes several attempts once', async (t) => {
    t.equal(await admitted('Lead', ids(0, 60)), 60)
    t.equal(await admitted('Lead', ids(0, 60)), 60)
    t.equal(await admitted('Lead', ids(60, 40)), 40)
    t.strictSame(await listProblems(db), [])
    t.equal(await admitted('Lead', await marked(ids(100, 1))), 0)
    t.equal(await admitted('Contact', ids(200, 100)), 100, 'each object has its own')
  })

  t.test('looks back an hour from any moment, not from the full hour', async (t) => {
    t.equal(await admitted('Lead', ids(0, 50)), 50)
    await later(59)
    t.equal(await admitted('Lead', ids(50, 50)), 50)
    t.equal(await admitted('Lead', await marked(ids(100, 1))), 0)
    await settled(ids(100, 1))
    await later(2)
    t.equal(await admitted('Lead', ids(100, 50)), 50, 'the first 50 are over an hour ago')
    t.equal(await admitted('Lead', await marked(ids(150, 1))), 0)
  })

  t.test('a stop lasts until an admin confirms it, however long, and for whoever takes over', async (t) => {
    await confirm(db, [
      { object: 'Lead', id: 'x', marketoId: '1', state: 'confirmed', hashes: null, pushed: true },
    ])
    t.equal(await admitted('Lead', await marked(ids(0, 150))), 0)
    const [problem] = await listProblems(db)
    t.match(problem, {
      system: 'removals',
      code: 'mass-removal:Lead',
      reason: /^150 Lead records .* more than 100/,
      advice: /confirm/,
    })
    t.match(await readChange(db, 'id1'), { code: REMOVALS_STOPPED, reason: /until an admin confirms/ })
    await later(120)
    await clearProblems(db, [])
    const next = createBrake({ leader })
    await next.tell()
    t.match(await listProblems(db), [{ reason: /^150 Lead records/ }])
    t.equal((await next.admit('Lead', takenOf(await marked(ids(200, 1))))).size, 0, 'not even a single one')
    await confirmed(next)
    t.strictSame(await listProblems(db), [])
    t.ok((await readChange(db, 'id1'))!.due.getTime() <= Date.now() + 1_000, 'what waited is due now')
    t.equal((await next.admit('Lead', takenOf(ids(0, 150)))).size, 150)
  })

  t.test('a confirmation is for what was stopped: more of it is asked for again', async (t) => {
    t.equal(await admitted('Lead', await marked(ids(0, 150))), 0)
    await confirmed()
    t.equal(await admitted('Lead', await marked(ids(0, 300))), 150, 'the others were not looked at')
    t.match(await listProblems(db), [{ reason: /^150 Lead .* The 150 that are left/ }])
    await settled(ids(0, 300))
    await brake.tell()
    t.equal(await admitted('Lead', ids(0, 100)), 100, 'the confirmed ones are not counted')
    await marked(ids(0, 101))
    t.equal(await admitted('Lead', ids(0, 101)), 0, 'and their confirmation ended with their removal')
  })

  t.test(
    'a confirmation that comes in while more is stopped is for that too',
    { skip: kind.name !== 'postgres' && 'several transactions at once need PostgreSQL' },
    async (t) => {
      t.equal(await admitted('Lead', await marked(ids(0, 101))), 0)
      await marked(ids(200, 2))
      let confirming: Promise<void> | undefined
      const leader = leaderWith(db, {
        at: ({ records }) => records === 101,
        act: () => endedOrLocked(db, (confirming = confirmed())),
      })
      t.equal((await createBrake({ leader }).admit('Lead', takenOf(ids(200, 2)))).size, 0)
      await confirming
      t.equal(await admitted('Lead', ids(200, 2)), 2)
      t.strictSame(await listProblems(db), [])
    },
  )

  t.test(
    'what is stopped while the problems are told stays told',
    { skip: kind.name !== 'postgres' && 'several transactions at once need PostgreSQL' },
    async (t) => {
      await marked(ids(0, 150), 'Contact')
      t.equal(await admitted('Contact', ids(0, 150)), 0)
      await marked(ids(200, 101))
      let stopping: Promise<unknown> | undefined
      const leader = leaderWith(db, {
        at: ({ records }) => records === 150,
        act: () => endedOrLocked(db, (stopping = admitted('Lead', ids(200, 101)))),
      })
      await createBrake({ leader }).tell()
      await stopping
      t.strictSame(
        (await listProblems(db)).map(({ code }) => code),
        ['mass-removal:Contact', 'mass-removal:Lead'],
      )
    },
  )

  t.test('what was marked again since it was planned is looked at instead of stopped', async (t) => {
    await marked(ids(0, 101))
    const taken = await due(db, 'Lead', 101)
    await marked(['id0'])
    t.equal((await brake.admit('Lead', taken)).size, 0)
    t.strictSame(
      (await due(db, 'Lead', 101)).map(({ id }) => id),
      ['id0'],
    )
    t.match(await listProblems(db), [{ reason: /The 100 that/ }])
    await settled(ids(0, 101))
    await brake.tell()
    t.equal((await brake.admit('Lead', takenOf(await marked(ids(0, 101)), 0))).size, 0)
    t.strictSame(await listProblems(db), [], 'nothing is stopped, so there is nothing to tell')
  })

  t.test('a command to confirm is obeyed once, even if the process is killed over it', async (t) => {
    await sendCommand(db, { name: 'confirm-removals', arguments: {} })
    const obeyUntil = (transactions: number) => {
      const leader = leaderUntil(db, transactions)
      const act = ({ id }: SentCommand) => createBrake({ leader }).confirm(id)
      return createObey({ db, leader, log: createLog('silent'), now: Date.now, act })
    }
    t.equal(await admitted('Lead', await marked(ids(0, 101))), 0)
    await t.rejects(obeyUntil(1)(), /killed/)
    t.equal(await admitted('Lead', await marked(ids(200, 150))), 0)
    await obeyUntil(9)()
    t.equal(await admitted('Lead', ids(200, 150)), 0, 'what was stopped since was not confirmed')
    t.equal(await admitted('Lead', ids(0, 101)), 101)
    t.strictSame(await readCommands(db), [])
  })

  t.test(
    'of an object that a changed filter has emptied none goes, however few, until it is confirmed',
    async (t) => {
      const mappingBy = (filter: string, empties: boolean) => {
        const setting = { object: 'Lead', active: true, filter }
        return wholeMapping({ settings: [setting], empty: new Set(empties ? [setting] : []) })
      }
      const [good, slip, meant] = [
        mappingBy("Country = 'Germany'", false),
        mappingBy("Country = 'Grmany'", true),
        mappingBy("Country = 'Narnia'", true),
      ]
      const remap = (before: Mapping, after: Mapping) => leader((trx) => noteEmptied(trx, before, after))
      await confirm(db, [
        { object: 'Lead', id: 'x', marketoId: '1', state: 'confirmed', hashes: null, pushed: true },
      ])
      await remap(good, slip)
      await remap(slip, slip)
      await marked(ids(0, 3))
      t.equal(await admitted('Lead', ids(0, 1)), 0)
      t.equal(await admitted('Lead', ids(1, 2)), 0)
      t.match(await listProblems(db), [
        {
          system: 'removals',
          code: 'mass-removal:Lead',
          reason:
            /filter of Lead is now Country = 'Grmany', which lets no record through.*; 3 would be removed/,
          advice: /correct the filter.*confirm/,
        },
      ])
      t.equal(await admitted('Contact', await marked(ids(200, 2), 'Contact')), 2)

      await remap(slip, good)
      await settled(ids(0, 2))
      await brake.tell()
      t.match(await listProblems(db), [
        { reason: /^1 Lead records are to be removed from Marketo\. The 1 that/ },
      ])
      await settled(ids(2, 1))
      await brake.tell()
      t.strictSame(await listProblems(db), [])
      t.equal(await admitted('Lead', ids(0, 1)), 1)

      await remap(good, meant)
      t.equal(await admitted('Lead', await marked(ids(10, 2))), 0)
      await confirmed()
      await remap(meant, meant)
      t.equal(await admitted('Lead', ids(10, 4)), 4, 'the rest of it too')
      t.strictSame(await listProblems(db), [])
    },
  )

  t.test('a confirmation says nothing of an object that was emptied and not looked at yet', async (t) => {
    const settings = ['Lead', 'Contact'].map((object) => ({ object, active: true, filter: 'Slip = 1' }))
    await confirm(
      db,
      ['Lead', 'Contact'].map((object) => ({
        object,
        id: `${object} in Marketo`,
        marketoId: object,
        state: 'confirmed',
        hashes: null,
        pushed: true,
      })),
    )
    await leader((trx) =>
      noteEmptied(trx, wholeMapping(), wholeMapping({ settings, empty: new Set(settings) })),
    )
    t.equal(await admitted('Lead', await marked(ids(0, 2))), 0)
    await confirmed()
    t.equal(await admitted('Lead', ids(0, 2)), 2)
    t.equal(await admitted('Contact', await marked(ids(200, 2), 'Contact')), 0)
    await confirmed()
    t.equal(await admitted('Contact', ids(200, 2)), 2)
    t.equal(await admitted('Contact', ids(202, 1)), 1, 'the rest of it too')
  })

  t.test('a stop is over when nothing of it is to be removed any more', async (t) => {
    t.equal(await admitted('Lead', await marked(ids(0, 101))), 0)
    await settled(ids(0, 100))
    await brake.tell()
    t.match(await listProblems(db), [{ reason: /The 1 that/ }])
    t.equal(await admitted('Lead', ids(500, 1)), 0)
    await settled(ids(100, 1))
    await brake.tell()
    t.strictSame(await listProblems(db), [])
    t.equal(await admitted('Lead', ids(500, 1)), 1)
  })
})
