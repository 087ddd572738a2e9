import t from 'tap'
import {
  clearProblem,
  clearProblems,
  clearState,
  databaseId,
  listProblems,
  raiseProblem,
  readState,
  sendCommand,
  writeState,
  type Problem,
} from '../../src/database/state.ts'
import { takeCommands } from '../fixtures/commands.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const problem = (changes: Partial<Problem> = {}): Problem => ({
  system: 'marketo',
  code: '607',
  reason: 'the quota is used up',
  advice: 'wait',
  ...changes,
})

for (const kind of await databaseKinds())
  t.test(`state on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)

    t.test('facts are written, changed and cleared', async (t) => {
      t.equal(await readState(db, 'cursor'), undefined)
      await writeState(db, 'cursor', { cursor: '1' })
      await writeState(db, 'cursor', { cursor: 'a\0"\ud83d' })
      t.strictSame(await readState(db, 'cursor'), { cursor: 'a\ufffd"\ufffd' })
      await clearState(db, 'cursor')
      t.equal(await readState(db, 'cursor'), undefined)
      t.match(await databaseId(db), /^[0-9a-f-]{36}$/)
    })

    t.test('a problem keeps its time while its words change, and is cleared by code or system', async (t) => {
      await raiseProblem(db, problem())
      const [first] = await listProblems(db)
      await raiseProblem(db, problem({ reason: 'still\0', advice: 'x' }))
      await raiseProblem(db, problem({ code: '601' }))
      await raiseProblem(db, problem({ system: 'stream' }))
      const told = (await listProblems(db)).find(({ system, code }) => system === 'marketo' && code === '607')
      t.strictSame(told, { ...first, reason: 'still\ufffd', advice: 'x' })
      await clearProblem(db, 'marketo', '601')
      t.equal((await listProblems(db)).length, 2)
      await clearProblem(db, 'marketo')
      t.strictSame(
        (await listProblems(db)).map(({ system }) => system),
        ['stream'],
      )
      await raiseProblem(db, problem({ code: 'found-daily' }))
      await clearProblems(db, ['found-daily'])
      t.match(await listProblems(db), [{ system: 'marketo', code: 'found-daily' }])
      await clearProblems(db, [])
      t.strictSame(await listProblems(db), [])
    })

    t.test('commands are taken once, in their order', async (t) => {
      const first = await sendCommand(db, { name: 'backfill', arguments: { force: true } })
      const second = await sendCommand(db, { name: 'reconcile', arguments: {} })
      t.strictSame(await takeCommands(db), [
        { id: first, name: 'backfill', arguments: { force: true } },
        { id: second, name: 'reconcile', arguments: {} },
      ])
      t.strictSame(await takeCommands(db), [])
    })
  })
