import t from 'tap'
import { createEventIntake, type IntakeOptions } from '../../src/salesforce/event-intake.ts'
import type { StreamEvent } from '../../src/salesforce/stream-event.ts'
import { until } from '../fixtures/until.ts'

function event(n: number | null, size = 1): StreamEvent {
  return { replayId: n, cursor: n === null ? null : String(n), uuid: null, payload: null, raw: '', size }
}

function opened(options: Partial<IntakeOptions> = {}) {
  const batches: { size: number; cursor: string }[] = []
  const failed: unknown[] = []
  const intake = createEventIntake({
    cursor: '-1',
    sliceSize: 3,
    maxPending: 5,
    maxPendingSize: 100,
    onStored: () => undefined,
    onFailed: (error) => failed.push(error),
    async store({ events, cursor }) {
      batches.push({ size: events.length, cursor })
    },
    ...options,
  })
  return { intake, batches, failed }
}

t.test('events are stored in slices, in order, each with the cursor of its last event', async (t) => {
  const { intake, batches } = opened()
  for (let n = 1; n <= 7; n += 1) void intake.offer(event(n))
  await intake.drained()
  t.same(batches, [
    { size: 3, cursor: '3' },
    { size: 3, cursor: '6' },
    { size: 1, cursor: '7' },
  ])
})

t.test('events without a position leave the cursor where it is', async (t) => {
  const { intake, batches } = opened()
  for (const n of [null, 4, null, null]) void intake.offer(event(n))
  await intake.drained()
  t.same(batches, [
    { size: 3, cursor: '4' },
    { size: 1, cursor: '4' },
  ])
  const other = opened()
  void other.intake.offer(event(null))
  await other.intake.drained()
  t.same(other.batches, [{ size: 1, cursor: '-1' }])
})

t.test('who brings events waits while too many are pending', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { intake } = opened({ store: () => promise })
  let room = 0
  for (let n = 1; n <= 6; n += 1) void intake.offer(event(n)).then(() => (room += 1))
  await new Promise((later) => setTimeout(later, 20))
  t.equal(room, 4)
  resolve(undefined)
  await intake.drained()
  t.equal(room, 6)
})

t.test('who brings long events waits after fewer of them', async (t) => {
  const stores: (() => void)[] = []
  const { intake } = opened({ store: () => new Promise((resolve) => stores.push(resolve)) })
  let room = 0
  for (let n = 1; n <= 4; n += 1) void intake.offer(event(n, 40)).then(() => (room += 1))
  await until('the first slice', () => stores.length === 1)
  t.equal(room, 2)
  stores[0]!()
  await until('the second slice', () => stores.length === 2)
  t.equal(room, 4)
  stores[1]!()
  await intake.drained()
  for (let n = 5; n <= 6; n += 1) void intake.offer(event(n, 40)).then(() => (room += 1))
  await until('room for the next ones', () => room === 6)
})

t.test('after a failure nothing more is stored, and nobody waits for ever', async (t) => {
  const cursors: string[] = []
  const { intake, failed } = opened({
    store: () => Promise.reject(new Error('database gone')),
    onStored: (cursor) => cursors.push(cursor),
  })
  const offers = [1, 2, 3, 4, 5, 6, 7].map((n) => intake.offer(event(n)))
  await Promise.all(offers)
  await intake.drained()
  t.match(failed, [{ message: 'database gone' }])
  t.same(cursors, [], 'the cursor stays')
  await intake.offer(event(8))
  t.equal(failed.length, 1)
})

t.test('stopping waits for the slice under way and stores no other', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let stores = 0
  const { intake } = opened({
    store: () => {
      stores += 1
      return promise
    },
  })
  for (let n = 1; n <= 4; n += 1) void intake.offer(event(n))
  await new Promise((later) => setTimeout(later, 10))
  let stopped = false
  const stopping = intake.stop().then(() => (stopped = true))
  await new Promise((later) => setTimeout(later, 10))
  t.notOk(stopped)
  resolve(undefined)
  await stopping
  t.equal(stores, 1)
})
