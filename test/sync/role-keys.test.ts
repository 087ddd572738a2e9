// A merge gives the roles of a person other keys, while they are renamed, moved or removed: none may be left behind under the new one.
import { sql } from 'kysely'
import t from 'tap'
import { mark } from '../../src/database/changes.ts'
import { openIntents, pendingIntents, type Intent } from '../../src/database/intents.ts'
import { confirm, type LedgerEntry } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import type { Db } from '../../src/database/tables.ts'
import { createRemove } from '../../src/sync/removals.ts'
import { freeRoleKeys, moveRoleKeys } from '../../src/sync/role-keys.ts'
import { settleUpserts } from '../../src/sync/settle.ts'
import { databaseKinds, type DatabaseKind, type TestContext } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'
import { entryOf, idOf } from './fixtures/plans.ts'
import { takenOf, writeOf } from './fixtures/writes.ts'

const kind: DatabaseKind = (await databaseKinds()).at(-1)!

const ROLE = idOf('OpportunityContactRole')
const DEAL = idOf('Opportunity')
const LOSER = entryOf('Contact', idOf('Contact', 1), { marketoId: '1' })
const keyOf = (person: string, role = 'Buyer'): string => `${DEAL}|${person}|${role}`

const deleteOf = (roleKey: string): Intent => ({
  id: `${ROLE}:${keyOf('1')}`,
  object: 'OpportunityContactRole',
  kind: 'delete',
  call: '',
  version: 1,
  marketoId: null,
  payload: { how: 'delete role', roleKey },
})

async function stage(t: TestContext): Promise<{ db: Db; leader: LeaderTransaction; role: LedgerEntry }> {
  const { db } = await kind.create(t)
  const role = entryOf('OpportunityContactRole', ROLE, {
    marketoId: 'guid',
    personId: LOSER.id,
    opportunityId: DEAL,
    roleKey: keyOf('1'),
  })
  await confirm(db, [
    { ...LOSER, pushed: true },
    { ...role, pushed: true },
  ])
  return { db, leader: (work) => db.transaction().execute(work), role }
}

const deletes = async (db: Db): Promise<unknown[]> =>
  (await pendingIntents(db)).map(({ payload }) => (payload as { roleKey: string }).roleKey)

t.test('a delete that was read before the merge does not go out under the old key', async (t) => {
  const { db, leader } = await stage(t)
  await openIntents(db, [deleteOf(keyOf('1'))])
  const read = await pendingIntents(db)
  await leader((trx) => moveRoleKeys(trx, LOSER, '2'))
  // As carried out: the role itself is gone.
  await db.deleteFrom('ledger').where('id', '=', ROLE).execute()

  t.strictSame(await leader((trx) => freeRoleKeys(trx, read, 0)), [])
  const again = await pendingIntents(db)
  t.match(await leader((trx) => freeRoleKeys(trx, again, 0)), [{ payload: { roleKey: keyOf('2') } }])
})

t.test(
  'a role that was renamed while its person was merged leaves the key that the merge gave it',
  async (t) => {
    const { db, leader, role } = await stage(t)
    const write = writeOf('OpportunityContactRole', ROLE, role, {
      role: { externalOpportunityId: DEAL, leadId: 2, role: 'Decider' },
      references: { ownerId: null, accountId: null, personId: idOf('Contact', 2), opportunityId: DEAL },
    })
    await leader((trx) => moveRoleKeys(trx, LOSER, '2'))
    await settleUpserts(leader, 'call', [
      { write, verdict: { kind: 'accepted' }, marketoId: 'guid', created: true },
    ])
    t.strictSame(await deletes(db), [keyOf('2')])
  },
)

t.test(
  'a role that is removed while its person is merged is deleted under the key that the merge gives it',
  async (t) => {
    const { db, leader } = await stage(t)
    await mark(db, [{ object: 'OpportunityContactRole', id: ROLE, priority: 1 }])
    const remove = createRemove({
      leader,
      brake: {
        admit: async (_object, taken) => new Set(taken.map(({ id }) => id)),
        confirm: async () => undefined,
        lookAgain: async () => undefined,
        tell: async () => undefined,
      },
      carryOut: async () => undefined,
      outstanding: new Set(),
      deletePolicy: 'keep',
    })
    const moved = Promise.withResolvers<void>()
    const commit = Promise.withResolvers<void>()
    const merge = leader(async (trx) => {
      await moveRoleKeys(trx, LOSER, '2')
      moved.resolve()
      await commit.promise
    })
    await moved.promise
    let ended = false
    const removal = remove('OpportunityContactRole', [
      {
        taken: takenOf(ROLE),
        step: { do: 'remove', reason: 'deleted in Salesforce', deleted: true },
        reading: { state: 'unreadable' },
        entry: undefined,
        takesOver: undefined,
      },
    ]).then(() => (ended = true))
    // The embedded database has one connection: there the removal has not begun.
    if (kind.name === 'postgres')
      await until('the removal to end or to wait for the merge', async () => {
        const { rows } = await sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
          db,
        )
        return ended || rows.length > 0
      })
    commit.resolve()
    await Promise.all([merge, removal])
    t.strictSame(await deletes(db), [keyOf('2')])
  },
)
