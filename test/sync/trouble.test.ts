import t from 'tap'
import { acquireLease, leaderTransactions } from '../../src/database/lease.ts'
import { listProblems, raiseProblem } from '../../src/database/state.ts'
import { BridgeError } from '../../src/errors.ts'
import type { Verdict } from '../../src/marketo/verdict.ts'
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

t.test('look-ups that fail are told while pushes go well, and until they go well themselves', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const term = await acquireLease(db, 'this process')
  const trouble = createTrouble({ leader: leaderTransactions(db, term!), now: Date.now })
  const codes = async (): Promise<string[]> => (await listProblems(db)).map(({ code }) => code)
  const passing: Verdict = { kind: 'again', afterMs: 1, code: '713', reason: 'Away.', advice: 'Wait.' }
  const lasting: Verdict = { kind: 'refused', code: '1006', reason: 'No field.', advice: 'Make it.' }

  for (const told of [[], [], ['713']]) {
    await trouble.afterLookUps([{ kind: 'accepted' }, passing])
    await trouble.afterCall([{ kind: 'accepted' }])
    t.strictSame(await codes(), told)
  }
  await trouble.afterLookUps([lasting])
  t.match(await listProblems(db), [
    { code: '713' },
    { system: 'marketo', code: '1006', reason: /looked up.* No field\./, advice: 'Make it.' },
  ])
  await trouble.afterCall([{ kind: 'stop', afterMs: 1, code: '1006', reason: 'r', advice: 'a' }])
  await trouble.afterCall([{ kind: 'accepted' }])
  t.strictSame(await codes(), ['713', '1006'], 'what two have found is over when it is over for both')
  await trouble.afterLookUps([{ kind: 'accepted' }])
  t.strictSame(await codes(), [])
  await trouble.afterLookUps([passing])
  t.strictSame(await codes(), [], 'a hiccup is not told')
})
