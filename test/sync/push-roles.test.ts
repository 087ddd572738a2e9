// Two contact roles are one Marketo role: the second is noted without a call, unless the first is just leaving and takes the role along.
import t from 'tap'
import { sql } from 'kysely'
import { pendingIntents } from '../../src/database/intents.ts'
import { confirm, readLedger } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { createLog } from '../../src/log.ts'
import { createRemove } from '../../src/sync/removals.ts'
import { pushRoles } from '../../src/sync/push-roles.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { until } from '../fixtures/until.ts'
import { entryOf, hashesOf, idOf } from './fixtures/plans.ts'
import { takenOf, writeOf } from './fixtures/writes.ts'

const postgres = (await databaseKinds()).find(({ name }) => name === 'postgres')
const skip = postgres ? false : 'transactions side by side need PostgreSQL, and none answers'
if (skip) t.comment(skip)

const [FIRST, SECOND] = [0, 1].map((n) => idOf('OpportunityContactRole', n)) as [string, string]
const DEAL = idOf('Opportunity')
const role = { externalOpportunityId: DEAL, leadId: 1, role: 'Evaluator' }
const parents = { personId: idOf('Contact'), opportunityId: DEAL }

t.test('a role is not shared with one that is just leaving', { skip }, async (t) => {
  const { db } = await postgres!.create(t)
  const { client } = await startMarketoSide(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const first = entryOf('OpportunityContactRole', FIRST, {
    ...parents,
    hashes: hashesOf({ isPrimary: true }),
    roleKey: `${DEAL}|1|Evaluator`,
  })
  const second = entryOf('OpportunityContactRole', SECOND, { ...parents, state: 'outside', hashes: null })
  await confirm(db, [
    { ...first, pushed: true },
    { ...second, pushed: false },
  ])
  const remove = createRemove({
    leader,
    brake: {
      admit: async () => new Set([FIRST]),
      tell: async () => undefined,
      confirm: async () => undefined,
    } as never,
    carryOut: async () => undefined,
    outstanding: new Set(),
    deletePolicy: 'keep',
  })
  const waiters = async (): Promise<number> => {
    const { rows } =
      await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
        db,
      )
    return rows.length
  }

  const held = Promise.withResolvers<undefined>()
  const got = Promise.withResolvers<undefined>()
  const holding = db.transaction().execute(async (trx) => {
    await sql`select 1 from ledger where id = ${SECOND} for update`.execute(trx)
    got.resolve(undefined)
    await held.promise
  })
  await got.promise
  const sharing = pushRoles(
    {
      db,
      leader,
      client,
      log: createLog('silent'),
      counters: { received: () => undefined, pushed: () => undefined, confirmed: () => undefined },
      trouble: { afterCall: async () => undefined } as never,
      onFieldRefused: () => undefined,
      outstanding: new Set(),
      signal: new AbortController().signal,
    },
    [
      writeOf('OpportunityContactRole', SECOND, second, {
        role,
        references: { ownerId: null, accountId: null, ...parents },
      }),
    ],
  )
  await until('it to wait for its own row', async () => (await waiters()) === 1)
  const removing = remove('OpportunityContactRole', [
    {
      taken: takenOf(FIRST),
      step: { do: 'remove', reason: 'deleted in Salesforce', deleted: true },
      reading: { state: 'deleted', masterRecordId: null, row: { Id: FIRST } },
      entry: first,
      takesOver: undefined,
    },
  ])
  let removed = false
  void removing.then(() => (removed = true))
  await until('the other to be gone, or to wait, too', async () => removed || (await waiters()) === 2)
  held.resolve(undefined)
  await Promise.all([holding, sharing, removing])
  const stands = (await readLedger(db, [SECOND])).get(SECOND)?.state === 'confirmed'
  t.equal((await pendingIntents(db)).length === 0, stands, 'either it stands, or the role is deleted')
})
