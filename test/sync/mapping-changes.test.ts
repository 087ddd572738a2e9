import { mock } from 'node:test'
import t from 'tap'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { createLog } from '../../src/log.ts'
import { changesOf, createCatchUp, noteChanges, type MappingChanges } from '../../src/sync/mapping-changes.ts'
import type { BackfillState } from '../../src/sync/backfill-state.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { wholeMapping, everyField, TEXT } from './fixtures/mappings.ts'

const setting = (active: boolean, filter: string | null) => ({
  settings: [{ object: 'Lead', active, filter }],
})

t.test('only what sends more asks for the records again', async (t) => {
  const before = wholeMapping()
  const { salesforce } = everyField()
  salesforce.Lead = new Map([...salesforce.Lead, ['Nickname__c', TEXT]])
  const nothing = { refill: [], recount: false }
  const again = { refill: ['Lead'], recount: false }
  const row = { object: 'Lead', salesforceField: 'Nickname__c', marketoField: 'title' }
  const other = wholeMapping({ salesforce, rows: [row] })

  t.strictSame(changesOf(undefined, before), nothing, 'the first mapping is the backfill’s')
  t.strictSame(changesOf(before, wholeMapping()), nothing)
  t.strictSame(changesOf(before, other), again, 'another source for a field')
  t.strictSame(changesOf(other, before), again, 'and back again')
  const fewer = { ...before, objects: { ...before.objects, Lead: { ...before.objects.Lead, fields: [] } } }
  t.strictSame(changesOf(before, fewer), nothing, 'a field that is taken out keeps its value')
  const orphaned = {
    ...before,
    objects: { ...before.objects, Lead: { ...before.objects.Lead, reads: ['Id', 'Email'] } },
  }
  t.strictSame(changesOf(orphaned, before), again, 'references that may be read again')
  t.strictSame(changesOf(wholeMapping(setting(false, null)), before), again, 'switched on')
  t.strictSame(changesOf(before, wholeMapping(setting(false, null))), nothing, 'switched off')
  t.strictSame(changesOf(before, wholeMapping(setting(true, 'Rating != null'))), {
    refill: [],
    recount: true,
  })
})

t.test('what changes again while the records are looked at is looked at once more', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const changed: MappingChanges = { refill: ['Lead'], recount: true }
  const note = () => leader((trx) => noteChanges(trx, changed))
  const asked: unknown[] = []
  let counted = 0
  const catchUp = createCatchUp({
    db,
    leader,
    backfill: {
      state: async () => ({ state: 'done' }) as BackfillState,
      request: async ({ objects }) => asked.push(objects) > 0,
      rests: () => false,
    },
    census: {
      runOnce: async () => {
        if (++counted === 1) await note()
      },
    },
    brake: { lookAgain: async () => undefined },
    log: createLog('silent'),
    now: Date.now,
  })
  await catchUp.runOnce()
  t.equal(counted, 0)
  await note()
  await catchUp.runOnce()
  await catchUp.runOnce()
  await catchUp.runOnce()
  t.equal(counted, 2)
  t.strictSame(asked, [['Lead'], ['Lead']])
})

t.test('a census that fails is not repeated at once, and goes on as what it was', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const note = () => leader((trx) => noteChanges(trx, { refill: [], recount: true }))
  const counts: (number | undefined)[] = []
  let looks = 0
  let fails = true
  let time = 7
  const catchUp = createCatchUp({
    db,
    leader,
    backfill: {
      state: async () => ({ state: 'done' }) as BackfillState,
      request: async () => true,
      rests: () => false,
    },
    census: {
      runOnce: async (since) => {
        counts.push(since)
        if (fails) throw new Error('no Opportunity for you')
      },
    },
    brake: { lookAgain: async () => void looks++ },
    log: createLog('silent'),
    now: () => time,
  })
  mock.timers.enable({ apis: ['Date'], now: 0 })
  t.teardown(() => mock.timers.reset())
  await note()
  let failures = 0
  const forSeconds = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await catchUp.runOnce().catch(() => failures++)
      mock.timers.tick(1_000)
      time++
    }
  }
  await forSeconds(3_600)
  t.ok(failures >= 5 && failures <= 12, `${failures} times in an hour`)
  t.equal(looks, 1)
  t.strictSame(new Set(counts), new Set([7]), 'what was counted since then is not counted again')

  t.comment('an admin who corrects the filter does not wait')
  await note()
  const at = time
  fails = false
  await forSeconds(1)
  t.equal(counts.at(-1), at)
  const all = counts.length
  await forSeconds(3)
  t.equal(counts.length, all, 'it is done')
})

t.test('what changes waits for a backfill, but not for an object that can not be read', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const asked: unknown[] = []
  let [rests, isPaused, counted] = [false, true, 0]
  const catchUp = createCatchUp({
    db,
    leader,
    backfill: {
      state: async () => ({ state: isPaused ? 'paused' : 'running' }) as BackfillState,
      async request({ objects }) {
        asked.push(objects)
        rests = false
        return true
      },
      rests: () => rests,
    },
    census: {
      async runOnce() {
        counted++
        throw new Error('no Opportunity for you')
      },
    },
    brake: { lookAgain: async () => undefined },
    log: createLog('silent'),
    now: Date.now,
  })
  mock.timers.enable({ apis: ['Date'], now: 0 })
  t.teardown(() => mock.timers.reset())
  await leader((trx) => noteChanges(trx, { refill: ['Lead'], recount: true }))
  rests = true
  await catchUp.runOnce()
  isPaused = false
  rests = false
  await catchUp.runOnce()
  t.equal(counted, 0)
  rests = true
  await t.rejects(catchUp.runOnce(), /no Opportunity/)
  t.strictSame(asked, [['Lead']], 'all the same')
  mock.timers.tick(60_000)
  await t.rejects(
    catchUp.runOnce(),
    /no Opportunity/,
    'nor does that wait for the end of what it has asked for',
  )
  t.strictSame(asked, [['Lead']])
})
