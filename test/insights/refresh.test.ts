import t from 'tap'
import { acquireLease, leaderTransactions } from '../../src/database/lease.ts'
import { insightsBetween, type KnownPerson } from '../../src/database/insights.ts'
import {
  noteRefreshProgress,
  readRefreshProgress,
  wantInsights,
} from '../../src/database/refresh-progress.ts'
import { listProblems } from '../../src/database/state.ts'
import { createRefresh, type Refresh } from '../../src/insights/refresh.ts'
import { createLog } from '../../src/log.ts'
import { databaseKinds, type DatabaseKind, type TestContext } from '../fixtures/databases.ts'
import { startMarketoSide, type MarketoSide } from '../fixtures/marketo.ts'
import { knowPersons, personId } from '../fixtures/persons.ts'
import type { MarketoOptions } from '../simulators/marketo/index.ts'
import type { Db } from '../../src/database/tables.ts'

const kinds = await databaseKinds()
const [kind] = kinds
const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Noon in Chicago. */
const NOON = Date.UTC(2026, 10, 23, 18)

interface Stage {
  db: Db
  marketo: MarketoSide
  /** Moves the clock. */
  later: (ms: number) => void
  lost: KnownPerson[]
  start: () => Refresh
  /** Creates persons in Marketo that the ledger knows; returns Marketo's ids. */
  persons: (count: number, adopted?: boolean) => Promise<number[]>
  values: () => Promise<Record<string, number | null>>
  calls: () => number
  /** Reads of persons that Marketo carried out: its token expires when the clock jumps. */
  reads: () => number
}

async function stage(t: TestContext, kind: DatabaseKind, options: MarketoOptions = {}): Promise<Stage> {
  const { db } = await kind.create(t)
  let at = NOON
  const now = (): number => ++at
  const marketo = await startMarketoSide(t, { now: () => at, ...options })
  const schema = await marketo.schema()
  const term = await acquireLease(db, 'test')
  const leader = leaderTransactions(db, term!)
  const lost: KnownPerson[] = []
  let made = 0
  const stopping = new AbortController()
  t.teardown(() => stopping.abort())
  return {
    db,
    marketo,
    lost,
    later: (ms) => {
      at += ms
    },
    start: () =>
      createRefresh({
        db,
        leader,
        client: marketo.client,
        schema,
        onLost: async (persons) => void lost.push(...persons),
        onMerged: async () => undefined,
        everyMinutes: 5,
        sweepEveryHours: 24,
        log: createLog('silent'),
        now,
        signal: stopping.signal,
      }),
    async persons(count, adopted = true) {
      const leads = Array.from({ length: count }, () => {
        const id = personId(made++)
        return { id, marketoId: marketo.simulator.instance.createLead({ externalPersonId: id }).id, adopted }
      })
      await knowPersons(db, leads)
      return leads.map((lead) => lead.marketoId)
    },
    async values() {
      const rows = await insightsBetween(db, 0, Number.MAX_SAFE_INTEGER, 10_000)
      return Object.fromEntries(rows.map((row) => [row.id, row.priority]))
    },
    calls: () => Object.values(marketo.simulator.calls.countsByEndpoint()).reduce((sum, n) => sum + n, 0),
    reads: () =>
      marketo.simulator.calls.entries.filter((call) => call.endpoint === 'leads.json' && call.executed)
        .length,
  }
}

for (const kind of kinds)
  t.test(`activities on ${kind.name} tell who changed, and nothing changed costs one call`, async (t) => {
    const { db, marketo, later, start, persons, values, calls } = await stage(t, kind)
    const refresh = start()
    const [one, two] = await persons(3)
    const stranger = marketo.simulator.instance.createLead({ email: 'not@ours.example' })
    t.equal(await refresh.runOnce(), 5 * MINUTE)
    t.strictSame(await values(), {}, 'at first only a token is taken')

    marketo.simulator.instance.changeScore(one!, { priority: 0, relativeScore: 2 })
    marketo.simulator.instance.changeScore(one!, { priority: 7 })
    marketo.simulator.instance.interestingMoment(two!, { type: 'Web', description: 'Visited' })
    marketo.simulator.instance.changeScore(stranger.id, { priority: 9 })
    t.ok((await refresh.runOnce()) > 4 * MINUTE, 'not due yet')
    later(5 * MINUTE)
    await refresh.runOnce()
    t.strictSame(await values(), { [personId(0)]: 7, [personId(1)]: null })
    t.match(
      (await insightsBetween(db, 0, 9, 9)).find((row) => row.id === personId(1)),
      {
        type: 'Web',
        description: 'Visited',
      },
    )
    const before = calls()
    later(5 * MINUTE)
    await refresh.runOnce()
    t.equal(calls() - before, 1)
    t.equal(
      (await readRefreshProgress(db)).lastRefreshAt,
      new Date(NOON + 10 * MINUTE).toISOString().slice(0, 20) +
        ((await readRefreshProgress(db)).lastRefreshAt ?? '').slice(20),
    )
  })

t.test('a person is read once however many activities it has, over short and empty pages', async (t) => {
  const { marketo, later, start, persons, values, reads } = await stage(t, kind!)
  const refresh = start()
  const ids = (await persons(3_000)).slice(0, 350)
  await refresh.runOnce()
  for (const round of [1, 2])
    for (const id of ids) marketo.simulator.instance.changeScore(id, { priority: round })
  later(5 * MINUTE)
  await refresh.runOnce()
  t.strictSame(
    Object.values(await values()),
    ids.map(() => 2),
  )
  t.ok(reads() <= 3, 'full calls of 300')
})

t.test('persons that activities pointed at are read after a failure, also by another process', async (t) => {
  const { db, marketo, later, start, persons, values } = await stage(t, kind!)
  const [one] = await persons(1)
  const first = start()
  await first.runOnce()
  marketo.simulator.instance.changeScore(one!, { priority: 5 })
  later(5 * MINUTE)
  const fault = marketo.simulator.faults.add({
    kind: 'error',
    code: '608',
    match: { endpoint: 'leads.json' },
  })
  t.ok((await first.runOnce()) > 0)
  t.match(await listProblems(db), [{ system: 'insights', reason: /refresh is held up.*unavailable/ }])
  t.strictSame(await values(), {})
  fault.remove()
  await start().runOnce()
  t.strictSame(await values(), { [personId(0)]: 5 })
})

t.test('a problem is over when it works again', async (t) => {
  const { db, marketo, later, start } = await stage(t, kind!)
  const refresh = start()
  marketo.simulator.faults.add({
    kind: 'error',
    code: '608',
    match: { endpoint: 'activities/types.json' },
    times: 1,
  })
  const wait = await refresh.runOnce()
  t.ok(wait > 0 && wait <= 60_000)
  t.equal((await listProblems(db)).length, 1)
  later(wait)
  await refresh.runOnce()
  t.strictSame(await listProblems(db), [])
})

t.test('a token that Marketo no longer takes means a new one and a sweep', async (t) => {
  const { db, later, start, persons, marketo, values } = await stage(t, kind!)
  const refresh = start()
  const [one] = await persons(2)
  await refresh.runOnce()
  await refresh.sweepOnce()
  await noteRefreshProgress(db, { token: 'worn-out' })
  marketo.simulator.instance.changeScore(one!, { priority: 5 })
  later(5 * MINUTE)
  await refresh.runOnce()
  t.equal((await readRefreshProgress(db)).sweepAsked, true)
  t.not((await readRefreshProgress(db)).token, 'worn-out')
  await refresh.sweepOnce()
  t.strictSame(await values(), { [personId(0)]: 5 })
  t.equal((await readRefreshProgress(db)).sweepAsked, false)
})

t.test('more activities than a sweep would cost are not paged through', async (t) => {
  const { db, later, start, persons, marketo, calls } = await stage(t, kind!, { shortPages: false })
  const refresh = start()
  const [one] = await persons(2)
  await refresh.runOnce()
  await refresh.sweepOnce()
  for (let i = 0; i < 3_000; i++) marketo.simulator.instance.changeScore(one!, { priority: i })
  later(5 * MINUTE)
  const before = calls()
  await refresh.runOnce()
  t.equal((await readRefreshProgress(db)).sweepAsked, true)
  t.ok(calls() - before <= 4)
})

t.test('the sweep reads everybody, but nobody whom we created since the last ranking', async (t) => {
  const { db, later, start, persons, marketo, values, reads } = await stage(t, kind!)
  const refresh = start()
  const adopted = await persons(301)
  const created = await persons(2, false)
  for (const id of [...adopted, ...created]) marketo.simulator.instance.changeScore(id, { priority: 1 })
  await refresh.runOnce()
  await refresh.sweepOnce()
  t.equal(Object.keys(await values()).length, 301)
  t.equal(reads(), 2)
  const { lastSweepAt } = await readRefreshProgress(db)
  t.type(lastSweepAt, 'string')
  await refresh.sweepOnce()
  t.equal(reads(), 2, 'not due again')

  marketo.simulator.instance.rankNightly(() => ({ relativeUrgency: 3 }))
  later(24 * HOUR)
  const wait = await refresh.sweepOnce()
  t.equal(reads(), 3, 'a regular sweep is spread over its period')
  t.ok(wait > 5 * HOUR && wait < 13 * HOUR)
  later(wait)
  await refresh.sweepOnce()
  t.equal(reads(), 4)
  t.equal(Object.keys(await values()).length, 303, 'those created yesterday are read too')
})

t.test('a sweep goes on where another process left it', async (t) => {
  const { marketo, start, persons, values, later } = await stage(t, kind!)
  const ids = await persons(900)
  for (const id of ids) marketo.simulator.instance.changeScore(id, { priority: 1 })
  const first = start()
  await first.runOnce()
  let calls = 0
  marketo.simulator.faults.add({
    kind: 'error',
    code: '608',
    match: { endpoint: 'leads.json', where: () => ++calls === 3 },
  })
  t.ok((await first.sweepOnce()) > 0)
  t.equal(Object.keys(await values()).length, 600)
  later(MINUTE)
  await start().sweepOnce()
  t.equal(Object.keys(await values()).length, 900)
  t.equal(calls, 4)
})

t.test('persons that Marketo no longer has are handed over', async (t) => {
  const { lost, marketo, start, persons, later } = await stage(t, kind!)
  const [one, two] = await persons(3)
  const refresh = start()
  await refresh.runOnce()
  marketo.simulator.instance.changeScore(one!, { priority: 1 })
  marketo.simulator.instance.deleteLead(one!)
  marketo.simulator.instance.deleteLead(two!)
  later(5 * MINUTE)
  await refresh.runOnce()
  t.strictSame(
    lost.map(({ id }) => id),
    [personId(0)],
    'an activity told of it',
  )
  await refresh.sweepOnce()
  t.ok(
    lost.some(({ id }) => id === personId(1)),
    'the sweep found it',
  )
  t.notOk(lost.some(({ id }) => id === personId(2)))
})

t.test('a person that is known a little later than its first activity is read all the same', async (t) => {
  const { db, marketo, start, values, later } = await stage(t, kind!)
  const refresh = start()
  await refresh.runOnce()
  const lead = marketo.simulator.instance.createLead({ externalPersonId: personId(0) })
  marketo.simulator.instance.changeScore(lead.id, { priority: 4 })
  later(5 * MINUTE)
  await refresh.runOnce()
  t.strictSame(await values(), {})
  await knowPersons(db, [{ id: personId(0), marketoId: lead.id }])
  later(5 * MINUTE)
  await refresh.runOnce()
  t.strictSame(await values(), { [personId(0)]: 4 })
})

t.test('the sync can ask for persons, and for too many at once it gets a sweep', async (t) => {
  const { db, marketo, start, persons, values, later } = await stage(t, kind!)
  const refresh = start()
  const [one] = await persons(1)
  await refresh.runOnce()
  await refresh.sweepOnce()
  marketo.simulator.instance.rankNightly(() => ({ relativeScore: 1 }))
  await wantInsights(db, [String(one), String(one)])
  later(5 * MINUTE)
  await refresh.runOnce()
  t.equal(Object.keys(await values()).length, 1)
  await wantInsights(db, ['1'])
  await wantInsights(
    db,
    Array.from({ length: 10_000 }, (_, n) => `9${n}`),
  )
  later(5 * MINUTE)
  await refresh.runOnce()
  t.equal((await readRefreshProgress(db)).sweepAsked, true)
})

t.test('a merge in Marketo tells whom it took away, long before the sweep', async (t) => {
  const { marketo, later, lost, start, persons, reads } = await stage(t, kind!)
  const [survivor, ...losers] = await persons(4)
  const refresh = start()
  await refresh.runOnce()
  const before = reads()
  marketo.simulator.instance.mergeLeads(survivor!, losers)
  later(5 * MINUTE)
  await refresh.runOnce()
  t.strictSame(new Set(lost.map(({ marketoId }) => Number(marketoId))), new Set(losers))
  t.equal(reads() - before, 1)
})

t.test('a merge in Marketo tells that the survivor may have new values', async (t) => {
  const { marketo, later, start, persons, values } = await stage(t, kind!)
  const [survivor] = await persons(1)
  const { instance } = marketo.simulator
  const loser = instance.createLead({ email: 'twin@merged.example' })
  instance.changeScore(loser.id, { priority: 8 })
  const refresh = start()
  await refresh.runOnce()
  instance.mergeLeads(survivor!, [loser.id])
  later(5 * MINUTE)
  await refresh.runOnce()
  t.strictSame(await values(), { [personId(0)]: 8 })
})

t.test('an instance without the activity types has a problem and lives by its sweep', async (t) => {
  const { db, marketo, start, persons, values } = await stage(t, kind!)
  const [one] = await persons(1)
  marketo.simulator.instance.changeScore(one!, { priority: 4 })
  marketo.simulator.faults.add({
    kind: 'http',
    status: 200,
    body: '{"success":true,"requestId":"1","result":[]}',
    contentType: 'application/json',
    match: { endpoint: 'activities/types.json' },
  })
  const refresh = start()
  await refresh.runOnce()
  t.match(await listProblems(db), [{ system: 'insights', code: 'activity-types' }])
  await refresh.sweepOnce()
  t.strictSame(await values(), { [personId(0)]: 4 })
})
