// Which removals are asked about, and how each record leaves.
import t from 'tap'
import type { Intent } from '../../src/database/intents.ts'
import { confirm } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import type { Step } from '../../src/sync/plan.ts'
import { createRemove } from '../../src/sync/removals.ts'
import type { Planned } from '../../src/sync/work.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { entryOf, idOf } from './fixtures/plans.ts'

const kinds = await databaseKinds()
const kind = kinds.find(({ name }) => name === 'postgres') ?? kinds[0]!

const GONE: Step = { do: 'remove', reason: 'deleted in Salesforce', deleted: true }

function planned(id: string, step: Step): Planned {
  const taken = {
    id,
    version: 1,
    priority: 1,
    force: false,
    attempts: 0,
    markedAt: new Date(0),
    code: null,
  }
  return { taken, step, reading: { state: 'unreadable' }, entry: undefined, takesOver: undefined }
}

t.test(
  'the brake is asked about what leaves Marketo, a merge into somebody who is not there included',
  async (t) => {
    const { db } = await kind.create(t)
    const leader: LeaderTransaction = (work) => db.transaction().execute(work)
    const [deleted, converted, merged, survivor] = [1, 2, 3, 4].map((n) => idOf('Lead', n)) as [
      string,
      string,
      string,
      string,
    ]
    const filteredOut = idOf('Contact', 1)
    await confirm(db, [
      ...[deleted, converted, merged, survivor].map((id, n) => ({
        ...entryOf('Lead', id, { marketoId: String(n + 1) }),
        pushed: false,
      })),
      { ...entryOf('Contact', filteredOut, { state: 'outside' }), pushed: false },
    ])
    const steps = [
      planned(deleted, GONE),
      planned(converted, { do: 'merge', into: filteredOut }),
      planned(merged, { do: 'merge', into: survivor }),
    ]
    const removing = async (admits: boolean) => {
      const asked: string[] = []
      const sent: Intent[] = []
      const remove = createRemove({
        leader,
        brake: {
          admit: async (_object, ids) => {
            asked.push(...ids)
            return new Set(admits ? ids : [])
          },
          confirm: async () => undefined,
          lookAgain: async () => undefined,
          tell: async () => undefined,
        },
        carryOut: async (intents) => void sent.push(...intents),
        deletePolicy: 'keep',
      })
      await remove('Lead', steps)
      await db.deleteFrom('intents').execute()
      return { asked, sent: sent.map(({ id, payload }) => [id, (payload as { how: string }).how]) }
    }
    t.strictSame(await removing(false), { asked: [deleted, converted], sent: [[merged, 'merge']] })
    t.strictSame(await removing(true), {
      asked: [deleted, converted],
      sent: [
        [deleted, 'release'],
        [converted, 'release'],
        [merged, 'merge'],
      ],
    })
  },
)
