import t from 'tap'
import { acquireLease, leaderTransactions } from '../../src/database/lease.ts'
import { listProblems, raiseProblem } from '../../src/database/state.ts'
import { BridgeError } from '../../src/errors.ts'
import { createTrouble } from '../../src/sync/trouble.ts'
import { databaseKinds } from '../fixtures/databases.ts'

t.test(
  'work that goes well again clears what it had raised, whatever the codes, and nothing of others',
  async (t) => {
    const { db } = await (await databaseKinds()).at(-1)!.create(t)
    const term = await acquireLease(db, 'this process')
    const trouble = createTrouble({ leader: leaderTransactions(db, term!), now: Date.now })
    const codes = async (): Promise<string[]> => (await listProblems(db)).map(({ code }) => code)
    await raiseProblem(db, { system: 'salesforce', code: 'unreadable-records', reason: 'r', advice: 'a' })
    await trouble.afterFailure(new BridgeError('salesforce_unreachable', 'Gone.', 'Wait.'))
    await trouble.afterFailure(new BridgeError('salesforce_query_refused', 'No.', 'Cure it.'))
    t.strictSame(await codes(), ['unreadable-records', 'salesforce_unreachable', 'salesforce_query_refused'])
    t.ok(trouble.heldUntil() > Date.now(), 'the loop waits a moment')
    await trouble.afterWork()
    t.strictSame(await codes(), ['unreadable-records'])
  },
)
