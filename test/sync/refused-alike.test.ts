// Where all records of an object are refused alike, one is tried now and then; it is told, and over when one is let through.
import t, { type Test } from 'tap'
import { listProblems } from '../../src/database/state.ts'
import type { Verdict } from '../../src/marketo/verdict.ts'
import { createRefusedAlike } from '../../src/sync/refused-alike.ts'
import { blamed } from '../../src/sync/suspects.ts'
import { databaseKinds } from '../fixtures/databases.ts'

const told = { code: 'HTTP 400', reason: 'Not understood.', advice: 'Look at the proxy.' }
const everybody: Verdict = { kind: 'everybody', ...told }
const accepted: Verdict = { kind: 'accepted' }

async function start(t: Test) {
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const clock = { now: 1_000_000 }
  const alike = createRefusedAlike({
    leader: (work) => db.transaction().execute(work),
    now: () => clock.now,
  })
  return { ...alike, clock, problems: () => listProblems(db) }
}

t.test('after growing pauses there is room for one record, until one is let through', async (t) => {
  const { room, after, clock } = await start(t)
  t.equal(room('Lead'), Infinity)
  const pauses: number[] = []
  for (let n = 0; n < 9; n++) {
    await after('Lead', [everybody, everybody])
    const began = clock.now
    while (room('Lead') === 0) clock.now += 1_000
    pauses.push((clock.now - began) / 1_000)
    t.equal(room('Lead'), 1)
  }
  t.strictSame(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60])
  t.equal(room('Contact'), Infinity, 'others go on')
  await after('Lead', [{ ...everybody, kind: 'refused' }])
  t.equal(room('Lead'), 1, 'a record that is blamed at last proves nothing')
  await after('Lead', [accepted])
  t.equal(room('Lead'), Infinity)
})

t.test('it is told from the third time on, for each object, until one is let through', async (t) => {
  const { after, problems } = await start(t)
  for (let n = 0; n < 2; n++) await after('Lead', [everybody])
  t.strictSame(await problems(), [])
  await after('Lead', [everybody])
  t.match(await problems(), [
    {
      system: 'marketo',
      code: 'refused-alike:Lead',
      reason:
        /Every Lead that is tried is refused alike, be it one or many.*none is parked.*Not understood\./,
      advice: 'Look at the proxy.',
    },
  ])
  await after('Contact', [accepted])
  t.equal((await problems()).length, 1)
  await after('Lead', [{ ...everybody, kind: 'refused', code: '1003' }])
  t.strictSame(await problems(), [], "Marketo's own refusal comes from behind any gateway")
})

t.test(
  'when the record that was tried is parked at last the problem is over, and is counted anew',
  async (t) => {
    const { after, passed, room, problems, clock } = await start(t)
    const parked: Verdict = { ...everybody, kind: 'refused' }
    await after('User', [parked])
    t.equal(room('User'), Infinity, 'there was none')
    for (const told of [0, 0, 1, 1]) {
      await after('User', [everybody])
      t.equal((await problems()).length, told)
    }
    await after('User', [parked])
    t.strictSame(await problems(), [])
    t.equal(passed('User'), false, 'none was let through')
    clock.now += 60_000
    for (const told of [0, 0, 1]) {
      t.equal(room('User'), 1)
      await after('User', [everybody])
      t.equal((await problems()).length, told)
      clock.now += 60_000
    }
  },
)

t.test('who is alone is to blame when others are let through, or when it never ends', async (t) => {
  const { after, passed } = await start(t)
  t.equal(passed('Lead'), false, 'nothing is known yet')
  await after('Lead', [accepted])
  t.equal(passed('Lead'), true)
  await after('Lead', [everybody])
  t.equal(passed('Lead'), false)
  const kinds = (attempts: number[], others: boolean, records = 1) =>
    attempts.map((attempt) => blamed(everybody, records, attempt, others).kind)
  t.strictSame(kinds([1, 2, 3], true), ['everybody', 'everybody', 'refused'])
  t.strictSame(kinds([3, 119, 120], false), ['everybody', 'everybody', 'refused'])
  t.strictSame(kinds([500], true, 2), ['everybody'], 'of several nobody knows which')
  t.equal(blamed(accepted, 1, 500, true).kind, 'accepted')
})
