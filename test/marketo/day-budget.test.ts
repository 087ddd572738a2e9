import t from 'tap'
import { BURST, newDayBudget, refill, take } from '../../src/marketo/day-budget.ts'

const HOUR = 3_600_000

t.test('a full bucket lets 500 partial batches go at once, and the next one wait for a token', async (t) => {
  const left = { now: 0, callsLeft: 36_000, endsAt: 10 * HOUR }
  let budget = newDayBudget(0)
  for (let i = 0; i < BURST; i++) {
    const taken = take(budget, 1, left)
    t.ok(taken.granted)
    budget = taken.budget
  }
  const refused = take(budget, 1, left)
  t.notOk(refused.granted)
  t.equal(refused.waitMs, 1_000, 'one call a second is left of the day')
  t.ok(take(refused.budget, 1, { ...left, now: 1_000 }).granted)
})

t.test(
  'tokens come as fast as what is left of the day allows, and no more than the bucket holds',
  async (t) => {
    const empty = { tokens: 0, at: 0 }
    t.equal(refill(empty, { now: 10_000, callsLeft: 1_000, endsAt: 1_010_000 }).tokens, 10)
    t.equal(refill(empty, { now: 9 * HOUR, callsLeft: 36_000, endsAt: 10 * HOUR }).tokens, BURST)
    t.equal(
      refill({ tokens: 400, at: 0 }, { now: 1, callsLeft: 7, endsAt: HOUR }).tokens,
      7,
      'nor than the day',
    )
  },
)

t.test('with no call left, everything waits for midnight', async (t) => {
  const refused = take(newDayBudget(0), 1, { now: 0, callsLeft: -3, endsAt: 4 * HOUR })
  t.same([refused.granted, refused.waitMs], [false, 4 * HOUR])
})

t.test('a round larger than the bucket goes when the bucket is full', async (t) => {
  const left = { now: 0, callsLeft: 40_000, endsAt: 10 * HOUR }
  const taken = take(newDayBudget(0), 2_000, left)
  t.same([taken.granted, taken.budget.tokens], [true, 0])
  t.notOk(take({ tokens: BURST - 1, at: 0 }, 2_000, left).granted)
})

t.test('a round of full batches only takes nothing', async (t) => {
  t.ok(take({ tokens: 0, at: 0 }, 0, { now: 0, callsLeft: 0, endsAt: HOUR }).granted)
})

t.test('a clock that goes back gives no tokens, and no wait is endless', async (t) => {
  t.equal(refill({ tokens: 3, at: 10_000 }, { now: 5_000, callsLeft: 9_000, endsAt: HOUR }).tokens, 3)
  const refused = take({ tokens: 0, at: 0 }, 1, { now: 5 * HOUR, callsLeft: 0, endsAt: 4 * HOUR })
  t.equal(refused.waitMs, 1)
})
