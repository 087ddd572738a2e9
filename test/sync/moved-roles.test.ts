// A delete of a role that Marketo does not have: where it went, and what may be taken away there.
import t from 'tap'
import { openIntents, pendingIntents, type Intent } from '../../src/database/intents.ts'
import { confirm } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import type { Db } from '../../src/database/tables.ts'
import { createLog } from '../../src/log.ts'
import { syncObjects } from '../../src/marketo/calls.ts'
import { createCarryOut } from '../../src/sync/carry-out.ts'
import { databaseKinds, type TestContext } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { entryOf, idOf } from './fixtures/plans.ts'

const kind = (await databaseKinds()).at(-1)!

const ROLE = idOf('OpportunityContactRole')
const OTHER = idOf('OpportunityContactRole', 1)
const DEAL = idOf('Opportunity')
const keyOf = (person: number, role = 'Buyer'): string => `${DEAL}|${person}|${role}`
const deleteOf = (roleKey: string, id = ROLE): Intent => ({
  id: `${id}:${roleKey}`,
  object: 'OpportunityContactRole',
  kind: 'delete',
  call: '',
  version: 1,
  marketoId: null,
  payload: { how: 'delete role', roleKey },
})

/** One person with two roles that another one had. */
async function stage(t: TestContext) {
  const { db } = await kind.create(t)
  const side = await startMarketoSide(t)
  const { simulator, client } = side
  const { signal } = new AbortController()
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const winner = simulator.instance.createLead({ lastName: 'Winner' }).id
  const loser = simulator.instance.createLead({ lastName: 'Loser' }).id
  const turn = { priority: 'live', signal } as const
  await syncObjects(client, 'Opportunity', {
    input: [{ externalOpportunityId: DEAL, name: 'Deal' }],
    ...turn,
  })
  await syncObjects(client, 'OpportunityRole', {
    input: ['Buyer', 'User'].map((role) => ({ externalOpportunityId: DEAL, leadId: loser, role })),
    ...turn,
  })
  const carryOut = createCarryOut({
    leader,
    client,
    log: createLog('silent'),
    counters: { received: () => undefined, pushed: () => undefined, confirmed: () => undefined },
    outstanding: new Set(),
    optOuts: ['unsubscribed', 'doNotCall'],
    waitMs: 0,
    now: Date.now,
    signal,
  })
  const before = simulator.calls.entries.length
  return {
    db,
    instance: simulator.instance,
    faults: simulator.faults,
    winner,
    loser,
    remove: async (...intents: Intent[]) => {
      await openIntents(db, intents)
      await carryOut(intents)
    },
    goOn: async () => carryOut(await pendingIntents(db)),
    rolesOf: (person: number) => simulator.instance.rolesOf(person).map(({ fields }) => fields.role),
    calls: () => simulator.calls.entries.slice(before).map(({ endpoint }) => endpoint),
  }
}

const toDelete = async (db: Db): Promise<unknown[]> =>
  (await pendingIntents(db)).map(({ payload }) => (payload as { roleKey: string }).roleKey)

t.test('a role that a merge moved is deleted where it is', async (t) => {
  const { db, instance, winner, loser, remove, goOn, rolesOf } = await stage(t)
  instance.mergeLeads(winner, [loser])
  await remove(deleteOf(keyOf(loser)))
  t.strictSame(await toDelete(db), [keyOf(winner)])
  await goOn()
  t.strictSame(await toDelete(db), [])
  t.strictSame(rolesOf(winner), ['User'], 'one of another name stays')
})

t.test('a role that is deleted under its own key costs no look-up', async (t) => {
  const { loser, remove, calls, rolesOf } = await stage(t)
  await remove(deleteOf(keyOf(loser)))
  t.strictSame(calls(), ['opportunities/roles/delete.json'])
  t.strictSame(rolesOf(loser), ['User'])
})

t.test('whose person is still there was not moved: what others have is not touched', async (t) => {
  const { db, winner, loser, remove, rolesOf } = await stage(t)
  await remove(deleteOf(keyOf(winner)))
  t.strictSame(await toDelete(db), [])
  t.strictSame(rolesOf(loser), ['Buyer', 'User'])
})

t.test('a contact role that stands for it, or is just being written, keeps it', async (t) => {
  const { db, instance, winner, loser, remove, rolesOf } = await stage(t)
  const write: Intent = {
    ...deleteOf(keyOf(winner, 'User'), OTHER),
    id: OTHER,
    kind: 'upsert',
    call: 'x',
    payload: { roleKey: keyOf(winner, 'User') },
  }
  await confirm(db, [
    { ...entryOf('OpportunityContactRole', OTHER, { roleKey: keyOf(winner) }), pushed: true },
  ])
  await openIntents(db, [write])
  instance.mergeLeads(winner, [loser])
  await remove(deleteOf(keyOf(loser)), deleteOf(keyOf(loser, 'User')))
  t.strictSame(await toDelete(db), [])
  t.strictSame(rolesOf(winner), ['Buyer', 'User'])
})

t.test('two that were merged into one role delete it once', async (t) => {
  const { db, instance, winner, loser, remove } = await stage(t)
  const third = instance.createLead({ lastName: 'Third' }).id
  instance.mergeLeads(winner, [loser, third])
  await remove(deleteOf(keyOf(loser)), deleteOf(keyOf(third), OTHER))
  t.strictSame(await toDelete(db), [keyOf(winner)])
})

for (const endpoint of ['opportunities/roles.json', 'leads.json'])
  t.test(`as long as Marketo does not answer ${endpoint}, the delete stays and is tried again`, async (t) => {
    const { db, instance, faults, winner, loser, remove, goOn, rolesOf } = await stage(t)
    instance.mergeLeads(winner, [loser])
    faults.add({ kind: 'http', status: 503, match: { endpoint } })
    await remove(deleteOf(keyOf(loser)))
    t.match(await pendingIntents(db), [{ id: `${ROLE}:${keyOf(loser)}`, ambiguous: true }])
    faults.clear()
    await goOn()
    t.strictSame(await toDelete(db), [keyOf(winner)])
    await goOn()
    t.strictSame(rolesOf(winner), ['User'])
  })
