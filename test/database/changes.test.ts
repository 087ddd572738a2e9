import * as fc from 'fast-check'
import { sql } from 'kysely'
import t from 'tap'
import {
  countBackground,
  countChanges,
  dropWaiting,
  due,
  dueKinds,
  mark,
  markAwaited,
  postpone,
  PRIORITY,
  readChange,
  release,
  releaseCured,
  REST_SECONDS,
  settle,
  waitForParent,
  type Mark,
} from '../../src/database/changes.ts'
import { openIntents } from '../../src/database/intents.ts'
import { confirm } from '../../src/database/ledger.ts'
import { stopRemovals } from '../../src/database/removals.ts'
import { park } from '../../src/database/parked.ts'
import type { Db } from '../../src/database/tables.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'

const lead = (id: string, changes: Partial<Mark> = {}): Mark => ({
  object: 'Lead',
  id,
  priority: PRIORITY.live,
  ...changes,
})
const pushed = (id: string) => ({
  object: 'Lead',
  id,
  marketoId: null,
  state: 'confirmed' as const,
  hashes: null,
  pushed: true,
})

async function take(db: Db, id: string) {
  const row = await readChange(db, id)
  if (row === undefined) throw new Error(`${id} is not marked`)
  return row
}

/** Seconds until the mark is due, by the database's clock. */
async function dueIn(db: Db, id: string): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from due - now())::float8 as seconds from changes where id = ${id}`.execute(db)
  return rows[0]!.seconds
}

const ids = async (db: Db, limit = 10, lowest?: number): Promise<string[]> =>
  (await due(db, 'Lead', limit, lowest)).map(({ id }) => id)

for (const kind of await databaseKinds())
  t.test(`the queue on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`truncate changes, ledger, parked, intents`.execute(db)
    })

    t.test('the most urgent go first, then the oldest; other objects and the less urgent stay', async (t) => {
      await mark(db, [lead('c', { priority: PRIORITY.background }), lead('b')])
      await mark(db, [
        lead('a'),
        lead('e', { priority: PRIORITY.asked }),
        { ...lead('x'), object: 'Contact' },
      ])
      t.strictSame(await ids(db), ['e', 'b', 'a', 'c'])
      t.strictSame(await ids(db, 2), ['e', 'b'])
      t.strictSame(await ids(db, 10, PRIORITY.found), ['e', 'b', 'a'])
      t.match(await dueKinds(db), { live: new Set(['Lead', 'Contact']), background: new Set(['Lead']) })
    })

    t.test('what is due is found without reading the queue, however long it is', async (t) => {
      const many = 20_000
      await sql`
        insert into changes (object, id, version, priority, due, force, attempts, marked_at)
        select 'Lead', n::text, n, ${PRIORITY.background}, now(), false, 0, now() from generate_series(1, ${many}::int) as n`.execute(
        db,
      )
      await sql`analyze changes`.execute(db)
      const read = await db.transaction().execute(async (trx) => {
        t.match(await dueKinds(trx), { live: new Set(), background: new Set(['Lead']) })
        const { rows } = await sql<{ read: number }>`
          select seq_tup_read as read from pg_stat_xact_user_tables where relname = 'changes'`.execute(trx)
        return rows[0]?.read
      })
      t.equal(read, 0, 'no row by a scan of the table')
    })

    t.test('marking again raises version and priority, and never lowers them', async (t) => {
      await mark(db, [lead('a', { priority: PRIORITY.found })])
      const first = await take(db, 'a')
      await mark(db, [lead('a', { priority: PRIORITY.live, force: true })])
      await mark(db, [lead('a', { priority: PRIORITY.background })])
      const last = await take(db, 'a')
      t.equal(last.priority, PRIORITY.live)
      t.equal(last.force, true)
      t.ok(last.version > first.version)
      t.strictSame(last.marked_at, first.marked_at, 'the oldest change tells the lag')
    })

    t.test('a record that is awaited is not marked twice, only made as urgent', async (t) => {
      await mark(db, [lead('a', { priority: PRIORITY.background })])
      const under = await take(db, 'a')
      await markAwaited(db, [lead('a'), lead('b')])
      t.match(await take(db, 'a'), { version: under.version, priority: PRIORITY.live })
      t.match(await take(db, 'b'), { priority: PRIORITY.live })
      await settle(db, [under])
      t.equal(await readChange(db, 'a'), undefined)
    })

    t.test('one record twice in one call is one mark, with the higher priority', async (t) => {
      await mark(db, [
        lead('a', { priority: PRIORITY.found }),
        lead('a', { priority: PRIORITY.asked, force: true }),
        lead('a'),
      ])
      t.match(await take(db, 'a'), { priority: PRIORITY.asked, force: true })
      await mark(db, [])
    })

    t.test('settling deletes only the version that was taken', async (t) => {
      await mark(db, [lead('a'), lead('b')])
      const taken = [await take(db, 'a'), await take(db, 'b')]
      await mark(db, [lead('b')])
      await settle(db, taken)
      t.equal(await readChange(db, 'a'), undefined)
      t.ok(await readChange(db, 'b'))
      const rest = await dueIn(db, 'b')
      t.ok(rest > REST_SECONDS - 5 && rest <= REST_SECONDS, `what was edited meanwhile rests: ${rest}`)
    })

    t.test('a record rests after a push, unless somebody asks', async (t) => {
      await confirm(db, [pushed('a'), pushed('b')])
      await mark(db, [lead('a'), lead('b', { priority: PRIORITY.asked }), lead('c')])
      t.strictSame(await ids(db), ['b', 'c'])
      t.ok((await dueIn(db, 'a')) > REST_SECONDS - 5)
      await mark(db, [lead('a', { priority: PRIORITY.asked })])
      t.strictSame((await ids(db)).sort(), ['a', 'b', 'c'])
    })

    t.test('what backs off keeps its time when it is marked again, unless somebody asks', async (t) => {
      await mark(db, [lead('a')])
      await postpone(db, [{ id: 'a', afterMs: 60_000, code: '606', reason: 'too many calls' }])
      t.match(await take(db, 'a'), { attempts: 1, code: '606', reason: 'too many calls' })
      await mark(db, [lead('a')])
      t.ok((await dueIn(db, 'a')) > 50)
      t.strictSame(await ids(db), [])
      await mark(db, [lead('a', { priority: PRIORITY.asked })])
      t.strictSame(await ids(db), ['a'])
    })

    t.test('a removal that was stopped is looked at again when its record is marked', async (t) => {
      await mark(db, [lead('a')])
      t.strictSame(await stopRemovals(db, await due(db, 'Lead', 9)), ['a'])
      await postpone(db, [{ id: 'a', afterMs: 60_000, code: 'stopped', reason: 'x' }])
      t.strictSame(await ids(db), [])
      await mark(db, [lead('a')])
      t.strictSame(await ids(db), ['a'])
    })

    t.test('success forgets the attempts of a record that was marked again', async (t) => {
      await mark(db, [lead('a')])
      await postpone(db, [{ id: 'a', afterMs: 0, code: '604', reason: 'slow' }])
      const taken = await take(db, 'a')
      await mark(db, [lead('a')])
      await settle(db, [taken])
      t.match(await take(db, 'a'), { attempts: 0, code: null, reason: null })
    })

    t.test('children wait for a parent, and go on when it is there', async (t) => {
      await mark(db, [lead('a'), lead('b'), lead('c')])
      await waitForParent(db, [
        { id: 'a', parent: 'p', reason: 'waits for p' },
        { id: 'b', parent: 'q', reason: 'waits for q' },
      ])
      t.strictSame(await ids(db), ['c'])
      t.strictSame(await countChanges(db), { queue: { Lead: 1 }, waiting: { Lead: 2 } })
      await release(db, ['p'])
      t.strictSame((await ids(db)).sort(), ['a', 'c'])
      t.match(await take(db, 'a'), { waiting_for: null, code: null, reason: null })
    })

    t.test('a role whose delete is on its way counts as queued, once', async (t) => {
      const role = (key: string) => ({
        id: `00K1:${key}`,
        object: 'OpportunityContactRole',
        kind: 'delete' as const,
        call: '',
        version: 1,
        marketoId: null,
        payload: {},
      })
      await openIntents(db, [role('006|7|A'), role('006|7|B')])
      t.strictSame(await countChanges(db), { queue: { OpportunityContactRole: 1 }, waiting: {} })
      await mark(db, [{ object: 'OpportunityContactRole', id: '00K1', priority: PRIORITY.live }])
      t.strictSame(await countChanges(db), { queue: { OpportunityContactRole: 1 }, waiting: {} })
    })

    t.test('a change of a waiting child makes it be looked at, as it may have another parent', async (t) => {
      await mark(db, [lead('a')])
      const taken = await take(db, 'a')
      await waitForParent(db, [{ id: 'a', version: taken.version, parent: 'p', reason: 'waits' }])
      await mark(db, [lead('a')])
      t.strictSame(await ids(db), ['a'])
      await waitForParent(db, [{ id: 'a', version: taken.version, parent: 'p', reason: 'waits' }])
      t.strictSame(
        await ids(db),
        ['a'],
        'one that changed while it was looked at does not wait for the former parent',
      )
    })

    t.test('the safety net frees children whose parent is neither queued nor parked', async (t) => {
      await mark(db, [lead('a'), lead('b'), lead('c'), { object: 'Account', id: 'queued', priority: 1 }])
      await park(db, [
        { object: 'Account', id: 'parked', code: 'x', reason: 'x', advice: 'x', payload: null },
      ])
      await waitForParent(db, [
        { id: 'a', parent: 'queued', reason: 'x' },
        { id: 'b', parent: 'parked', reason: 'x' },
        { id: 'c', parent: 'forgotten', reason: 'x' },
      ])
      t.equal(await releaseCured(db), 1)
      t.strictSame(await ids(db), ['c'])
      t.equal(await releaseCured(db), 0)
    })

    t.test('background marks are counted only as far as the question needs', async (t) => {
      await mark(
        db,
        ['a', 'b', 'c'].map((id) => lead(id, { priority: PRIORITY.background })),
      )
      t.equal(await countBackground(db, 'Lead', 2), 2)
      t.equal(await countBackground(db, 'Lead', 9), 3)
      t.equal(await countBackground(db, 'User', 9), 0)
    })

    t.test('of records that have left, what waits is dropped, not what was marked again since', async (t) => {
      await mark(db, [lead('a'), lead('b'), lead('c')])
      await waitForParent(
        db,
        ['a', 'b', 'c'].map((id) => ({ id, parent: 'p', reason: 'x' })),
      )
      await mark(db, [lead('b')])
      await dropWaiting(db, ['a', 'b', 'zz'])
      await dropWaiting(db, [])
      t.equal(await readChange(db, 'a'), undefined)
      t.match(await readChange(db, 'b'), { waiting_for: null })
      t.match(await readChange(db, 'c'), { waiting_for: 'p' })
    })

    t.test('reasons with a NUL or half an emoji are stored, not choked on', async (t) => {
      await mark(db, [lead('a')])
      await postpone(db, [{ id: 'a', afterMs: 0, code: 'x', reason: 'a\0b\ud83d' }])
      t.equal((await take(db, 'a')).reason, 'a\ufffdb\ufffd')
    })

    t.test('in no order of marking, taking and settling is a change lost or kept too long', async () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('mark' as const), id: fc.constantFrom('a', 'b'), asked: fc.boolean() }),
        fc.record({ do: fc.constant('take' as const) }),
        fc.record({ do: fc.constant('settle' as const) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
          await sql`truncate changes`.execute(db)
          // What nobody has read since it was changed, and what each round took.
          const unread = new Set<string>()
          const rounds: { id: string; version: number }[][] = []
          for (const one of steps) {
            if (one.do === 'mark') {
              await mark(db, [lead(one.id, { priority: one.asked ? PRIORITY.asked : PRIORITY.live })])
              unread.add(one.id)
            } else if (one.do === 'take') {
              const rows = await db.selectFrom('changes').select(['id', 'version']).execute()
              rounds.push(rows)
              for (const { id } of rows) unread.delete(id)
            } else await settle(db, rounds.shift() ?? [])
            const left = new Set((await db.selectFrom('changes').select('id').execute()).map(({ id }) => id))
            for (const id of unread) if (!left.has(id)) return false
          }
          for (const round of rounds) await settle(db, round)
          const left = (await db.selectFrom('changes').select('id').execute()).map(({ id }) => id)
          return left.length === unread.size
        }),
        { numRuns: 15 },
      )
    })
  })

for (const kind of (await databaseKinds()).filter(({ name }) => name === 'postgres'))
  t.test('marks that wait for one row are numbered in the order in which they get it', async (t) => {
    const { db } = await kind.create(t)
    await mark(db, [lead('a')])
    const { between, marks } = await db.transaction().execute(async (holder) => {
      await sql`update changes set attempts = 0 where id = 'a'`.execute(holder)
      const waiting = [1, 2, 3].map(() => mark(db, [lead('a')]))
      await until('three marks to wait for the row', async () => {
        // Within a transaction what others do is seen as it was at the first look.
        await sql`select pg_stat_clear_snapshot()`.execute(holder)
        const { rows } = await sql<{ waiting: number }>`
          select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
          holder,
        )
        return rows[0]!.waiting === 3
      })
      const { rows } = await sql<{ last: number }>`select nextval('change_version') as last`.execute(holder)
      return { between: rows[0]!.last, marks: waiting }
    })
    await Promise.all(marks)
    const { version } = await take(db, 'a')
    t.equal(version, between + 3, 'each drew its version when its turn had come')
  })
