import { sql } from 'kysely'
import t from 'tap'
import { mark, PRIORITY, waitForParent } from '../../src/database/changes.ts'
import {
  claimPersons,
  confirm,
  countLedger,
  dependants,
  forget,
  lose,
  losePersons,
  ownersOfPersons,
  personsInUse,
  readLedger,
  usedOwners,
  type Confirmation,
} from '../../src/database/ledger.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const person = (id: string, marketoId: string | null, changes: Partial<Confirmation> = {}): Confirmation => ({
  object: 'Lead',
  id,
  marketoId,
  state: 'confirmed',
  hashes: null,
  pushed: true,
  ...changes,
})

for (const kind of await databaseKinds())
  t.test(`the ledger on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`truncate ledger, changes`.execute(db)
    })

    t.test('what was confirmed is read back whole', async (t) => {
      const hashes = Buffer.from(Array.from({ length: 20 }, (_, i) => i * 13))
      await confirm(db, [
        person('a', '7', { hashes, ownerId: 'u', accountId: 'c', adopted: true, notes: 'cut \0 here' }),
        person('r', null, {
          object: 'OpportunityContactRole',
          personId: 'a',
          opportunityId: 'o',
          roleKey: 'o|7|User',
        }),
      ])
      const read = await readLedger(db, ['a', 'r', 'a', 'nobody'])
      t.equal(read.size, 2)
      const entry = read.get('a')
      t.strictSame(Buffer.from(entry!.hashes!), hashes)
      t.match(entry, { ownerId: 'u', accountId: 'c', adopted: true, notes: 'cut \ufffd here', missed: 0 })
      t.match(read.get('r'), { personId: 'a', opportunityId: 'o', roleKey: 'o|7|User', hashes: null })
      t.equal((await readLedger(db, [])).size, 0)
    })

    t.test('only who still has the Marketo person that was missed has lost it', async (t) => {
      await confirm(db, [
        person('lost', '1'),
        person('anew', '12'),
        person('released', '3', { state: 'released' }),
      ])
      const missed = [
        { id: 'lost', marketoId: '1' },
        { id: 'anew', marketoId: '2' },
        { id: 'released', marketoId: '3' },
        { id: 'gone', marketoId: '4' },
      ]
      t.strictSame(await losePersons(db, missed), [{ id: 'lost', marketoId: '1' }])
      const read = await readLedger(db, ['lost', 'anew', 'released'])
      t.match(read.get('lost'), { state: 'lost', marketoId: null })
      t.match(read.get('anew'), { state: 'confirmed', marketoId: '12' })
      t.match(read.get('released'), { state: 'released', marketoId: '3' })
    })

    t.test(
      'the first confirmation’s time stays; a note without a push does not make a record rest',
      async (t) => {
        await confirm(db, [person('a', '7', { pushed: false })])
        await sql`update ledger set confirmed_at = confirmed_at - interval '1 day', missed = 3`.execute(db)
        const first = (await readLedger(db, ['a'])).get('a')!
        t.equal(first.pushedAt, null)
        await confirm(db, [person('a', '7')])
        const second = (await readLedger(db, ['a'])).get('a')!
        t.strictSame(second.confirmedAt, first.confirmedAt)
        t.ok(second.pushedAt)
        t.equal(second.missed, 0, 'what was confirmed is there')
        await confirm(db, [person('a', '7', { pushed: false })])
        t.strictSame((await readLedger(db, ['a'])).get('a')!.pushedAt, second.pushedAt)
      },
    )

    t.test('who is lost is remembered as long as it is lost', async (t) => {
      const id = 'lost-one'
      const entry = async () => (await readLedger(db, [id])).get(id)!
      await confirm(db, [
        { object: 'Lead', id, marketoId: '77', state: 'confirmed', hashes: null, pushed: true },
      ])
      await lose(db, [id])
      await lose(db, [id])
      await confirm(db, [{ ...(await entry()), notes: 'looked at', pushed: false }])
      t.match(await entry(), { state: 'lost', marketoId: null, lostId: '77' })
      await confirm(db, [{ ...(await entry()), marketoId: '78', state: 'confirmed', pushed: true }])
      t.match(await entry(), { marketoId: '78', lostId: null })
    })

    t.test('who is lost in Marketo is as gone from Salesforce as before', async (t) => {
      await confirm(db, [person('erased', '1')])
      await sql`update ledger set missed = 2`.execute(db)
      await lose(db, ['erased'])
      t.match((await readLedger(db, ['erased'])).get('erased'), { state: 'lost', missed: 2 })
    })

    t.test('a Marketo person is claimed by one record', async (t) => {
      const claim = (id: string, marketoId: string) => ({ object: 'Lead', id, marketoId })
      const won = await Promise.all([
        claimPersons(db, [claim('a', '1'), claim('b', '2')]),
        claimPersons(db, [{ ...claim('c', '1'), object: 'Contact' }, claim('d', '3')]),
      ])
      const all = won.flatMap((ids) => [...ids])
      t.ok(all.includes('b') && all.includes('d'))
      t.equal(all.filter((id) => id === 'a' || id === 'c').length, 1)
      t.match((await readLedger(db, ['b'])).get('b'), { state: 'claimed', adopted: true, marketoId: '2' })
      t.strictSame(await claimPersons(db, [claim('e', '2')]), new Set())
      t.strictSame(await ownersOfPersons(db, ['2', '9']), new Map([['2', 'b']]))
      t.strictSame(await claimPersons(db, []), new Set())
    })

    t.test(
      'a confirmed person can’t belong to two records, other objects may share their number',
      async (t) => {
        await confirm(db, [person('a', '1'), person('x', '1', { object: 'Account' })])
        await t.rejects(confirm(db, [person('b', '1', { object: 'Contact' })]))
        t.strictSame(await ownersOfPersons(db, ['1']), new Map([['1', 'a']]))
      },
    )

    t.test('a released person is in nobody’s use; whoever waits for another record is told', async (t) => {
      await confirm(db, [
        person('a', '1'),
        person('b', '2', { state: 'released' }),
        person('c', '3', { object: 'Contact', state: 'claimed' }),
        person('x', '4', { object: 'Account' }),
      ])
      await mark(db, [{ object: 'Lead', id: 'a', priority: PRIORITY.live }])
      await waitForParent(db, [{ id: 'a', parent: 'c', reason: 'it became part of it' }])
      t.strictSame(
        await personsInUse(db, ['1', '2', '3', '4', '5']),
        new Map([
          ['1', { id: 'a', waitsFor: 'c' }],
          ['3', { id: 'c', waitsFor: null }],
        ]),
      )
      t.strictSame(await personsInUse(db, []), new Map())
    })

    t.test('a record that comes into scope may claim, one that is in Marketo or was may not', async (t) => {
      await confirm(db, [
        person('left-out', null, { state: 'outside' }),
        person('known', '5'),
        person('released', '6', { state: 'released' }),
      ])
      const claims = ['left-out', 'known', 'released'].map((id, n) => ({
        object: 'Lead',
        id,
        marketoId: `1${n}`,
      }))
      t.strictSame(await claimPersons(db, claims), new Set(['left-out']))
      t.match((await readLedger(db, ['left-out'])).get('left-out'), { state: 'claimed', marketoId: '10' })
      t.match((await readLedger(db, ['known'])).get('known'), { state: 'confirmed', marketoId: '5' })
    })

    t.test('children are found by each of their parents', async (t) => {
      await confirm(db, [
        person('a', '1', { ownerId: 'u', accountId: 'c' }),
        person('b', '2', { ownerId: 'u' }),
      ])
      const found = async (...of: Parameters<typeof dependants> extends [unknown, ...infer R] ? R : never) =>
        (await dependants(db, ...of)).map(({ id }) => id)
      t.strictSame(await found('owner_id', ['u', 'v']), ['a', 'b'])
      t.strictSame(await found('account_id', ['c']), ['a'])
      t.strictSame(await found('person_id', ['a']), [])
      t.strictSame(await found('owner_id', []), [])
    })

    t.test('a user is used who owns what is in Marketo, or what waits for it', async (t) => {
      await confirm(db, [
        person('a', '1', { ownerId: 'u1' }),
        person('b', null, { ownerId: 'u2', state: 'outside' }),
        person('c', '3', { ownerId: 'u3', state: 'released' }),
      ])
      await mark(db, [{ object: 'Lead', id: 'd', priority: 1 }])
      await waitForParent(db, [{ id: 'd', parent: 'u4', reason: 'waits' }])
      t.strictSame(await usedOwners(db, ['u1', 'u2', 'u3', 'u4', 'u5']), new Set(['u1', 'u4']))
      t.strictSame(await usedOwners(db, []), new Set())
    })

    t.test('only what is in Marketo counts; what is forgotten is gone', async (t) => {
      await confirm(db, [person('a', '1'), person('b', '2'), person('c', null, { state: 'outside' })])
      t.strictSame(await countLedger(db), { Lead: 2 })
      await forget(db, ['a'])
      await forget(db, [])
      t.strictSame(await countLedger(db), { Lead: 1 })
    })
  })
