// What is left in the ledger of a write that Marketo refused.
import t from 'tap'
import { claimPersons, readLedger } from '../../src/database/ledger.ts'
import { settleUpserts } from '../../src/sync/settle.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { idOf } from './fixtures/plans.ts'
import { writeOf } from './fixtures/writes.ts'

const kind = (await databaseKinds()).at(-1)!

t.test('a claim on a person is given up when its write is refused, at whichever attempt', async (t) => {
  const { db } = await kind.create(t)
  const id = idOf('Lead')
  for (const attempt of ['first', 'later']) {
    const won = await claimPersons(db, [{ object: 'Lead', id, marketoId: '7' }])
    t.strictSame([...won], [id])
    const entry = attempt === 'first' ? undefined : (await readLedger(db, [id])).get(id)
    await settleUpserts((work) => db.transaction().execute(work), '', [
      {
        write: writeOf('Lead', id, entry, { adopts: true, marketoId: '7' }),
        verdict: { kind: 'refused', code: '1003', reason: 'refused', advice: 'mend it' },
        marketoId: null,
        created: false,
      },
    ])
    t.strictSame([...(await readLedger(db, [id]))], [], attempt)
  }
})
