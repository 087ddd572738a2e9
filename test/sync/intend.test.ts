// What is committed right before a call, and what must not go with it.
import t from 'tap'
import { mark } from '../../src/database/changes.ts'
import { confirm, forget, readLedger } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import type { Db } from '../../src/database/tables.ts'
import { intend } from '../../src/sync/intend.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { entryOf, hashesOf, idOf } from './fixtures/plans.ts'
import { writeOf } from './fixtures/writes.ts'

const LEAD = idOf('Lead')

const MEANWHILE: Record<string, (db: Db) => Promise<void>> = {
  'its Contact has taken the Marketo person over': async (db) => {
    await forget(db, [LEAD])
    await confirm(db, [{ ...entryOf('Contact', idOf('Contact'), { marketoId: '7' }), pushed: true }])
  },
  'a merge has filled values in, which would never be cleared': (db) =>
    confirm(db, [
      { ...entryOf('Lead', LEAD, { marketoId: '7', hashes: hashesOf({ city: 'Lund' }) }), pushed: false },
    ]),
  "a merge has made it a marketer's, too": (db) =>
    confirm(db, [{ ...entryOf('Lead', LEAD, { marketoId: '7', adopted: true }), pushed: false }]),
}

for (const kind of await databaseKinds())
  for (const [what, happen] of Object.entries(MEANWHILE))
    t.test(`a write goes as it was planned, but not once ${what} (${kind.name})`, async (t) => {
      const { db } = await kind.create(t)
      const leader: LeaderTransaction = (work) => db.transaction().execute(work)
      await confirm(db, [{ ...entryOf('Lead', LEAD, { marketoId: '7' }), pushed: true }])
      await mark(db, [{ object: 'Lead', id: LEAD, priority: 1 }])
      const write = writeOf('Lead', LEAD, (await readLedger(db, [LEAD])).get(LEAD))
      t.strictSame(await intend(leader, 'first', [write], ({ fields }) => fields), [write])
      await db.deleteFrom('intents').execute()

      await happen(db)
      t.strictSame(await intend(leader, 'second', [write], ({ fields }) => fields), [])
      t.match(await db.selectFrom('changes').select(['id', 'code']).execute(), [{ id: LEAD, code: 'busy' }])
    })
