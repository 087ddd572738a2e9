// Deletes whose call fails as a whole: the neighbours of the record that is at fault are not held up by it.
import t from 'tap'
import { sql } from 'kysely'
import { mark, PRIORITY, readChange } from '../../src/database/changes.ts'
import {
  closeIntents,
  disownIntents,
  openIntents,
  pendingIntents,
  type Intent,
} from '../../src/database/intents.ts'
import { confirm, lose, readLedger } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { listProblems } from '../../src/database/state.ts'
import { createLog } from '../../src/log.ts'
import { syncObjects } from '../../src/marketo/calls.ts'
import { createCarryOut } from '../../src/sync/carry-out.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { until } from '../fixtures/until.ts'
import { idOf } from './fixtures/plans.ts'

const kind = (await databaseKinds()).at(-1)!
const COUNT = 12
const WAIT_MS = 400

t.test('deletes', async (t) => {
  const { db } = await kind.create(t)
  const { simulator, client } = await startMarketoSide(t, { callsPer20Seconds: 10_000 })
  const { signal } = new AbortController()
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const outstanding = new Set<string>()
  const clock = { now: 1_000_000 }
  const carryOut = createCarryOut({
    leader,
    client,
    log: createLog('silent'),
    counters: { received: () => undefined, pushed: () => undefined, confirmed: () => undefined },
    outstanding,
    optOuts: ['unsubscribed', 'doNotCall'],
    waitMs: WAIT_MS,
    now: () => clock.now,
    signal,
  })
  const ids = Array.from({ length: COUNT }, (_, n) => idOf('Account', n))
  const [poison] = ids as [string]

  const open = async (attempts: number): Promise<Intent[]> => {
    await sql`truncate intents, ledger, changes, parked`.execute(db)
    const input = ids.map((externalCompanyId) => ({ externalCompanyId, company: 'X' }))
    await syncObjects(client, 'Company', { input, priority: 'live', signal })
    await confirm(
      db,
      ids.map((id) => ({
        object: 'Account',
        id,
        marketoId: '1',
        state: 'confirmed' as const,
        hashes: null,
        pushed: true,
      })),
    )
    await mark(
      db,
      ids.map((id) => ({ object: 'Account', id, priority: PRIORITY.live })),
    )
    const intents = ids.map((id): Intent => ({
      id,
      object: 'Account',
      kind: 'delete',
      call: 'x',
      version: Number.MAX_SAFE_INTEGER,
      marketoId: '1',
      payload: { how: 'delete', key: { externalCompanyId: id }, attempts, suspect: attempts > 0 },
    }))
    await openIntents(db, intents)
    return intents
  }
  const left = (): string[] => ids.filter((id) => simulator.instance.findCompany(id))
  const failing = (code: string) =>
    simulator.faults.add({
      kind: 'error',
      code,
      match: {
        endpoint: 'companies/delete.json',
        where: ({ records = [] }) => JSON.stringify(records).includes(poison),
      },
    })

  t.afterEach(() => simulator.faults.clear())

  t.test('one that Marketo refuses a whole call for is parked alone, found by halving', async (t) => {
    const fault = failing('709')
    await carryOut(await open(0))
    t.strictSame(left(), [poison])
    t.ok(fault.hits <= 2 * Math.ceil(Math.log2(COUNT)) + 1, `${fault.hits} refused calls`)
    const parked = await db.selectFrom('parked').select(['id', 'code']).execute()
    t.strictSame(parked, [{ id: poison, code: '709' }])
    t.strictSame(await pendingIntents(db), [])
  })

  t.test('where every delete is refused alike nothing is parked, and that is told', async (t) => {
    const wall = simulator.faults.add({
      kind: 'http',
      status: 400,
      match: { endpoint: 'companies/delete.json' },
    })
    await carryOut(await open(0))
    t.ok(wall.hits <= 15, `${wall.hits} calls`)
    t.equal(left().length, COUNT)
    t.strictSame(await db.selectFrom('parked').select('id').execute(), [])
    t.strictSame(await pendingIntents(db), [])
    t.match(await readChange(db, poison), { code: 'HTTP 400', attempts: 1 })
    t.match(await listProblems(db), [
      { code: 'removals', reason: /Nothing can be removed.*HTTP 400|understand/ },
    ])
    wall.remove()
    clock.now += 1_000
    await carryOut(await open(1))
    t.equal(left().length, COUNT - 1, 'one is tried first')
    await carryOut(await open(1))
    t.strictSame(left(), [])
    t.strictSame(await listProblems(db), [])
  })

  t.test(
    'after deletes that were refused alike one is tried after growing pauses; the others wait, and count no attempt',
    async (t) => {
      const wall = simulator.faults.add({
        kind: 'http',
        status: 400,
        match: { endpoint: 'companies/delete.json' },
      })
      const started = clock.now
      const attempts = async (): Promise<number[]> =>
        (await db.selectFrom('changes').select('attempts').orderBy('id').execute()).map((row) => row.attempts)
      await carryOut(await open(0))
      t.strictSame(await attempts(), Array<number>(COUNT).fill(1))
      const { hits } = wall
      const tried: number[] = []
      while (tried.length < 6) {
        const before = wall.hits
        await carryOut(await open(1))
        t.ok(wall.hits <= before + 1, 'one at a time')
        t.strictSame(await pendingIntents(db), [])
        const sent = (await attempts()).filter((count) => count > 0).length
        t.equal(sent, wall.hits - before)
        if (sent > 0) tried.push((clock.now - started) / 1_000)
        const waits = await sql<{
          n: number
        }>`select count(*)::int as n from changes where due <= now()`.execute(db)
        t.equal(waits.rows[0]?.n, 0, 'none is read again at once')
        clock.now += 1_000
      }
      t.equal(wall.hits, hits + 6)
      t.strictSame(tried, [1, 3, 7, 15, 31, 63])
      wall.remove()
      clock.now += 60_000
      const [first, ...others] = await open(1)
      await carryOut([{ ...first!, payload: { ...first!.payload, attempts: 7 } }, ...others])
      t.equal(left().length, COUNT - 1)
      t.ok(left().includes(poison), 'one that has failed least')
      await carryOut(await open(1))
      t.strictSame(left(), [])
    },
  )

  t.test('a delete that is refused alike again and again is tried after growing waits', async (t) => {
    simulator.faults.add({ kind: 'http', status: 400, match: { endpoint: 'companies/delete.json' } })
    const waits: number[] = []
    for (const attempts of [0, 3, 9]) {
      const [one] = await open(attempts)
      await sql`update changes set attempts = ${attempts}`.execute(db)
      await carryOut([one!])
      clock.now += 60_000
      const { rows } = await sql<{ ms: number }>`
        select extract(epoch from due - now())::float8 as ms from changes where id = ${poison}`.execute(db)
      waits.push(Math.ceil(rows[0]!.ms))
    }
    t.strictSame(waits, [1, 8, 60])
    simulator.faults.clear()
    await carryOut(await open(1))
    await carryOut(await open(1))
    t.strictSame(left(), [])
  })

  t.test(
    'a lone delete that is refused is told at its third failure, and no more when it is parked',
    async (t) => {
      simulator.faults.add({ kind: 'http', status: 400, match: { endpoint: 'companies/delete.json' } })
      for (const [attempts, told] of [
        [0, 0],
        [1, 0],
        [2, 1],
        [119, 0],
        [0, 0],
        [1, 0],
        [2, 1],
      ] as const) {
        await carryOut((await open(attempts)).slice(0, 1))
        t.equal((await listProblems(db)).length, told)
        t.equal((await db.selectFrom('parked').select('id').execute()).length, attempts === 119 ? 1 : 0)
        clock.now += 60_000
      }
      simulator.faults.clear()
      await carryOut((await open(3)).slice(0, 1))
      t.strictSame(await listProblems(db), [])
    },
  )

  t.test('a refusal that is of no removal proves nothing gone', async (t) => {
    failing('718')
    await carryOut(await open(0))
    t.strictSame(left(), [poison])
    t.match(await readChange(db, poison), { code: '718' })
    t.ok((await readLedger(db, [poison])).has(poison))
  })

  t.test(
    'more persons with the key of one who seemed lost than a call takes are let go of in turns',
    async (t) => {
      await open(0)
      await sql`truncate intents, ledger, changes`.execute(db)
      const id = idOf('Lead')
      for (let n = 0; n < 301; n++) simulator.instance.createLead({ externalPersonId: id })
      await confirm(db, [
        { object: 'Lead', id, marketoId: '1', state: 'confirmed', hashes: null, pushed: true },
      ])
      await lose(db, [id])
      const intent: Intent = {
        id,
        object: 'Lead',
        kind: 'delete',
        call: 'x',
        version: Number.MAX_SAFE_INTEGER,
        marketoId: null,
        payload: { how: 'release by key', own: null },
      }
      await openIntents(db, [intent])
      const withKey = (): number => simulator.instance.findLeads('externalPersonId', id).length
      await carryOut([intent])
      t.equal(withKey(), 1)
      t.match(await pendingIntents(db), [{ id, ambiguous: true }], 'not over yet')
      await carryOut([intent])
      t.equal(withKey(), 0)
      t.strictSame(await pendingIntents(db), [])
    },
  )

  t.test('a merge that waits for a look-up is not taken for one that nobody has out', async (t) => {
    await open(0)
    await sql`truncate intents, ledger, changes`.execute(db)
    const [winner, loser] = [1, 2].map((n) => idOf('Lead', n)) as [string, string]
    const [kept, gone] = [winner, loser].map((externalPersonId) =>
      String(simulator.instance.createLead({ externalPersonId }).id),
    ) as [string, string]
    await confirm(
      db,
      [
        [winner, kept],
        [loser, gone],
      ].map(([id, marketoId]) => ({
        object: 'Lead',
        id: id!,
        marketoId: marketoId!,
        state: 'confirmed' as const,
        hashes: null,
        pushed: true,
      })),
    )
    const intent: Intent = {
      id: loser,
      object: 'Lead',
      kind: 'merge',
      call: 'x',
      version: Number.MAX_SAFE_INTEGER,
      marketoId: gone,
      payload: { how: 'merge', winner: kept, loser: gone, into: winner },
    }
    // What is decided together goes out under one call, and is ready sooner.
    const other: Intent = {
      ...intent,
      id: idOf('Lead', 3),
      kind: 'delete',
      marketoId: String(simulator.instance.createLead({ lastName: 'Other' }).id),
      payload: { how: 'delete person' },
    }
    await openIntents(db, [intent, other])
    simulator.faults.add({ kind: 'slow', ms: 500, match: { endpoint: 'leads.json', method: 'GET' } })
    let ended = false
    // As the decision does (removals.ts).
    outstanding.add(intent.call)
    const merging = carryOut([other, intent]).finally(() => (ended = true))
    let disowned = 0
    await until('the merge', async () => {
      disowned += await disownIntents(db, outstanding)
      return ended
    })
    await merging
    outstanding.delete(intent.call)
    t.equal(disowned, 0)
    t.notOk(simulator.instance.leads.has(Number(gone)))
  })

  t.test('what has no intent any more is not sent', async (t) => {
    const intents = await open(0)
    await closeIntents(db, [poison])
    await carryOut(intents)
    t.strictSame(left(), [poison])
  })

  t.test('what Marketo denies is a problem until a removal succeeds, and its marks wait', async (t) => {
    failing('603')
    await carryOut(await open(0))
    t.match(await listProblems(db), [{ system: 'marketo', code: 'removals', advice: /Users & Roles/ }])
    t.match(await readChange(db, poison), { code: '603', attempts: 1 })
    simulator.faults.clear()
    await carryOut(await open(1))
    t.strictSame(left(), [])
    t.strictSame(await listProblems(db), [])
  })

  t.test('a system error is looked up first, and after some attempts the call gets smaller', async (t) => {
    failing('611')
    await carryOut(await open(0))
    t.strictSame(left(), ids, 'all in one call, of unknown outcome')
    t.match(
      (await pendingIntents(db)).map(({ payload }) => payload),
      ids.map(() => ({ attempts: 1, suspect: true })),
    )
    await carryOut(await open(12))
    t.strictSame(left(), [poison], 'its neighbours are gone')
    t.match(await pendingIntents(db), [{ id: poison, payload: { attempts: 13 } }])
    await carryOut((await open(51)).slice(0, 1))
    t.match(await db.selectFrom('parked').select(['id', 'code']).execute(), [{ id: poison, code: '611' }])
  })

  t.test(
    'a role key that two deletes have is in one call at a time, also while nobody knows what became of one',
    async (t) => {
      const roleKey = `${idOf('Opportunity', 1)}|1000001|Evaluator`
      const deletes = [1, 2].map((n) => deleteOfKey(n, roleKey))
      const tried = (): number =>
        simulator.calls.entries.filter(({ endpoint }) => endpoint === 'opportunities/roles/delete.json')
          .length
      await sql`truncate intents, ledger, changes, parked`.execute(db)
      await openIntents(db, deletes)
      simulator.faults.add({ kind: 'slow', ms: 100 })
      await carryOut(deletes)
      t.equal(tried(), 1)
      await carryOut(await pendingIntents(db))
      t.strictSame(await pendingIntents(db), [], 'then the other one')

      await openIntents(db, deletes)
      simulator.faults.add({ kind: 'drop', when: 'after', times: 1 })
      await carryOut(deletes.slice(0, 1))
      const before = tried()
      await carryOut(deletes.slice(1))
      t.equal(tried(), before, 'the first may go on')
      await until('the other to go', async () => {
        await carryOut(deletes.slice(1))
        return tried() > before
      })
      t.strictSame(simulator.calls.violations(), [])
    },
  )

  t.test(
    'deletes of former role keys that are held up by others stay, and are sent when there is room',
    async (t) => {
      const wall = simulator.faults.add({
        kind: 'http',
        status: 400,
        match: { endpoint: 'opportunities/roles/delete.json' },
      })
      await sql`truncate intents, ledger, changes, parked`.execute(db)
      const deletes = [1, 2].map((n) => deleteOfKey(n, `${idOf('Opportunity', n)}|1000001|Evaluator`))
      await openIntents(db, deletes)
      await carryOut(deletes)
      const { hits } = wall
      await carryOut(await pendingIntents(db))
      t.equal(wall.hits, hits)
      t.equal((await pendingIntents(db)).length, 2)
      wall.remove()
      clock.now += 1_000
      for (const left of [1, 0]) {
        await carryOut(await pendingIntents(db))
        t.equal((await pendingIntents(db)).length, left)
      }
    },
  )
})

/** The delete of a role's former key, not sent yet. */
function deleteOfKey(n: number, roleKey: string): Intent {
  return {
    id: `${idOf('OpportunityContactRole', n)}:${roleKey}`,
    object: 'OpportunityContactRole',
    kind: 'delete',
    call: '',
    version: 0,
    marketoId: null,
    payload: { how: 'delete role', roleKey },
  }
}
