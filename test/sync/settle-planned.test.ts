// What needs no call to Marketo is noted, unless another piece of work has written the record since it was planned.
import t from 'tap'
import { mark } from '../../src/database/changes.ts'
import { confirm, readLedger } from '../../src/database/ledger.ts'
import { settleWithoutCalls } from '../../src/sync/settle-planned.ts'
import type { Planned } from '../../src/sync/work.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { entryOf, hashesOf, idOf } from './fixtures/plans.ts'
import { takenOf, writeOf } from './fixtures/writes.ts'

for (const kind of await databaseKinds())
  t.test(
    `only references moved: noted, but what a merge knows since is not taken back (${kind.name})`,
    async (t) => {
      const { db } = await kind.create(t)
      const id = idOf('Contact')
      await confirm(db, [{ ...entryOf('Contact', id, { marketoId: '7' }), pushed: true }])
      await mark(db, [{ object: 'Contact', id, priority: 1 }])
      const entry = (await readLedger(db, [id])).get(id)
      const step = writeOf('Contact', id, entry, { fields: {}, hashes: hashesOf({ title: 'Buyer' }) })
      const planned: Planned = {
        taken: takenOf(id),
        step,
        reading: { state: 'unreadable' },
        entry,
        takesOver: undefined,
      }
      const settle = () => settleWithoutCalls((work) => db.transaction().execute(work), 'Contact', [planned])
      const marks = async () => (await db.selectFrom('changes').select('id').execute()).length

      const merged = { ...entryOf('Contact', id, { marketoId: '7', adopted: true }), pushed: false }
      await confirm(db, [merged])
      await settle()
      t.match((await readLedger(db, [id])).get(id), { adopted: true, hashes: null })
      t.equal(await marks(), 1)

      await confirm(db, [{ ...merged, adopted: false }])
      await settle()
      t.match((await readLedger(db, [id])).get(id), { hashes: step.hashes })
      t.equal(await marks(), 0)
    },
  )
