import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { marketoDayOf } from '../../src/marketo/marketo-day.ts'
import { failed, type Failed } from '../../src/marketo/outcome.ts'
import {
  createPacing,
  type CallStore,
  type Pacing,
  type Pause,
  type Priority,
} from '../../src/marketo/pacing.ts'
import { createCallStore } from './fixtures/call-store.ts'
import { LIMITS } from './fixtures/client.ts'
import { until } from './fixtures/until.ts'

const ok = async (): Promise<{ ok: true }> => ({ ok: true })
const refused = (code: string) => async (): Promise<Failed> => failed('response', code, '', true)

function call(priority: Priority = 'live', signal?: AbortSignal) {
  return { endpoint: 'leads.json', priority, holdMs: 1_000, signal }
}

/** Calls that last until they are let go. */
function held() {
  const { promise, resolve } = Promise.withResolvers<{ ok: true }>()
  return { fn: () => promise, letGo: () => resolve({ ok: true }) }
}

t.test('runs a call once, stores its end, and gives its outcome', async (t) => {
  const store = createCallStore()
  const pacing = createPacing({ store, limits: LIMITS })
  t.same(await pacing.run(call(), ok), { ok: true })
  t.match(store.calls, [{ endpoint: 'leads.json', priority: 'live', outcome: 'ok' }])
  t.match(await pacing.run(call(), refused('611')), { code: '611' })
  t.equal(store.calls[1]?.outcome, '611')
  await t.rejects(
    pacing.run(call(), async () => {
      throw new Error('the caller')
    }),
    /the caller/,
  )
  t.equal(store.calls[2]?.outcome, 'thrown')
  t.match(pacing.state(), { usedToday: 3, inFlight: 0, rate: 1_000, concurrency: 10, pauses: [] })
})

t.test('two processes together never have more calls in flight than the limit', async (t) => {
  const store = createCallStore()
  const limits = { ...LIMITS, concurrency: 3 }
  const processes = [createPacing({ store, limits }), createPacing({ store, limits })]
  let most = 0
  let flying = 0
  const one = async (): Promise<{ ok: true }> => {
    most = Math.max(most, ++flying)
    await sleep(5)
    flying--
    return { ok: true }
  }
  await Promise.all(Array.from({ length: 30 }, (_, index) => processes[index % 2]!.run(call(), one)))
  t.equal(store.calls.length, 30)
  t.equal(most, 3)
})

t.test('waiters go by priority and then in their order', async (t) => {
  const store = createCallStore()
  const pacing = createPacing({ store, limits: { ...LIMITS, concurrency: 1 } })
  const first = held()
  const order: string[] = []
  const running = pacing.run(call(), first.fn)
  await until(() => store.calls.length === 1, 'the first call runs')
  const waiting = (
    [
      ['background', 'a'],
      ['refresh', 'b'],
      ['live', 'c'],
      ['background', 'd'],
      ['ids', 'e'],
      ['live', 'f'],
    ] as const
  ).map(([priority, name]) =>
    pacing.run(call(priority), async () => {
      order.push(name)
      return { ok: true }
    }),
  )
  t.match(pacing.state(), { inFlight: 1, waiting: { ids: 1, live: 2, refresh: 1, background: 2 } })
  first.letGo()
  await Promise.all([running, ...waiting])
  t.equal(order.join(''), 'ecfbad')
})

t.test('refresh and background never get the last slot, nor the last tenth of the rate', async (t) => {
  const store = createCallStore()
  const limits = { ...LIMITS, concurrency: 3, callsPer20Seconds: 10 }
  const pacing = createPacing({ store, limits })
  const calls = [held(), held(), held()]
  const running = [
    pacing.run(call('background'), calls[0]!.fn),
    pacing.run(call('refresh'), calls[1]!.fn),
    pacing.run(call('background'), calls[2]!.fn),
  ]
  await until(() => store.calls.length === 2, 'two calls run')
  await sleep(60)
  t.equal(store.calls.length, 2, 'the third waits')
  await pacing.run(call('live'), ok)
  t.equal(store.calls.length, 3, 'the last slot is there for a live change')
  for (const one of calls) one.letGo()
  await Promise.all(running)

  const stop = new AbortController()
  while (store.calls.length < 9) await pacing.run(call('background'), ok)
  const tenth = pacing.run(call('background', stop.signal), ok)
  await sleep(60)
  t.equal(store.calls.length, 9)
  await pacing.run(call('live'), ok)
  t.equal(store.calls.length, 10, 'the last tenth of the rate is there for a live change')
  stop.abort()
  t.match(await tenth, { code: 'aborted', sent: false })
})

t.test('one waiter at a time asks the store, however many wait', async (t) => {
  const store = createCallStore()
  const pacing = createPacing({ store, limits: { ...LIMITS, callsPer20Seconds: 1 } })
  await pacing.run(call(), ok)
  const stop = new AbortController()
  const waiting = Array.from({ length: 50 }, () => pacing.run(call('live', stop.signal), ok))
  await sleep(100)
  t.ok(store.asked <= 4, `asked ${store.asked} times`)
  stop.abort()
  const outcomes = await Promise.all(waiting)
  t.ok(outcomes.every((outcome) => !outcome.ok && outcome.code === 'aborted' && !outcome.sent))
  t.match(pacing.state().waiting, { live: 0 })
})

t.test('an end in this process wakes the waiters at once', async (t) => {
  const store = createCallStore()
  const stubborn: CallStore = {
    ...store,
    tryStart: async (asked) => {
      const answer = await store.tryStart(asked)
      return 'id' in answer ? answer : { retryInMs: 60_000 }
    },
  }
  const pacing = createPacing({ store: stubborn, limits: { ...LIMITS, concurrency: 1 } })
  const first = held()
  const running = pacing.run(call(), first.fn)
  const second = pacing.run(call(), ok)
  await until(() => store.calls.length === 1, 'the first call runs')
  const letGoAt = Date.now()
  first.letGo()
  await Promise.all([running, second])
  t.ok(Date.now() - letGoAt < 500)
})

t.test('a call that was broken off here keeps its slot: it goes on in Marketo', async (t) => {
  const store = createCallStore()
  const pacing = createPacing({ store, limits: { ...LIMITS, concurrency: 1 } })
  await pacing.run({ ...call(), holdMs: 300 }, async () => failed('network', 'aborted', '', true))
  t.equal(store.calls[0]?.finishedAt, undefined)
  const startedAt = Date.now()
  await pacing.run(call(), ok)
  t.ok(Date.now() - startedAt > 150, 'the next one waits for the hold')
  await pacing.run(call(), async () => failed('network', 'aborted', '', false))
  t.equal(store.calls[2]?.outcome, 'aborted', 'but not if nothing was sent')
})

t.test('a store that is away is waited for, and the calls go on when it is back', async (t) => {
  const store = createCallStore()
  const pacing = createPacing({ store, limits: LIMITS })
  store.away = true
  const waiting = pacing.run(call(), ok)
  await until(() => store.asked > 0, 'it was asked')
  store.away = false
  t.same(await waiting, { ok: true })
  t.same(
    await pacing.run(call(), async () => {
      store.away = true
      return { ok: true }
    }),
    { ok: true },
    'an end that cannot be stored does not lose the outcome',
  )
})

t.test('606 holds all calls back for a window, and says so', async (t) => {
  const clock = { now: Date.now() }
  const told: Pause[] = []
  const store = createCallStore()
  const pacing = createPacing({
    store,
    limits: LIMITS,
    now: () => clock.now,
    onPause: (pause) => told.push(pause),
  })
  await Promise.all([pacing.run(call(), refused('606')), pacing.run(call(), refused('606'))])
  t.match(told, [{ code: '606', until: clock.now + 20_000, reason: /20 seconds/, advice: /.+/ }], 'once')
  t.match(pacing.state(), { rate: 500, pauses: [{ code: '606' }] })
  const waiting = pacing.run(call(), ok)
  await sleep(50)
  t.equal(store.calls.length, 2)
  clock.now += 20_000
  await waiting
  clock.now += 40_000
  t.match(pacing.state(), { rate: 1_000, pauses: [] })
})

t.test('615 lowers the concurrency', async (t) => {
  const pacing = createPacing({ store: createCallStore(), limits: LIMITS })
  await pacing.run(call(), refused('615'))
  t.match(pacing.state(), { concurrency: 5, pauses: [{ code: '615' }] })
})

t.test('607 refuses every call until midnight US Central, but for one an hour', async (t) => {
  const clock = { now: Date.parse('2026-11-23T12:00:00Z') }
  const store = createCallStore(() => clock.now)
  const pacing = createPacing({ store, limits: LIMITS, now: () => clock.now })
  t.match(await pacing.run(call(), refused('607')), {
    code: '607',
    sent: true,
    retryAt: clock.now + 3_600_000,
  })
  t.match(pacing.state().pauses, [{ code: '607', until: Date.parse('2026-11-24T06:00:00Z') }])
  t.match(await pacing.run(call('ids'), ok), {
    ok: false,
    code: '607',
    sent: false,
    retryAt: clock.now + 3_600_000,
  })
  t.equal(store.calls.length, 1, 'refused here')
  clock.now += 3_600_000
  const outcomes = await Promise.all([pacing.run(call(), refused('607')), pacing.run(call(), ok)])
  t.match(outcomes, [
    { code: '607', sent: true },
    { code: '607', sent: false },
  ])
  clock.now += 3_600_000
  t.same(await pacing.run(call(), ok), { ok: true }, 'the quota was raised')
  t.same(await pacing.run(call(), ok), { ok: true })
  await pacing.run(call(), refused('607'))
  clock.now = Date.parse('2026-11-24T06:00:00Z')
  t.same(await pacing.run(call(), ok), { ok: true }, 'a new day')
})

t.test('our own ceiling counts the calls of all processes', async (t) => {
  const store = createCallStore()
  store.others = 8
  const pacing = createPacing({ store, limits: { ...LIMITS, dailyCalls: 10 } })
  t.match(await pacing.run(call('background'), ok), { code: 'background-ceiling', sent: false })
  await pacing.run(call(), ok)
  await pacing.run(call(), ok)
  t.match(await pacing.run(call(), ok), { ok: false, code: 'daily-ceiling', sent: false })
  t.equal(store.calls.length, 2)
  t.match(pacing.state(), {
    usedToday: 10,
    dailyCalls: 10,
    pauses: [{ code: 'daily-ceiling' }, { code: 'background-ceiling' }],
  })
})

t.test("another integration's use of the instance stops background work at 80 %", async (t) => {
  const told: Pause[] = []
  const pacing: Pacing = createPacing({
    store: createCallStore(),
    limits: LIMITS,
    onPause: (pause) => told.push(pause),
  })
  pacing.noteUsage({ date: marketoDayOf(Date.now()).date, total: 39_999 })
  t.same(await pacing.run(call('background'), ok), { ok: true })
  t.match(await pacing.run(call('background'), ok), { code: 'background-ceiling' })
  t.same(await pacing.run(call('refresh'), ok), { ok: true })
  t.match(told, [{ code: 'background-ceiling' }])
  t.match(pacing.state(), { instanceUsed: 40_001, instanceDailyCalls: 50_000 })
})

t.test('a call that is aborted before it waits never runs', async (t) => {
  const store = createCallStore()
  const pacing = createPacing({ store, limits: LIMITS })
  t.match(await pacing.run(call('live', AbortSignal.abort()), ok), { code: 'aborted', sent: false })
  t.equal(store.calls.length, 0)
})

t.test('a waiter that comes just as the last one goes is not forgotten', async (t) => {
  const pacing = createPacing({ store: createCallStore(), limits: LIMITS })
  for (let i = 0; i < 50; i++) {
    const first = pacing.run(call(), ok)
    // As many microtasks later as it takes for the first to have gone.
    for (let j = 0; j < i; j++) await Promise.resolve()
    await Promise.all([first, pacing.run(call(), ok)])
  }
  t.match(pacing.state(), { inFlight: 0, waiting: { live: 0 } })
})

t.test('an end while the store is asked is not slept over', async (t) => {
  const store = createCallStore()
  const first = held()
  let asked = 0
  const slow: CallStore = {
    ...store,
    tryStart: async (wanted) => {
      const answer = await store.tryStart(wanted)
      if (++asked !== 2) return answer
      first.letGo()
      await until(() => store.calls[0]?.finishedAt !== undefined, 'the first call has ended')
      await sleep(5)
      return { retryInMs: 60_000 }
    },
  }
  const pacing = createPacing({ store: slow, limits: { ...LIMITS, concurrency: 2 } })
  const running = pacing.run(call(), first.fn)
  await until(() => store.calls.length === 1, 'the first call runs')
  const startedAt = Date.now()
  await Promise.all([running, pacing.run(call(), ok)])
  t.ok(Date.now() - startedAt < 500)
})
