import t from 'tap'
import { listProblems, raiseProblem } from '../src/database/state.ts'
import { BridgeError } from '../src/errors.ts'
import { reloading } from '../src/remap.ts'
import { databaseKinds } from './fixtures/databases.ts'

t.test('a mapping that can not be read anew is told until it can; bad rows stay told', async (t) => {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  let fails = true
  const reload = reloading<string>(
    (work) => db.transaction().execute(work),
    async () => {
      if (fails) throw new BridgeError('salesforce_object_missing', 'No Lead for you.', 'Give Read on Lead.')
    },
  )
  await raiseProblem(db, { system: 'mapping', code: 'bad-rows', reason: 'x', advice: 'y' })
  await t.rejects(reload('now'), { code: 'salesforce_object_missing' })
  t.match(await listProblems(db), [
    { code: 'bad-rows' },
    {
      system: 'mapping',
      code: 'mapping-not-read',
      reason: /former one stays in force, with its filters: No Lead for you/,
      advice: 'Give Read on Lead.',
    },
  ])
  fails = false
  await reload('now')
  t.match(await listProblems(db), [{ code: 'bad-rows' }])
})
