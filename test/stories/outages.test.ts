// What lasts longer than a lease: a leader that stands still, a database that is away (design §1, §5).
import t from 'tap'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'
import type { LoggedCall } from '../simulators/marketo/index.ts'
import { CROWD, crowdedOrg, edit, epochOf, midway, onlySubscriber } from './fixtures/crowd.ts'
import { takeDatabaseAway } from './fixtures/database-away.ts'
import { startInstallation, type BridgeProcess, type Installation } from './fixtures/processes.ts'

const postgres = (await databaseKinds()).find(({ name }) => name === 'postgres')
const skip = postgres ? false : 'an outage needs processes of their own on PostgreSQL, and none answers'
if (skip) t.comment(skip)
t.setTimeout(180_000)
t.jobs = 2

const FROZEN_MS = 30_000
const LEASE_MS = 10_000
const AWAY_MS = LEASE_MS + 2_000

const writesAfter = ({ marketo }: Installation, n: number): LoggedCall[] =>
  marketo.calls.since(n).filter(({ action }) => action !== undefined)
const lastCall = ({ marketo }: Installation): number => marketo.calls.last()?.n ?? 0
const passed = (ms: number, since: number): Promise<unknown> =>
  until(`${ms} ms to pass`, () => Date.now() - since >= ms, ms + 1_000)

const callsIntended = async ({ db }: Installation): Promise<number> =>
  (await db.selectFrom('intents').select('call').distinct().execute()).length

/** All that a leader commits about its records. */
const committed = async (all: Installation): Promise<unknown> => ({
  epoch: await epochOf(all),
  ledger: await all.db.selectFrom('ledger').selectAll().orderBy('id').execute(),
  intents: await all.db.selectFrom('intents').selectAll().execute(),
  changes: await all.db.selectFrom('changes').selectAll().execute(),
  parked: await all.db.selectFrom('parked').selectAll().execute(),
})

t.test(
  'A leader that stands still for 30 s, with calls out and more about to go, neither commits nor sends any of it afterwards',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, {
      kind: postgres!,
      processes: 2,
      org: crowdedOrg,
      env: { MARKETO_CONCURRENCY: '1' },
      marketo: { latencyMs: 500 },
    })
    const frozen = await all.leader()
    const other = all.processes.find((one) => one !== frozen)!
    await all.quiet(30_000)
    await onlySubscriber(all)
    const epoch = await epochOf(all)

    edit(all, 'Frozen')
    await until('one call to be under way, and another about to go', async () => {
      const isOut = [...all.marketo.calls].some(({ action, endedAt }) => action && endedAt === undefined)
      return isOut && (await callsIntended(all)) > 1
    })
    frozen.signal('SIGSTOP')
    const frozenAt = Date.now()
    t.ok((await callsIntended(all)) > 1, 'and so it is frozen')
    await until('the other to lead', () => other.leads(), 15_000)
    edit(all, 'Newer')
    await all.inStep({ deadlineMs: 30_000 })
    await passed(FROZEN_MS, frozenAt)

    const before = { committed: await committed(all), call: lastCall(all), line: frozen.log.length }
    frozen.signal('SIGCONT')
    await until('it to stand by', () =>
      frozen.log.slice(before.line).some((line) => line.includes('no longer leads')),
    )
    t.notOk(await frozen.leads())
    t.strictSame(writesAfter(all, before.call), [], 'nothing was sent')
    t.strictSame(await committed(all), before.committed, 'nothing was committed')
    t.equal(await epochOf(all), epoch + 1)
    t.equal(await all.leader(), other)

    edit(all, 'Last')
    await all.inStep({ deadlineMs: 30_000 })
    t.notMatch(JSON.stringify(writesAfter(all, before.call)), /Frozen/)
    t.equal(all.instance.leads.size, CROWD + 2 + 3 * 3)
    await onlySubscriber(all)
    t.strictSame(all.marketo.calls.violations(), [])
  },
)

t.test(
  'PostgreSQL is away for longer than the lease: the processes wait and say so, one leads again, and nothing is lost',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, {
      kind: postgres!,
      processes: 2,
      org: crowdedOrg,
      marketo: { latencyMs: 250 },
    })
    await all.leader()
    await all.quiet(30_000)
    await onlySubscriber(all)

    edit(all, 'Before')
    await midway(all)
    const bringBack = await takeDatabaseAway(t, all.databaseUrl)
    const awayAt = Date.now()
    for (const one of all.processes)
      t.match(await until('it to say so', () => health(one, 'ready', 503)), {
        ok: false,
        checks: [{ name: 'database', ok: false, reason: /.+/ }, { name: 'schema' }],
      })
    edit(all, 'While away')
    await passed(LEASE_MS, awayAt)
    const call = lastCall(all)
    await passed(AWAY_MS, awayAt)
    t.strictSame(writesAfter(all, call), [], 'nothing goes out that could not be committed')
    for (const one of all.processes) t.ok(await health(one, 'live', 200), 'the process lives')

    await bringBack()
    for (const one of all.processes) await until('it to be ready', () => health(one, 'ready', 200))
    const leader = await all.leader()
    await all.inStep({ deadlineMs: 40_000 })
    t.equal(all.instance.leads.size, CROWD + 2 + 2 * 3)
    t.equal(
      all.salesforce.org.all('Lead').filter(({ Id }) => all.person(Id).fields.title !== 'While away').length,
      0,
    )
    t.equal(await all.leader(), leader)
    await onlySubscriber(all)
    t.strictSame(all.marketo.calls.violations(), [])
  },
)

/** What a probe is told, once it is told this. */
async function health({ url }: BridgeProcess, probe: 'ready' | 'live', status: number): Promise<unknown> {
  const response = await fetch(`${url}/health/${probe}`, { signal: AbortSignal.timeout(8_000) })
  const told: unknown = await response.json()
  return response.status === status ? told : undefined
}
