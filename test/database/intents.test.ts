import { sql } from 'kysely'
import t from 'tap'
import {
  assignCall,
  closeIntents,
  disownIntents,
  inheritIntents,
  keepAmbiguous,
  openIntents,
  pendingIntents,
  recordOf,
  reservePersons,
  takenKeys,
  unresolvedRecords,
  type Intent,
} from '../../src/database/intents.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const intent = (id: string, changes: Partial<Intent> = {}): Intent => ({
  id,
  object: 'Lead',
  kind: 'upsert',
  call: 'call-1',
  version: 7,
  marketoId: null,
  payload: { input: { email: 'a@b.c' } },
  ...changes,
})

t.test('the record of an intent', async (t) => {
  t.equal(recordOf('00K1'), '00K1')
  t.equal(recordOf('00K1:006|7|Decision: Maker'), '00K1')
})

for (const kind of await databaseKinds())
  t.test(`intents on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`truncate intents`.execute(db)
    })
    const pending = async (): Promise<string[]> => (await pendingIntents(db)).map(({ id }) => id)

    t.test('a write that is out is nobody’s business until its outcome is unknown', async (t) => {
      await openIntents(db, [intent('a'), intent('b'), intent('c', { call: 'call-2' })])
      t.strictSame(await pending(), [])
      t.strictSame(await unresolvedRecords(db), new Set())
      await closeIntents(db, ['a'])
      await keepAmbiguous(db, 'call-1')
      t.strictSame(await pending(), ['b'])
      t.strictSame(await unresolvedRecords(db), new Set(['b']))
      t.match((await pendingIntents(db))[0], {
        version: 7,
        kind: 'upsert',
        payload: { input: { email: 'a@b.c' } },
      })
    })

    t.test('persons that a removal found by a key are its own until it has an outcome', async (t) => {
      const taken = (...besides: string[]): Promise<Set<string>> =>
        takenKeys(db, { roleKeys: [], marketoIds: ['1', '2', '3', '4'], besides })
      await openIntents(db, [
        intent('a', { kind: 'merge', marketoId: '1', payload: { winner: '2' } }),
        intent('b', { marketoId: '9', payload: { persons: ['4'] } }),
      ])
      await reservePersons(db, [{ id: 'a', persons: ['3'] }])
      t.strictSame(await taken(), new Set(['1', '2', '3']), 'what a write sends is no reservation')
      t.strictSame(await taken('a'), new Set())
      await reservePersons(db, [{ id: 'a', persons: [] }])
      t.strictSame(await taken(), new Set(['1', '2']))
      await closeIntents(db, ['a'])
      t.strictSame(await taken(), new Set())
    })

    t.test('a record has one write out at a time', async (t) => {
      await openIntents(db, [intent('a')])
      await t.rejects(openIntents(db, [intent('b'), intent('a', { call: 'call-2' })]))
      await keepAmbiguous(db, 'call-2')
      t.strictSame(await pending(), [], 'the others of a refused batch are not out either')
      await openIntents(db, [])
    })

    t.test('the wait begins when the call ended, not when the intent was written', async (t) => {
      await openIntents(db, [intent('a')])
      await sql`update intents set started_at = now() - interval '10 minutes'`.execute(db)
      await keepAmbiguous(db, 'call-1')
      const [first] = await pendingIntents(db)
      t.ok(first!.ageMs < 5_000 && first!.ageMs >= 0, String(first!.ageMs))
    })

    t.test('a call that goes out while the lost ones are looked for is none of them', async (t) => {
      await openIntents(db, [intent('a'), intent('b', { call: 'call-2' })])
      const outstanding = new Set<string>()
      const disowning = disownIntents(db, outstanding)
      outstanding.add('call-1')
      t.equal(await disowning, 1)
      t.strictSame(await pending(), ['b'])
      t.equal(await disownIntents(db, outstanding), 0)
    })

    t.test('a new leader knows the outcome of nothing that was out', async (t) => {
      await openIntents(db, [intent('a'), intent('b', { kind: 'delete', call: '' })])
      t.equal(await inheritIntents(db), 1)
      t.strictSame(
        new Map((await pendingIntents(db)).map(({ id, ambiguous }) => [id, ambiguous])),
        new Map([
          ['a', true],
          ['b', false],
        ]),
        'what had not been sent yet is still to be sent',
      )
    })

    t.test('a delete of a role’s former key blocks its record, and is out once it has a call', async (t) => {
      await openIntents(db, [intent('00K1:006|7|User', { kind: 'delete', call: '' })])
      t.strictSame(await unresolvedRecords(db), new Set(['00K1']))
      await assignCall(db, ['00K1:006|7|User'], 'call-3')
      t.strictSame(await pending(), [])
      await assignCall(db, [], 'call-4')
      await closeIntents(db, [])
    })

    t.test('payloads with a NUL or half an emoji are kept', async (t) => {
      await openIntents(db, [intent('a', { call: '', payload: { text: 'a\0\ud83d\\u0000' } })])
      t.strictSame((await pendingIntents(db))[0]?.payload, { text: 'a\ufffd\ufffd\\u0000' })
    })
  })
