import t from 'tap'
import { createQuota } from '../../src/marketo/quota.ts'

const LIMITS = { callsPer20Seconds: 50, concurrency: 5, dailyCalls: 100, instanceDailyCalls: 1_000 }
const HOUR = 3_600_000
const MORNING = Date.parse('2026-11-23T12:00:00Z')
const TODAY = '2026-11-23'
const MIDNIGHT = Date.parse('2026-11-24T06:00:00Z')

function quotaAt(start: number): { quota: ReturnType<typeof createQuota>; clock: { now: number } } {
  const clock = { now: start }
  return { quota: createQuota(LIMITS, () => clock.now), clock }
}

t.test('background work stops at 80 % of our own ceiling, live work at all of it', async (t) => {
  const { quota } = quotaAt(MORNING)
  quota.noteOwn(79)
  t.equal(quota.refuses(true), undefined)
  quota.count()
  t.match(quota.refuses(true), { code: 'background-ceiling', until: MIDNIGHT, retryAt: MIDNIGHT })
  t.equal(quota.refuses(false), undefined)
  quota.noteOwn(100)
  t.match(quota.refuses(false), { code: 'daily-ceiling', until: MIDNIGHT, retryAt: MIDNIGHT })
})

t.test(
  "background work stops at 80 % of the whole instance's quota, with our calls since counted",
  async (t) => {
    const { quota } = quotaAt(MORNING)
    quota.noteInstance({ date: TODAY, total: 799 })
    t.equal(quota.refuses(true), undefined)
    quota.count()
    t.equal(quota.instance(), 800)
    t.match(quota.refuses(true), { code: 'background-ceiling' })
    t.equal(quota.refuses(false), undefined, 'live changes go on')
  },
)

t.test('what is told of another day, or of none, leaves what was known of this one', async (t) => {
  const { quota, clock } = quotaAt(MORNING)
  for (const date of [undefined, '2026-11-22', '2026-11-24']) quota.noteInstance({ date, total: 900 })
  t.equal(quota.instance(), undefined)
  quota.noteInstance({ date: TODAY, total: 900 })
  for (const date of [undefined, '2026-11-22', '2026-11-24']) quota.noteInstance({ date, total: 0 })
  t.match(quota.refuses(true), { code: 'background-ceiling' })
  clock.now = MIDNIGHT
  quota.noteInstance({ date: TODAY, total: 900 })
  t.equal(quota.instance(), undefined, 'yesterday, told after midnight')
})

t.test('607 lets one call an hour through until an answer or midnight comes', async (t) => {
  const { quota, clock } = quotaAt(MORNING)
  quota.exhausted()
  t.match(quota.refuses(false), { code: '607', until: MIDNIGHT, retryAt: MORNING + HOUR })
  clock.now += HOUR
  t.equal(quota.refuses(false), undefined, 'the probe')
  t.equal(quota.refuses(false), undefined, 'it is not used up by asking')
  quota.count()
  t.match(quota.refuses(false), { code: '607', retryAt: MORNING + 2 * HOUR }, 'only one')
  quota.exhausted()
  t.match(quota.refuses(false), { retryAt: MORNING + 2 * HOUR })
  quota.answered(MORNING - 1)
  t.ok(quota.refuses(false), 'a call from before the 607 proves nothing')
  quota.answered(clock.now)
  t.equal(quota.refuses(false), undefined)
})

t.test('midnight US Central clears everything', async (t) => {
  const { quota, clock } = quotaAt(MORNING)
  quota.noteOwn(100)
  quota.noteInstance({ date: TODAY, total: 2_000 })
  quota.exhausted()
  t.equal(quota.pauses().length, 3)
  clock.now = MIDNIGHT
  t.same(quota.pauses(), [])
  t.same([quota.own(), quota.instance()], [0, undefined])
})

t.test('a probe just before midnight is not put off beyond it', async (t) => {
  const { quota } = quotaAt(MIDNIGHT - 60_000)
  quota.exhausted()
  t.match(quota.refuses(false), { retryAt: MIDNIGHT })
})
