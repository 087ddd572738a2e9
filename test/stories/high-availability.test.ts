// Two processes on one PostgreSQL: exactly one leads, whatever happens to it (design §1, §5).
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import { readLease } from '../../src/database/lease.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'
import { CROWD, crowdedOrg as org, edit, epochOf, midway, onlySubscriber } from './fixtures/crowd.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { startInstallation, type BridgeProcess, type Installation } from './fixtures/processes.ts'

const postgres = (await databaseKinds()).find(({ name }) => name === 'postgres')
const skip = postgres ? false : 'two processes need PostgreSQL, and none answers'
if (skip) t.comment(skip)
t.setTimeout(120_000)
t.jobs = 2

const TAKE_OVER_MS = 15_000
const terms = (one: BridgeProcess): number =>
  one.log.filter((line) => line.includes('this process leads')).length

t.test(
  'The leader is killed in the middle: the other has taken over within 15 s, and nothing is lost or doubled; SIGTERM hands over',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, {
      kind: postgres!,
      processes: 2,
      org,
      marketo: { latencyMs: 250 },
    })
    const first = await all.leader()
    await all.quiet(30_000)
    await onlySubscriber(all)
    const other = all.processes.find((one) => one !== first)!
    t.equal(terms(other), 0)
    await until('the standby to tell of the installation', async () => {
      const { leader, stream, backfill } = await other.status()
      return !leader && stream.state === 'live' && backfill.state === 'done'
    })

    edit(all, 'Killed')
    await midway(all)
    const killedAt = Date.now()
    first.signal('SIGKILL')
    t.equal(await first.ended, 'SIGKILL')
    t.equal(await all.leader(), other)
    t.ok(Date.now() - killedAt < TAKE_OVER_MS, `taken over after ${Date.now() - killedAt} ms`)
    await all.inStep({ deadlineMs: 30_000 })
    t.equal(all.instance.leads.size, CROWD + 2 + 3)

    const third = await all.start()
    edit(all, 'Handed over')
    await midway(all)
    const askedAt = Date.now()
    other.signal('SIGTERM')
    t.equal(await other.ended, 0)
    t.ok(Date.now() - askedAt < 20_000, `ended after ${Date.now() - askedAt} ms`)
    const endedAt = Date.now()
    t.equal(await all.leader(), third)
    t.ok(Date.now() - endedAt < 5_000, `handed over in ${Date.now() - endedAt} ms`)
    await all.inStep({ deadlineMs: 30_000 })
    t.equal(all.instance.leads.size, CROWD + 2 + 6)
    t.strictSame(all.marketo.calls.violations(), [])
  },
)

t.test(
  'A leader that is frozen and resumed commits nothing; one whose database connections are cut goes on; never two leaders',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, {
      kind: postgres!,
      processes: 2,
      org,
      marketo: { latencyMs: 250 },
    })
    const frozen = await all.leader()
    await all.quiet(30_000)
    const epoch = await epochOf(all)
    const other = all.processes.find((one) => one !== frozen)!

    edit(all, 'Frozen')
    await midway(all)
    frozen.signal('SIGSTOP')
    const frozenAt = Date.now()
    await until('the other to lead', () => other.leads(), TAKE_OVER_MS)
    t.ok(Date.now() - frozenAt < TAKE_OVER_MS)
    edit(all, 'Newer')
    await midway(all)
    const lines = frozen.log.length
    frozen.signal('SIGCONT')
    t.equal(await all.leader(), other, 'it knows at once that it leads no more')
    await all.inStep({ deadlineMs: 30_000 })
    t.equal(await epochOf(all), epoch + 1)
    t.notOk(
      frozen.log.slice(lines).some((line) => /"msg":"pushed/.test(line)),
      'what it had out, the other looked up',
    )
    t.equal(
      all.salesforce.org.all('Lead').filter(({ Id }) => all.person(Id).fields.title !== 'Newer').length,
      0,
    )
    await onlySubscriber(all)

    for (let n = 0; n < 3; n++) {
      edit(all, `Cut ${n}`)
      await midway(all)
      await cutConnections(all)
    }
    await all.inStep({ deadlineMs: 40_000 })
    t.equal(await all.leader(), other)
    t.equal(await epochOf(all), epoch + 1, 'whose connections are cut goes on leading')
    t.equal(all.instance.leads.size, CROWD + 2 + 5 * 3)
    await onlySubscriber(all)
    t.strictSame(all.marketo.calls.violations(), [])
  },
)

t.test(
  'SIGTERM waits at most 20 s for Marketo, and leaves what has no outcome to whoever leads next',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, { kind: postgres!, processes: 1, org: smallOrg })
    const [one] = all.processes
    await all.quiet(30_000)
    const slow = all.marketo.faults.add({ kind: 'slow', ms: 60_000, match: { endpoint: 'leads.json' } })
    const lead = all.salesforce.org.all('Lead')[0]!.Id
    all.salesforce.org.update('Lead', lead, { Title: 'Hangs' })
    await until('the call to hang', () => slow.hits === 1)
    slow.remove()
    const askedAt = Date.now()
    one!.signal('SIGTERM')
    const later = all.salesforce.org.insert('Lead', { LastName: 'Later', Company: 'X' })
    t.equal(await one!.ended, 0)
    const seconds = (Date.now() - askedAt) / 1_000
    t.ok(seconds < 25, `ended after ${seconds} s`)
    t.match(await all.db.selectFrom('intents').select(['id', 'kind']).execute(), [
      { id: lead, kind: 'upsert' },
    ])
    t.strictSame(all.instance.findLeads('externalPersonId', later), [], 'no new work was taken')
    await all.start()
    await all.leader()
    await all.inStep({ deadlineMs: 30_000 })
    t.equal(all.person(lead).fields.title, 'Hangs')
  },
)

/** Far below what a login may take, and above what a busy machine takes to end a process. */
const AT_ONCE_MS = 8_000

t.test(
  'SIGTERM hands over at once while Salesforce does not answer a login',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, {
      kind: postgres!,
      processes: 1,
      org: smallOrg,
      before: (_marketo, salesforce) => salesforce.faults.slow(60_000, { kind: 'oauth', times: Infinity }),
    })
    const [one] = all.processes
    await until('a login to hang', () => all.salesforce.calls.count('oauth') === 1)
    t.ok(await one!.leads())
    await endsAtOnce(t, all, one!)
  },
)

t.test('SIGTERM hands over at once while a new token is not given', { skip, buffered: true }, async (t) => {
  const all = await startInstallation(t, { kind: postgres!, processes: 1, org: smallOrg })
  const [one] = all.processes
  await all.quiet(30_000)
  const logins = all.salesforce.calls.count('oauth')
  all.salesforce.faults.slow(60_000, { kind: 'oauth', times: Infinity })
  all.salesforce.faults.expireTokens()
  all.salesforce.faults.disconnectClients()
  await until('a login to hang', () => all.salesforce.calls.count('oauth') > logins)
  await endsAtOnce(t, all, one!)
})

async function endsAtOnce(t: Test, all: Installation, one: BridgeProcess): Promise<void> {
  const askedAt = Date.now()
  one.signal('SIGTERM')
  t.equal(await one.ended, 0)
  t.ok(Date.now() - askedAt < AT_ONCE_MS, `ended after ${Date.now() - askedAt} ms`)
  t.notOk((await readLease(all.db)).held, 'the next one need not wait for the lease to run out')
}

/** As when PostgreSQL restarts: every connection of every process, our own excepted. */
async function cutConnections({ db }: Installation): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.execute(db)
}

t.test(
  'A reconcile that an admin asked for is run by the next leader, where the one that took it is killed before',
  { skip, buffered: true },
  async (t) => {
    const all = await startInstallation(t, { kind: postgres!, processes: 1, org: smallOrg })
    const first = await all.leader()
    await all.quiet(30_000)
    // Without a stored position the next leader would reconcile by itself.
    all.org.insert('Lead', { LastName: 'Heard', Company: 'X' })
    await all.inStep({ deadlineMs: 30_000 })
    all.salesforce.faults.dropEventsAtSource(1)
    const unheard = all.org.insert('Lead', { LastName: 'Unheard', Company: 'X' })
    const down = all.salesforce.faults.status(503, {
      kind: ['query', 'queryAll'],
      times: Number.POSITIVE_INFINITY,
    })
    t.match(await all.api('/api/reconcile', { method: 'POST' }), { status: 202 })
    await until('the command to be taken', async () => {
      const commands = await all.db.selectFrom('commands').select('id').execute()
      return commands.length === 0
    })
    first.signal('SIGKILL')
    await first.ended
    down.remove()
    await all.start()
    await all.inStep({ deadlineMs: 40_000 })
    t.ok(all.person(unheard))
  },
)
