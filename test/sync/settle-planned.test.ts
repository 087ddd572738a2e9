// What needs no call to Marketo is noted, unless another piece of work has written the record since it was planned.
import t from 'tap'
import { mark, readChange } from '../../src/database/changes.ts'
import { confirm, readLedger } from '../../src/database/ledger.ts'
import { park } from '../../src/database/parked.ts'
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

for (const kind of await databaseKinds())
  t.test(
    `a child begins to wait for a parent that is under way, or parked since the plan (${kind.name})`,
    async (t) => {
      const { db } = await kind.create(t)
      const [child, parent] = [idOf('Contact'), idOf('Account')]
      await mark(db, [
        { object: 'Contact', id: child, priority: 1 },
        { object: 'Account', id: parent, priority: 3 },
      ])
      const underWay = await readChange(db, parent)
      const planned: Planned = {
        taken: { ...takenOf(child), version: (await readChange(db, child))!.version },
        step: { do: 'wait', parent, object: 'Account', reason: `waits for Account ${parent}` },
        reading: { state: 'unreadable' },
        entry: undefined,
        takesOver: undefined,
      }
      const settle = () => settleWithoutCalls((work) => db.transaction().execute(work), 'Contact', [planned])
      await settle()
      t.match(
        await readChange(db, parent),
        { version: underWay!.version, priority: 1 },
        'it is not sent twice',
      )
      t.match(await readChange(db, child), { reason: `waits for Account ${parent}` })

      const refusal = {
        object: 'Account',
        id: parent,
        code: '1003',
        reason: 'Too long.',
        advice: '',
        payload: null,
      }
      await park(db, [refusal])
      await settle()
      t.match(await readChange(db, child), {
        reason: `waits for Account ${parent}, which is parked: Too long.`,
      })
    },
  )
