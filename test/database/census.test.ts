import { sql } from 'kysely'
import t from 'tap'
import {
  addToCensus,
  clearCensus,
  countCensus,
  markUnknown,
  noteMissed,
  noteSeen,
  unseen,
} from '../../src/database/census.ts'
import { mark, readChange } from '../../src/database/changes.ts'
import { confirm, readLedger } from '../../src/database/ledger.ts'
import { park } from '../../src/database/parked.ts'
import type { LedgerState } from '../../src/database/tables.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const entry = (id: string, state: LedgerState = 'confirmed', object = 'Lead') => ({
  object,
  id,
  marketoId: null,
  state,
  hashes: null,
  pushed: true,
})

for (const kind of await databaseKinds())
  t.test(`the census on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    t.beforeEach(async () => {
      await sql`truncate census, changes, ledger, parked`.execute(db)
    })

    t.test('ids are counted once, and cleared for the next object', async (t) => {
      await addToCensus(db, ['a', 'b', 'a'])
      await addToCensus(db, ['b', 'c'])
      await addToCensus(db, [])
      t.equal(await countCensus(db), 3)
      await clearCensus(db)
      t.equal(await countCensus(db), 0)
    })

    t.test(
      'what Salesforce has and Marketo lacks is marked, unless it is queued or parked already',
      async (t) => {
        await confirm(db, [entry('known'), entry('left-out', 'outside')])
        await mark(db, [{ object: 'Lead', id: 'queued', priority: 1 }])
        await park(db, [{ object: 'Lead', id: 'parked', code: 'x', reason: 'x', advice: 'x', payload: null }])
        await addToCensus(db, ['known', 'left-out', 'queued', 'parked', 'new'])
        t.equal(await markUnknown(db, 'Lead'), 2)
        t.match(await readChange(db, 'new'), { object: 'Lead', force: false })
        t.ok(await readChange(db, 'left-out'))
        t.match(await readChange(db, 'queued'), { priority: 1 })
        t.equal(await readChange(db, 'parked'), undefined)
      },
    )

    t.test('what Marketo has and Salesforce doesn’t show is found page by page', async (t) => {
      await confirm(db, [
        entry('a'),
        entry('b'),
        entry('c'),
        entry('d', 'outside'),
        entry('e', 'confirmed', 'Contact'),
      ])
      await addToCensus(db, ['b'])
      t.strictSame(await unseen(db, 'Lead', '', 1), ['a'])
      t.strictSame(await unseen(db, 'Lead', 'a', 9), ['c'])
    })

    t.test('censuses running are counted, a proof counts at once, and being seen ends it', async (t) => {
      await confirm(db, [entry('a'), entry('b'), entry('c')])
      const missed = async (): Promise<number[]> =>
        [...(await readLedger(db, ['a', 'b', 'c'])).values()]
          .sort((x, y) => x.id.localeCompare(y.id))
          .map((one) => one.missed)
      await noteMissed(
        db,
        [
          { id: 'a', proven: false },
          { id: 'b', proven: true },
        ],
        2,
      )
      t.strictSame(await missed(), [1, 2, 0])
      await noteMissed(db, [{ id: 'a', proven: false }], 2)
      t.strictSame(await missed(), [2, 2, 0])
      await noteSeen(db, ['a'])
      await noteSeen(db, [])
      await noteMissed(db, [], 2)
      t.strictSame(await missed(), [0, 2, 0])
    })
  })
