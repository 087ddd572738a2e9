import t from 'tap'
import { backoffMs, pause, retryAfterMs } from '../../src/salesforce/retry.ts'

t.test('waits double up to the cap, and half of each is chance', async (t) => {
  const backoff = { firstMs: 1_000, capMs: 60_000 }
  t.equal(
    backoffMs(backoff, 1, () => 1),
    1_000,
  )
  t.equal(
    backoffMs(backoff, 3, () => 0),
    2_000,
  )
  t.equal(
    backoffMs(backoff, 3, () => 1),
    4_000,
  )
  t.equal(
    backoffMs(backoff, 400, () => 1),
    60_000,
  )
})

t.test('a pause ends at once when it is aborted, with the reason', async (t) => {
  const controller = new AbortController()
  const paused = pause(60_000, controller.signal)
  controller.abort(new Error('no longer leader'))
  await t.rejects(paused, { message: 'no longer leader' })
})

t.test('Retry-After is read as seconds or as a date, and never waited for more than a minute', async (t) => {
  const now = Date.parse('2026-11-23T10:00:00Z')
  t.equal(retryAfterMs('7'), 7_000)
  t.equal(retryAfterMs('Mon, 23 Nov 2026 10:00:05 GMT', now), 5_000)
  t.equal(retryAfterMs('86400'), 60_000)
  t.equal(retryAfterMs('-4'), 0)
  t.equal(retryAfterMs('soon'), undefined)
  t.equal(retryAfterMs(undefined), undefined)
})
