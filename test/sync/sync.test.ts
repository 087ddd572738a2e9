// What the loop takes, and when: changes before whatever was found, both before a backfill, which goes level by level.
import t, { type Test } from 'tap'
import { mark, postpone, PRIORITY, settle, type Taken } from '../../src/database/changes.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { createLog } from '../../src/log.ts'
import { marketoDayOf } from '../../src/marketo/marketo-day.ts'
import { createPacing } from '../../src/marketo/pacing.ts'
import type { ObjectName } from '../../src/salesforce/ids.ts'
import { createSync } from '../../src/sync/sync.ts'
import { createTrouble } from '../../src/sync/trouble.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { unlimited } from '../fixtures/marketo.ts'
import { until } from '../fixtures/until.ts'
import { idOf } from './fixtures/plans.ts'

const kind = (await databaseKinds()).at(-1)!
const CALL = 300
/** With one call at a time: two calls' worth under way, and two more for changes. */
const FILL_AT_MOST = 2 * CALL
const AT_MOST = 4 * CALL

interface Piece {
  object: ObjectName
  taken: Taken[]
  /** The records are in Marketo. */
  end: () => Promise<void>
  fail: () => void
}

async function start(t: Test) {
  const { db } = await kind.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const pieces: Piece[] = []
  const filling = new Set<ObjectName>()
  const lookedUp = new Set<string>()
  const pacing = createPacing({
    store: unlimited(),
    limits: { callsPer20Seconds: 50, concurrency: 1, dailyCalls: 40_000, instanceDailyCalls: 50_000 },
  })
  let heldBack = 0
  const trouble = createTrouble({ leader, now: () => heldBack })
  const sync = createSync({
    db,
    leader,
    work(object, taken) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const end = async (): Promise<void> => {
        await settle(db, taken)
        resolve()
      }
      pieces.push({ object, taken, end, fail: () => reject(new Error('Salesforce is away')) })
      return promise
    },
    recover: { runOnce: async () => undefined, busy: () => lookedUp },
    pacing,
    trouble,
    filling: () => filling,
    concurrency: 1,
    now: Date.now,
    log: createLog('silent'),
    signal: new AbortController().signal,
  })
  t.teardown(async () => {
    for (const { end } of pieces) await end()
    await sync.idle()
  })
  return {
    db,
    sync,
    pacing,
    pieces,
    filling,
    lookedUp,
    trouble,
    wait: (ms: number) => void (heldBack += ms),
    want: (object: ObjectName, priority: keyof typeof PRIORITY, ...numbers: number[]): Promise<void> =>
      mark(
        db,
        numbers.map((n) => ({ object, id: idOf(object, n), priority: PRIORITY[priority] })),
      ),
    /** What a round takes: object and number of records, in order. */
    round: async (): Promise<[ObjectName, number][]> => {
      const before = pieces.length
      await sync.runOnce()
      return pieces.slice(before).map(({ object, taken }) => [object, taken.length])
    },
    /** What is under way gets to Marketo. */
    finish: async (): Promise<void> => {
      for (const { end } of pieces) await end()
      await sync.idle()
    },
  }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, n) => n)

t.test(
  'where all of an object are refused alike, one record at a time is tried, also of a backfill: one that has failed least',
  async (t) => {
    const { db, want, round, finish, trouble, wait, filling, pieces } = await start(t)
    await want('Lead', 'background', 1, 2, 3)
    await postpone(
      db,
      [1, 2].map((n) => ({ id: idOf('Lead', n), afterMs: 0, code: 'HTTP 400', reason: 'refused' })),
    )
    filling.add('Lead')
    await want('Contact', 'live', 1, 2)
    await trouble.alike.after('Lead', [{ kind: 'everybody', code: 'HTTP 400', reason: 'r', advice: 'a' }])
    t.strictSame(await round(), [['Contact', 2]], 'others go on')
    await finish()
    wait(1_000)
    t.strictSame(await round(), [['Lead', 1]])
    t.equal(pieces.at(-1)!.taken[0]!.id, idOf('Lead', 3))
    t.strictSame(await round(), [], 'one at a time')
    trouble.alike.admit('Lead', pieces.at(-1)!.taken, ({ attempts }) => attempts)
    await finish()
    t.strictSame(await round(), [], 'it is under way')
    await trouble.alike.after('Lead', [{ kind: 'accepted' }])
    await finish()
    filling.clear()
    t.strictSame(await round(), [['Lead', 2]])
  },
)

t.test(
  'where all of an object are refused alike, those that need no write are read by the call, and hold up none',
  async (t) => {
    const { db, want, round, finish, trouble, wait } = await start(t)
    await want('Lead', 'live', 0)
    await postpone(db, [{ id: idOf('Lead', 0), afterMs: 0, code: 'HTTP 400', reason: 'refused' }])
    await trouble.alike.after('Lead', [{ kind: 'everybody', code: 'HTTP 400', reason: 'r', advice: 'a' }])
    await want('Lead', 'found', ...upTo(2 * CALL).slice(1))
    t.strictSame(await round(), [], 'a pause')
    wait(1_000)
    // The one that failed, and would begin the next pause, is the last.
    for (const records of [CALL - 1, CALL - 1, 1, 1]) {
      t.strictSame(await round(), [['Lead', records]])
      t.strictSame(await round(), [], 'they may need a write')
      await finish()
    }
    t.strictSame(await round(), [])
  },
)

t.test(
  'a backfill leaves room, so that a change goes at once, however much of it is under way',
  async (t) => {
    const { want, round, sync, pieces } = await start(t)
    await want('Lead', 'background', ...upTo(5 * CALL))
    t.strictSame(await round(), [['Lead', FILL_AT_MOST]])
    t.strictSame(await round(), [], 'more of it must wait')
    const last = 5 * CALL - 1
    await want('Lead', 'live', last)
    t.strictSame(await round(), [['Lead', 1]], 'an edit of a record that the backfill had still to send')
    t.equal(pieces.at(-1)!.taken[0]!.id, idOf('Lead', last))
    await want('Contact', 'found', 1, 2)
    t.strictSame(await round(), [['Contact', 2]], 'and what the reconcile has found')
    await want('Contact', 'live', ...upTo(5 * CALL))
    while ((await round()).length > 0);
    t.equal(sync.inFlight(), AT_MOST, 'of changes too no more is taken than Marketo can use')
  },
)

t.test('changes and what was found go before a backfill, parents first', async (t) => {
  const { want, round, pieces } = await start(t)
  await want('User', 'background', ...upTo(CALL))
  await want('Lead', 'found', 1)
  await want('Lead', 'live', 2)
  await want('Account', 'found', 1)
  t.strictSame(await round(), [
    ['Account', 1],
    ['Lead', 2],
    ['User', CALL],
  ])
  t.strictSame(
    pieces[1]!.taken.map(({ id }) => id),
    [idOf('Lead', 2), idOf('Lead', 1)],
    'the change before what was found',
  )
})

t.test('a backfill goes level by level: children wait for their parents, changes do not', async (t) => {
  const { want, round, finish, filling } = await start(t)
  for (const object of ['User', 'Account', 'Lead', 'Contact', 'Opportunity'] as const)
    await want(object, 'background', 1, 2)
  t.strictSame(await round(), [['User', 2]])
  t.strictSame(await round(), [], 'the sales persons are under way')
  await want('Opportunity', 'live', 3)
  t.strictSame(await round(), [['Opportunity', 1]])
  filling.add('Account')
  await finish()
  t.strictSame(await round(), [], 'more companies may come, and fill this call')
  await want('Account', 'background', ...upTo(CALL))
  t.strictSame(await round(), [['Account', CALL]], 'a full call goes')
  await finish()
  t.strictSame(await round(), [], 'the last company may be still to come')
  filling.delete('Account')
  t.strictSame(await round(), [
    ['Lead', 2],
    ['Contact', 2],
  ])
  await finish()
  t.strictSame(await round(), [['Opportunity', 2]])
})

t.test('a record is in one piece of work at a time', async (t) => {
  const { want, round, finish, lookedUp } = await start(t)
  await want('Lead', 'live', 1)
  t.strictSame(await round(), [['Lead', 1]])
  await want('Lead', 'asked', 1)
  t.strictSame(await round(), [], 'it is under way')
  await finish()
  t.strictSame(await round(), [['Lead', 1]], 'what came meanwhile is not settled with it')
  await finish()
  await want('Lead', 'live', 1)
  lookedUp.add(idOf('Lead', 1))
  t.strictSame(await round(), [], 'its removal is being sent again')
  lookedUp.clear()
  t.strictSame(await round(), [['Lead', 1]])
})

t.test('work that fails gives its records back', async (t) => {
  const { db, want, round, sync, pieces } = await start(t)
  await want('Lead', 'live', 1)
  await round()
  pieces[0]!.fail()
  await sync.idle()
  t.equal(sync.inFlight(), 0)
  t.match(await db.selectFrom('changes').select(['id', 'attempts', 'reason']).execute(), [
    { id: idOf('Lead', 1), attempts: 1, reason: 'Salesforce is away' },
  ])
  await until('it to be taken again', async () => (await round()).length === 1)
})

t.test(
  "at 80 % of the instance's calls a backfill waits; with the day used up one record is tried",
  async (t) => {
    const { want, round, finish, pacing } = await start(t)
    await want('Lead', 'background', ...upTo(CALL))
    await want('Contact', 'live', 1, 2, 3)
    pacing.noteUsage({ date: marketoDayOf(Date.now()).date, total: 41_000 })
    t.strictSame(await round(), [['Contact', 3]])
    await want('Contact', 'live', 4, 5, 6)
    pacing.throttled('607')
    t.strictSame(await round(), [], 'what is under way is probe enough')
    await finish()
    t.strictSame(await round(), [['Contact', 1]])
  },
)
