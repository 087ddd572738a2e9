// Which removals are asked about, and how each record leaves.
import type { KyselyPlugin } from 'kysely'
import t, { type Test } from 'tap'
import { disownIntents, type Intent } from '../../src/database/intents.ts'
import { mark } from '../../src/database/changes.ts'
import { confirm, forget } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import type { DbOrTrx } from '../../src/database/tables.ts'
import type { Step } from '../../src/sync/plan.ts'
import type { Brake } from '../../src/sync/brake.ts'
import { createRemove } from '../../src/sync/removals.ts'
import type { Planned } from '../../src/sync/work.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { entryOf, idOf } from './fixtures/plans.ts'

const kinds = await databaseKinds()
const kind = kinds.find(({ name }) => name === 'postgres') ?? kinds[0]!

const obliging: Brake = {
  admit: async (_object, taken) => new Set(taken.map(({ id }) => id)),
  confirm: async () => undefined,
  lookAgain: async () => undefined,
  tell: async () => undefined,
}

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
          ...obliging,
          admit: async (_object, taken) => {
            const ids = taken.map(({ id }) => id)
            asked.push(...ids)
            return new Set(admits ? ids : [])
          },
        },
        carryOut: async (intents) => void sent.push(...intents),
        outstanding: new Set(),
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

/** What `meanwhile` does is committed right after the Lead's entry was read. */
async function whatIsSent(
  t: Test,
  step: Step,
  meanwhile: (db: DbOrTrx, ids: { lead: string; contact: string }) => Promise<void>,
): Promise<string[]> {
  const { db } = await kind.create(t)
  const ids = { lead: idOf('Lead'), contact: idOf('Contact') }
  await confirm(db, [{ ...entryOf('Lead', ids.lead, { marketoId: '7' }), pushed: true }])
  await mark(db, [{ object: 'Lead', id: ids.lead, priority: 1 }])

  let leadWasRead: (() => Promise<void>) | undefined
  const watching: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (result.rows.some((row) => row.id === ids.lead && row.state === 'confirmed')) {
        const act = leadWasRead
        leadWasRead = undefined
        await act?.()
      }
      return result
    },
  }
  const sent: Intent[] = []
  const remove = createRemove({
    leader: (work) =>
      db.transaction().execute((trx) => {
        // The embedded database has one connection only.
        leadWasRead = () => meanwhile(kind.name === 'postgres' ? db : trx, ids)
        return work(trx.withPlugin(watching))
      }),
    brake: obliging,
    carryOut: async (intents) => void sent.push(...intents),
    outstanding: new Set(),
    deletePolicy: 'delete',
  })
  await remove('Lead', [planned(ids.lead, step)])
  const kept = await db.selectFrom('changes').select(['id', 'code']).execute()
  if (sent.length === 0) t.strictSame(kept, [{ id: ids.lead, code: 'busy' }])
  t.strictSame(
    (await db.selectFrom('intents').select('id').execute()).map(({ id }) => id),
    sent.map(({ id }) => id),
  )
  return sent.map(({ payload }) => (payload as { how: string }).how)
}

t.test('a Lead is not let go of whose person its Contact takes over while that is decided', async (t) => {
  const becomes: Step = { do: 'merge', into: idOf('Contact') }
  const taken = await whatIsSent(t, becomes, async (db, { lead, contact }) => {
    await forget(db, [lead])
    await confirm(db, [{ ...entryOf('Contact', contact, { marketoId: '7' }), pushed: true }])
  })
  t.strictSame(taken, [])
})

t.test("a person is not deleted that turns out to be a marketer's while that is decided", async (t) => {
  t.strictSame(await whatIsSent(t, GONE, async () => undefined), ['delete person'])
  const adopted = await whatIsSent(t, GONE, async (db, { lead }) =>
    confirm(db, [{ ...entryOf('Lead', lead, { marketoId: '7', adopted: true }), pushed: true }]),
  )
  t.strictSame(adopted, [])
})

t.test("a decision is nobody's loss from before it is written until it is carried out", async (t) => {
  const { db } = await kind.create(t)
  const lead = idOf('Lead')
  await confirm(db, [{ ...entryOf('Lead', lead, { marketoId: '7' }), pushed: true }])
  const outstanding = new Set<string>()
  const disowned: number[] = []
  const look = async (): Promise<void> => void disowned.push(await disownIntents(db, outstanding))
  const remove = createRemove({
    leader: async (work) => {
      const result = await db.transaction().execute(work)
      await look()
      return result
    },
    brake: obliging,
    carryOut: look,
    outstanding,
    deletePolicy: 'keep',
  })
  await remove('Lead', [planned(lead, GONE)])
  t.strictSame(disowned, [0, 0])
  await look()
  t.strictSame(disowned, [0, 0, 1])
})
