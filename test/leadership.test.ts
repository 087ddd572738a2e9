import { sql } from 'kysely'
import t from 'tap'
import { leaderTransactions, readLease, type Term } from '../src/database/lease.ts'
import { openDatabase } from '../src/database/connection.ts'
import { startLeadership, type TermSignals } from '../src/leadership.ts'
import { createLog } from '../src/log.ts'
import { untilAborted } from '../src/loop.ts'
import { databaseKinds, type TestContext } from './fixtures/databases.ts'
import { until } from './fixtures/until.ts'
import type { Db } from '../src/database/tables.ts'

const log = createLog('silent')

interface Lived {
  terms: { term: Term; signals: TermSignals }[]
  leads: () => boolean
  close: () => Promise<void>
}

/** A process that leads for as long as it may, and does nothing. */
function live(t: TestContext, db: Db, run?: (term: Term, signals: TermSignals) => Promise<void>): Lived {
  const terms: Lived['terms'] = []
  const leadership = startLeadership({
    db,
    log,
    run: async (term, signals) => {
      terms.push({ term, signals })
      await (run?.(term, signals) ?? untilAborted(signals.stopping))
    },
  })
  t.teardown(() => leadership.close())
  return { terms, leads: () => leadership.leads(), close: () => leadership.close() }
}

for (const kind of await databaseKinds())
  t.test(`leading on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`update lease set holder = null, expires_at = now() - interval '1 second'`.execute(db)
    })

    t.test('a process leads, and hands over when it closes', async (t) => {
      const only = live(t, db)
      await until('it to lead', () => only.leads())
      t.match(await readLease(db), { held: true, epoch: only.terms[0]!.term.epoch })
      await only.close()
      t.notOk(only.leads())
      t.ok(only.terms[0]!.signals.stopping.aborted)
      t.notOk((await readLease(db)).held, 'the next one need not wait for the lease to run out')
    })

    t.test('one that closes lets its work end before it lets go of the lease', async (t) => {
      const order: string[] = []
      const only = live(t, db, async (term, { stopping, lost }) => {
        await untilAborted(stopping)
        t.notOk(lost.aborted, 'nothing is broken off')
        await leaderTransactions(db, term)(async () => undefined)
        order.push('work ended')
      })
      await until('it to lead', () => only.leads())
      await only.close()
      order.push('closed')
      t.strictSame(order, ['work ended', 'closed'])
    })

    t.test('a term that fails is followed by another', async (t) => {
      let failures = 0
      const only = live(t, db, async (_term, { stopping }) => {
        if (failures++ === 0) throw new Error('a bug')
        await untilAborted(stopping)
      })
      await until('a second term', () => only.terms.length === 2, 8_000)
      t.ok(only.terms[1]!.term.epoch > only.terms[0]!.term.epoch)
      await only.close()
    })

    t.test('one whose lease was lost does not say that it leads while its work ends', async (t) => {
      const work = Promise.withResolvers<void>()
      const only = live(t, db, () => work.promise)
      await until('it to lead', () => only.leads())
      await sql`update lease set holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 minute'`.execute(
        db,
      )
      await until('it to notice', () => only.terms[0]!.signals.lost.aborted)
      t.notOk(only.leads())
      work.resolve()
      await only.close()
    })

    t.test('one whose lease is somebody else’s breaks everything off', async (t) => {
      const only = live(t, db)
      await until('it to lead', () => only.leads())
      await sql`update lease set holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 minute'`.execute(
        db,
      )
      await until('it to notice', () => only.terms[0]!.signals.lost.aborted, 8_000)
      await until('it to stand by', () => !only.leads())
      t.match(
        await readLease(db),
        { holder: 'another', held: true },
        'and does not release what is not its own',
      )
      await only.close()
    })
  })

for (const kind of (await databaseKinds()).filter(({ name }) => name === 'postgres'))
  t.test('of two processes one leads, and the other takes over', async (t) => {
    const { db, url } = await kind.create(t)
    const other = await openDatabase({ url, tls: 'off', folder: '', log })
    t.teardown(() => other.close())
    const both = [live(t, db), live(t, other.db)]
    await until('one to lead', () => both.some(({ leads }) => leads()))
    t.equal(both.filter(({ leads }) => leads()).length, 1)
    const [leader, standby] = both[0]!.leads() ? both : both.toReversed()
    await leader!.close()
    await until('the other to lead', () => standby!.leads(), 8_000)
    t.ok(standby!.terms[0]!.term.epoch > leader!.terms[0]!.term.epoch)
    await standby!.close()
  })
