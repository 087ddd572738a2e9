// What the stream stores, when its cursor moves, and what it does when storing is slow or fails.
import t from 'tap'
import type { StreamEvent } from '../../src/salesforce/stream.ts'
import { until } from '../fixtures/until.ts'
import { openScripted } from './fixtures/open-stream.ts'
import { CHANNEL, event, good } from './fixtures/scripted-bayeux.ts'

const LONG = 60_000

function numbers(from: number, count: number): object[] {
  return Array.from({ length: count }, (_, i) => event(from + i))
}

function ids(events: StreamEvent[]): unknown[] {
  return events.map(({ replayId }) => replayId)
}

t.test(
  'subscribes to what comes when nothing was ever stored, and stores events with their cursor',
  async (t) => {
    const { stream, memory, bayeux, states } = await openScripted(t, {
      polls: [[event(11), event(12)], [], [event(15)]],
    })
    await stream.subscribed
    await until('three events', () => memory.events.length === 3)
    t.equal(memory.cursor, '15')
    t.same(memory.gaps, [])
    t.match(memory.events[0], {
      replayId: 11,
      cursor: '11',
      uuid: 'uuid-11',
      payload: { Record_Ids__c: 'x' },
    })
    t.match(JSON.parse(memory.events[0]!.raw), event(11))
    t.match(bayeux.sent.slice(0, 3), [
      { channel: '/meta/handshake', supportedConnectionTypes: ['long-polling'], ext: { replay: true } },
      { channel: '/meta/subscribe', subscription: CHANNEL, ext: { replay: { [CHANNEL]: -1 } } },
      { channel: '/meta/connect', clientId: 'client-1' },
    ])
    t.match(stream.state(), { state: 'live', cursor: '15', received: 3, reason: undefined })
    t.same(states(), ['connecting', 'live'])
  },
)

for (const [cursor, sent] of [
  ['2112', '2112'],
  ['"AAEC"', '"AAEC"'],
  ['90071992547409931234', '90071992547409931234'],
] as const)
  t.test(`the stored cursor ${cursor} goes back in the type it came in`, async (t) => {
    let body = ''
    const { stream } = await openScripted(t, {
      cursor,
      play(message, asked) {
        if (message.channel === '/meta/subscribe') body = asked.body
        return undefined
      },
    })
    await stream.subscribed
    t.match(body, `"replay":{"${CHANNEL}":${sent}}`)
  })

t.test('every cookie of the endpoint goes back with the token', async (t) => {
  const seen: (string | undefined)[] = []
  const tokens = new Set<string | undefined>()
  const { stream } = await openScripted(t, {
    async play(sent, { headers }) {
      tokens.add(headers.authorization)
      seen.push(headers.cookie)
      if (sent.channel !== '/meta/handshake') return undefined
      return {
        json: [{ channel: sent.channel, id: sent.id, successful: true, clientId: 'c' }],
        headers: {
          'set-cookie': ['BAYEUX_BROWSER=b1; Path=/cometd/', 'x=1; Domain=.elsewhere.example', ';;;'],
        },
      }
    },
  })
  await stream.subscribed
  await until('a poll', () => seen.length > 2)
  t.same([...tokens], ['Bearer token-1'])
  t.same(seen.slice(0, 3), [undefined, 'BAYEUX_BROWSER=b1; x=1', 'BAYEUX_BROWSER=b1; x=1'])
})

t.test('thousands of events in one answer are stored in slices, one after the other', async (t) => {
  let storing = 0
  let most = 0
  const { memory, stream } = await openScripted(t, {
    polls: [numbers(1, 6_000)],
    options: {
      timing: { maxPendingEvents: 1_000 },
      async store({ events, cursor }) {
        storing += 1
        most = Math.max(most, storing)
        await new Promise((resolve) => setTimeout(resolve, 2))
        storing -= 1
        memory.events.push(...events)
        memory.slices.push(events.length)
        memory.cursor = cursor
      },
    },
  })
  await until('all events', () => memory.events.length === 6_000)
  t.same(
    ids(memory.events),
    Array.from({ length: 6_000 }, (_, i) => i + 1),
  )
  t.equal(most, 1)
  t.ok(Math.max(...memory.slices) <= 500)
  t.equal(stream.state().state, 'live')
})

t.test('the next poll goes out when everything is stored', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { bayeux } = await openScripted(t, {
    polls: [[event(1)]],
    options: { store: () => promise, timing: { holdMs: LONG } },
  })
  await until('the first poll', () => bayeux.of('/meta/connect').length === 1)
  await new Promise((later) => setTimeout(later, 100))
  t.equal(bayeux.of('/meta/connect').length, 1)
  resolve(undefined)
  await until('the second poll', () => bayeux.of('/meta/connect').length === 2)
})

t.test('a reply that stands before the events of its answer does not set off the next poll', async (t) => {
  const stored: number[] = []
  const { memory } = await openScripted(t, {
    play(sent) {
      if (sent.channel !== '/meta/connect') return undefined
      stored.push(memory.events.length)
      if (stored.length > 1) return undefined
      // Long enough to come in many pieces.
      return { json: [good(sent), event(1, { Record_Ids__c: 'x'.repeat(1_900_000) })] }
    },
  })
  await until('the second poll', () => stored.length === 2)
  t.same(stored, [0, 1])
})

t.test('when storing falls behind the client is dropped, and resumed from the stored cursor', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let slow = true
  const opened = await openScripted(t, {
    polls: [numbers(1, 5_000), numbers(501, 4_500)],
    options: {
      timing: { maxPendingEvents: 1_000, holdMs: 60 },
      async store({ events, cursor }) {
        if (slow) await promise
        slow = false
        opened.memory.events.push(...events)
        opened.memory.cursor = cursor
      },
    },
  })
  const { stream, memory, bayeux } = opened
  await until('the drop', () => stream.state().state === 'backing-off')
  t.match(stream.state(), { code: 'stream_storing_slow', reason: /faster than they can be stored/ })
  t.ok(stream.state().received <= 1_001, `${stream.state().received} events were taken in`)
  t.equal(bayeux.of('/meta/handshake').length, 1, 'no new client while the old slice is under way')
  resolve(undefined)
  await until('the rest', () => memory.events.length === 5_000)
  t.same(bayeux.of('/meta/subscribe')[1]?.ext?.replay, { [CHANNEL]: 500 })
  t.same(
    ids(memory.events),
    Array.from({ length: 5_000 }, (_, i) => i + 1),
  )
})

t.test('of long events few are taken in while storing falls behind, and none is lost', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const long = Array.from({ length: 200 }, (_, i) => event(i + 1, { Record_Ids__c: 'x'.repeat(64_000) }))
  const { stream, memory } = await openScripted(t, {
    play: (sent) =>
      sent.channel === '/meta/connect' && memory.events.length < long.length
        ? { json: [...long.slice(memory.events.length), good(sent)] }
        : undefined,
    options: {
      async store({ events, cursor }) {
        await promise
        memory.events.push(...events)
        memory.cursor = cursor
      },
    },
  })
  await until('the drop', () => stream.state().state === 'backing-off')
  t.match(stream.state(), { code: 'stream_storing_slow', received: 63 })
  resolve(undefined)
  await until('the rest', () => memory.events.length === long.length)
  t.same(
    ids(memory.events),
    Array.from({ length: long.length }, (_, i) => i + 1),
  )
})

t.test('a slice that can not be stored is delivered again', async (t) => {
  let failures = 2
  const opened = await openScripted(t, {
    cursor: '4',
    polls: [[event(5)], [event(5)], [event(5)]],
    options: {
      async store({ events, cursor }) {
        failures -= 1
        if (failures >= 0) throw new Error('database gone')
        opened.memory.events.push(...events)
        opened.memory.cursor = cursor
      },
    },
  })
  await until('the event', () => opened.memory.events.length === 1)
  t.same(
    opened.bayeux.of('/meta/subscribe').map(({ ext }) => ext?.replay),
    [4, 4, 4].map((id) => ({ [CHANNEL]: id })),
  )
  t.ok(
    opened.memory.states.some(
      ({ code, reason }) => code === 'stream_storing_failed' && /database gone/.test(reason ?? ''),
    ),
  )
})

t.test(
  'a stored position that can not be read keeps the stream down, with the reason, until it can',
  async (t) => {
    let answer: () => Promise<string | null> = () => Promise.reject(new Error('database gone'))
    const { stream, memory, bayeux } = await openScripted(t, {
      options: { loadCursor: () => answer(), timing: { storedMs: 50 } },
    })
    await until('the reason', () => /database gone/.test(stream.state().reason ?? ''))
    answer = () => new Promise<never>(() => undefined)
    await until('the other reason', () => stream.state().code === 'stream_storing_slow')
    t.equal(bayeux.sent.length, 0)
    answer = async () => '7'
    await stream.subscribed
    t.same(bayeux.of('/meta/subscribe')[0]?.ext?.replay, { [CHANNEL]: 7 })
    t.same(memory.gaps, [])
  },
)

t.test('a position that is none means a gap', async (t) => {
  const { stream, memory, bayeux } = await openScripted(t, { cursor: '{"of":"another stream"}' })
  await stream.subscribed
  t.match(memory.gaps, [/not one of this stream/])
  t.same(bayeux.of('/meta/subscribe')[0]?.ext?.replay, { [CHANNEL]: -1 })
})

t.test('a gap is noted before anything after it is stored', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { bayeux, memory } = await openScripted(t, {
    cursor: 'nonsense',
    play: (sent) =>
      sent.channel === '/meta/subscribe'
        ? {
            json: [{ channel: sent.channel, id: sent.id, successful: true, subscription: CHANNEL }, event(9)],
          }
        : undefined,
    options: { onGap: () => promise },
  })
  await until('the subscription', () => bayeux.of('/meta/subscribe').length === 1)
  await new Promise((later) => setTimeout(later, 60))
  t.same(memory.events, [])
  resolve(undefined)
  await until('the event', () => memory.events.length === 1)
})

t.test('a gap that can not be noted is not forgotten', async (t) => {
  let failures = 2
  const gaps: string[] = []
  const { stream, memory } = await openScripted(t, {
    cursor: 'nonsense',
    options: {
      async onGap(reason) {
        failures -= 1
        if (failures >= 0) throw new Error('database gone')
        gaps.push(reason)
      },
    },
  })
  await stream.subscribed
  t.equal(gaps.length, 1)
  t.ok(
    memory.states.some(
      ({ code, reason }) => code === 'stream_storing_failed' && /database gone/.test(reason ?? ''),
    ),
  )
})

t.test('positions below the subscribed one tell of a new stream: a gap', async (t) => {
  for (const polls of [[[event(13), event(14)]], [[event(undefined), event(14)]]]) {
    const { memory } = await openScripted(t, { cursor: '2112', polls })
    await until('the events', () => memory.events.length === 2)
    t.match(memory.gaps, [/started anew/])
    t.equal(memory.cursor, '14')
  }
})

t.test(
  'an interruption before anything could be stored is a gap, the first subscription is none',
  async (t) => {
    let dropped = false
    const { memory } = await openScripted(t, {
      play(sent) {
        if (sent.channel !== '/meta/connect' || dropped) return undefined
        dropped = true
        return { fate: 'drop' }
      },
    })
    await until('the gap', () => memory.gaps.length === 1)
    t.match(memory.gaps, [/interrupted before a position/])
  },
)

t.test('a subscription that stood without an event is known to whoever takes over: a gap', async (t) => {
  const first = await openScripted(t)
  await first.stream.subscribed
  t.strictSame(first.memory.gaps, [])
  t.equal(first.stream.state().cursor, null, 'and is no position')
  await first.stream.close()
  const { memory } = await openScripted(t, { cursor: first.memory.cursor })
  await until('the gap', () => memory.gaps.length === 1)
  t.match(memory.gaps, [/interrupted before a position/])
})

t.test(
  'malformed, foreign and over-large events are handed on as they came, and the stream goes on',
  async (t) => {
    const odd = [
      { channel: CHANNEL },
      { channel: CHANNEL, data: null },
      { channel: CHANNEL, data: { payload: 'text', event: 7 } },
      { channel: '/event/Other__e', data: { payload: {}, event: { replayId: 999 } } },
      { channel: 'not a channel', data: {} },
      {
        channel: CHANNEL,
        data: { payload: {}, event: { replayId: { a: 1 } } },
        advice: { reconnect: 'none' },
        successful: false,
      },
      event(20, { Record_Ids__c: 'x'.repeat(3_000_000) }),
    ]
    const { memory, stream, bayeux } = await openScripted(t, {
      cursor: '5',
      play: (sent) =>
        sent.channel === '/meta/connect' && stream.state().received === 0
          ? {
              text: `[${odd.map((one) => JSON.stringify(one)).join(',')},{"channel":"/event/X__e","data":oops},${JSON.stringify(event(21))},${JSON.stringify({ channel: sent.channel, id: sent.id, successful: true })}]`,
            }
          : undefined,
    })
    await until('all of them', () => memory.events.length === odd.length + 2)
    t.same(
      memory.events.map(({ cursor }) => cursor),
      [null, null, null, null, null, null, '20', null, '21'],
    )
    t.match(memory.events[7]?.raw, /oops/)
    t.ok(memory.events[6]!.raw.length <= 10_000)
    t.equal(memory.cursor, '21')
    t.equal(stream.state().state, 'live')
    t.equal(bayeux.of('/meta/handshake').length, 1)
  },
)

t.test('after close nothing is stored, and the client has said good-bye', async (t) => {
  let stores = 0
  const { stream, bayeux } = await openScripted(t, {
    pollMs: 20,
    play: (sent) =>
      sent.channel === '/meta/connect'
        ? { json: [event(Date.now()), { channel: sent.channel, id: sent.id, successful: true }] }
        : undefined,
    options: {
      async store() {
        stores += 1
      },
    },
  })
  await until('some events', () => stores > 3)
  await stream.close()
  const after = stores
  await new Promise((later) => setTimeout(later, 80))
  t.equal(stores, after)
  t.equal(bayeux.of('/meta/disconnect').length, 1)
})

t.test('a stream can be closed at any moment, also before anything stands', async (t) => {
  for (const fate of ['hang', 'drop'] as const) {
    const { stream } = await openScripted(t, { play: () => ({ fate }) })
    await new Promise((later) => setTimeout(later, 30))
    await stream.close()
    await t.rejects(stream.subscribed, { message: 'the stream was closed' })
  }
  const { promise, resolve } = Promise.withResolvers<null>()
  const { stream, bayeux } = await openScripted(t, { options: { loadCursor: () => promise } })
  const closing = stream.close()
  resolve(null)
  await closing
  t.equal(bayeux.sent.length, 0)
})

t.test('a listener that throws does not hurt the stream', async (t) => {
  const { memory } = await openScripted(t, {
    polls: [[event(1)]],
    options: {
      onState() {
        throw new Error('page closed')
      },
    },
  })
  await until('the event', () => memory.events.length === 1)
})
