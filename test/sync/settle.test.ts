// What is left in the ledger of a write that Marketo took or refused.
import t from 'tap'
import { claimPersons, confirm, readLedger } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { decodeHashes, differenceOf } from '../../src/sync/hashes.ts'
import { createMarketers } from '../../src/sync/marketers.ts'
import { settleUpserts } from '../../src/sync/settle.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { entryOf, idOf, nameHash } from './fixtures/plans.ts'
import { writeOf } from './fixtures/writes.ts'

const kind = (await databaseKinds()).at(-1)!
const ID = idOf('Lead')

t.test('a claim on a person is given up when its write is refused, at whichever attempt', async (t) => {
  const { db } = await kind.create(t)
  for (const attempt of ['first', 'first, out of scope before', 'later']) {
    if (attempt.includes('before'))
      await confirm(db, [{ ...entryOf('Lead', ID, { state: 'outside' }), pushed: false }])
    const before = (await readLedger(db, [ID])).get(ID)
    const won = await claimPersons(db, [{ object: 'Lead', id: ID, marketoId: '7' }])
    t.strictSame([...won], [ID])
    const entry = attempt === 'later' ? (await readLedger(db, [ID])).get(ID) : before
    await settleUpserts((work) => db.transaction().execute(work), '', [
      {
        write: writeOf('Lead', ID, entry, { adopts: true, marketoId: '7' }),
        verdict: { kind: 'refused', code: '1003', reason: 'refused', advice: 'mend it' },
        marketoId: null,
        created: false,
      },
    ])
    t.strictSame([...(await readLedger(db, [ID]))], [], attempt)
  }
})

t.test('a record whose parent came into Marketo since the plan is looked at again', async (t) => {
  const { db } = await kind.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const [account, deal] = [idOf('Account'), idOf('Opportunity')]
  const settled = async () => {
    await settleUpserts(leader, '', [
      {
        write: writeOf('Opportunity', deal, undefined, { withheld: [account] }),
        verdict: { kind: 'accepted' },
        marketoId: 'guid',
        created: true,
      },
    ])
    return db.selectFrom('changes').select('id').execute()
  }
  await confirm(db, [{ ...entryOf('Account', account, { state: 'outside' }), pushed: false }])
  t.strictSame(await settled(), [])
  await confirm(db, [{ ...entryOf('Account', account), pushed: true }])
  t.strictSame(await settled(), [{ id: deal }])
})

for (const said of [false, true])
  t.test(
    `a merge in Marketo while a write is on its way that says ${said ? 'who' : 'nothing of who'} owns it`,
    async (t) => {
      const { db } = await kind.create(t)
      const leader: LeaderTransaction = (work) => db.transaction().execute(work)
      await confirm(db, [{ ...entryOf('Lead', ID, { marketoId: '7' }), pushed: true }])
      const entry = (await readLedger(db, [ID])).get(ID)
      const fields = { title: 'Chief', ...(said && { externalSalesPersonId: null }) }
      const write = writeOf('Lead', ID, entry, { fields })
      await leader((trx) =>
        createMarketers({ leader, wake: () => undefined }).onMerged(trx, [
          { id: ID, object: 'Lead', marketoId: '7' },
        ]),
      )
      await settleUpserts(leader, '', [
        { write, verdict: { kind: 'accepted' }, marketoId: '7', created: false },
      ])
      const sent = decodeHashes((await readLedger(db, [ID])).get(ID)!.hashes)
      const next = differenceOf(new Map([['externalSalesPersonId', null]]), sent, nameHash, false)
      t.strictSame(next.fields, said ? {} : { externalSalesPersonId: null })
    },
  )
