// What is committed right before a call, and what must not go with it.
import t from 'tap'
import { mark } from '../../src/database/changes.ts'
import { confirm, forget } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { intend } from '../../src/sync/intend.ts'
import type { Write } from '../../src/sync/write.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { entryOf, hashesOf, idOf } from './fixtures/plans.ts'

for (const kind of await databaseKinds())
  t.test(
    `a Lead's write does not overwrite what its Contact wrote to their person since it was planned (${kind.name})`,
    async (t) => {
      const { db } = await kind.create(t)
      const leader: LeaderTransaction = (work) => db.transaction().execute(work)
      const [lead, contact] = [idOf('Lead'), idOf('Contact')]
      const entry = entryOf('Lead', lead, { marketoId: '7' })
      const write: Write = {
        do: 'upsert',
        fields: { title: 'Prospect' },
        hashes: hashesOf({ title: 'Prospect' }),
        references: { ownerId: null, accountId: null, personId: null, opportunityId: null },
        marketoId: '7',
        email: null,
        role: null,
        notes: null,
        object: 'Lead',
        id: lead,
        taken: {
          id: lead,
          version: 1,
          priority: 1,
          force: false,
          attempts: 0,
          markedAt: new Date(0),
          code: null,
        },
        entry,
        takesOver: undefined,
        adopts: false,
      }
      await confirm(db, [{ ...entry, pushed: true }])
      await mark(db, [{ object: 'Lead', id: lead, priority: 1 }])
      const inputOf = ({ fields }: Write) => fields
      t.strictSame(await intend(leader, 'first', [write], inputOf), [write])
      await db.deleteFrom('intents').execute()

      await forget(db, [lead])
      await confirm(db, [{ ...entryOf('Contact', contact, { marketoId: '7' }), pushed: true }])
      t.strictSame(await intend(leader, 'second', [write], inputOf), [])
      t.match(await db.selectFrom('changes').select(['id', 'code']).execute(), [{ id: lead, code: 'busy' }])
    },
  )
