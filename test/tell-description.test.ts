import t from 'tap'
import { acquireLease, leaderTransactions } from '../src/database/lease.ts'
import { listProblems, raiseProblem } from '../src/database/state.ts'
import { BridgeError } from '../src/errors.ts'
import type { MarketoSchema } from '../src/marketo/describe.ts'
import { createTellDescription } from '../src/tell-description.ts'
import { databaseKinds } from './fixtures/databases.ts'

t.test('what Marketo lacks is told as long as it lacks it, and so is what is not believed', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const term = await acquireLease(db, 'this process')
  let fields: string[] = []
  let doubt: BridgeError | undefined
  const tell = createTellDescription({
    leader: leaderTransactions(db, term!),
    marketo: {
      schema: async () =>
        ({
          missing: fields.map((field) => ({ object: 'Lead', field, reason: `No ${field}.`, advice: 'Ask.' })),
        }) as unknown as MarketoSchema,
      doubt: () => doubt,
    },
  })
  const told = async (): Promise<string[]> => {
    await tell()
    return (await listProblems(db)).map(({ system, code }) => `${system} ${code}`).sort()
  }
  await raiseProblem(db, { system: 'mapping', code: 'bad-rows', reason: 'r', advice: 'a' })
  t.strictSame(await told(), ['mapping bad-rows'])
  fields = ['externalPersonId', 'priority']
  t.strictSame(await told(), [
    'mapping bad-rows',
    'mapping missing:Lead.externalPersonId',
    'mapping missing:Lead.priority',
  ])
  fields = ['priority']
  doubt = new BridgeError('description', 'Not believed.', 'Look.')
  t.strictSame(await told(), ['mapping bad-rows', 'mapping missing:Lead.priority', 'marketo description'])
  t.match(await listProblems(db), [{}, {}, { reason: 'Not believed.', advice: 'Look.' }])
  fields = []
  doubt = undefined
  t.strictSame(await told(), ['mapping bad-rows'], 'what others told is theirs')
})
