// One edit a second for a whole day, by a simulated clock: the day's budget as the sync asks it (sync.ts), nothing else. Ours alone would
// be 86,400 calls if each went at once; so changes gather.
import { RECORDS_A_CALL } from '../../../src/sync/batches.ts'
import { REST_SECONDS } from '../../../src/database/changes.ts'
import { newDayBudget, take } from '../../../src/marketo/day-budget.ts'
import { percentile } from '../figures.ts'
import { createRandom } from '../../simulators/salesforce/random.ts'
import type { Scenario } from '../scenario.ts'

const DAY_S = 86_400
const CEILING = 40_000
/** Refresh every 5 minutes (288 calls, some more pages), usage every 10, a sweep of 100,000 persons. */
const OTHER_CALLS = 288 * 2 + 144 + 334
const PERSONS = 5_000

export const day: Scenario = {
  name: 'day',
  title: 'one edit a second for a day, simulated clock',
  counts: true,
  async run(bench) {
    const seconds = DAY_S
    const random = createRandom(1)
    let budget = newDayBudget(0)
    let pushes = 0
    let records = 0
    let others = 0
    const dirty = new Map<number, number>()
    const pushedAt = new Map<number, number>()
    const delays: number[] = []
    for (let second = 0; second < seconds; second++) {
      const now = second * 1_000
      // What comes when the ceiling is reached is refused (quota.ts).
      if (others < Math.floor((OTHER_CALLS * second) / seconds) && pushes + others < CEILING) others++
      const person = random.integer(0, PERSONS - 1)
      if (!dirty.has(person)) dirty.set(person, now)
      const due = [...dirty].filter(([id]) => now >= (pushedAt.get(id) ?? -Infinity) + REST_SECONDS * 1_000)
      if (due.length === 0) continue
      if (due.length < RECORDS_A_CALL) {
        const answer = take(budget, 1, { now, callsLeft: CEILING - pushes - others, endsAt: DAY_S * 1_000 })
        budget = answer.budget
        if (!answer.granted) continue
      }
      pushes++
      for (const [id, markedAt] of due) {
        records++
        delays.push(now - markedAt)
        dirty.delete(id)
        pushedAt.set(id, now)
      }
    }
    bench.report({
      what: 'calls of the day, refresh and sweep included',
      value: pushes + others,
      unit: 'calls',
      floor: { value: CEILING, from: 'the ceiling, MARKETO_DAILY_CALLS: all of it may be used' },
      atMost: CEILING,
      kind: 'count',
    })
    bench.report({ what: 'edits a call', value: seconds / pushes, unit: 'edits', kind: 'count' })
    bench.report({
      what: 'edits not sent by midnight',
      value: dirty.size,
      unit: 'edits',
      atMost: RECORDS_A_CALL,
      kind: 'count',
    })
    bench.report({ what: 'records pushed', value: records, unit: 'records', kind: 'count' })
    bench.report({
      what: 'wait for the budget, median',
      value: percentile(delays, 0.5) / 1_000,
      unit: 's',
      kind: 'count',
    })
    bench.report({
      what: 'wait for the budget, 99 of 100',
      value: percentile(delays, 0.99) / 1_000,
      unit: 's',
      kind: 'count',
    })
  },
}
