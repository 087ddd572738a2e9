import t from 'tap'
import { createThrottle } from '../../src/marketo/throttle.ts'

const LIMITS = { callsPer20Seconds: 50, concurrency: 5, dailyCalls: 1, instanceDailyCalls: 1 }

t.test('606 stops the calls for a window, then halves the rate until windows pass quietly', async (t) => {
  let now = 0
  const throttle = createThrottle(LIMITS, () => now)
  t.same([throttle.rate(), throttle.pausedUntil(), throttle.felt()], [50, 0, undefined])
  throttle.slowDown('606')
  throttle.slowDown('606')
  t.same([throttle.rate(), throttle.pausedUntil(), throttle.felt()], [25, 20_000, '606'], 'once for both')
  now = 20_000
  t.same([throttle.rate(), throttle.pausedUntil(), throttle.felt()], [25, 0, '606'])
  throttle.slowDown('606')
  t.equal(throttle.rate(), 12, 'again right after the pause')
  now = 60_000
  t.equal(throttle.rate(), 25)
  now = 80_000
  t.same([throttle.rate(), throttle.felt()], [50, undefined])
})

t.test('615 lowers the concurrency at once, and gives a slot back with every quiet window', async (t) => {
  let now = 0
  const throttle = createThrottle(LIMITS, () => now)
  throttle.slowDown('615')
  t.same([throttle.concurrency(), throttle.pausedUntil(), throttle.felt()], [2, 2_000, '615'])
  now = 2_000
  t.same([throttle.concurrency(), throttle.pausedUntil(), throttle.felt()], [2, 0, '615'])
  now = 22_000
  t.equal(throttle.concurrency(), 3)
  now = 62_000
  t.same([throttle.concurrency(), throttle.felt()], [5, undefined])
  t.equal(throttle.rate(), 50, 'the rate is another matter')
})

t.test('neither falls to nothing, however often Marketo refuses', async (t) => {
  let now = 0
  const throttle = createThrottle(LIMITS, () => now)
  for (let i = 0; i < 20; i++) {
    throttle.slowDown('606')
    throttle.slowDown('615')
    now += 20_000
  }
  t.ok(throttle.rate() >= 6)
  t.ok(throttle.concurrency() >= 1)
})
