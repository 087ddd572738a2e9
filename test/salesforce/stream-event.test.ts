import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import t from 'tap'
import { isCursor, startedAnew, streamEvent } from '../../src/salesforce/stream-event.ts'

const CHANNEL = '/event/Record_Change__e'

function read(text: string, oversized = false): ReturnType<typeof streamEvent> {
  let message: unknown
  try {
    message = oversized ? undefined : JSON.parse(text)
  } catch {}
  return streamEvent({ text, oversized }, message, CHANNEL)
}

/** An event with this JSON text as its replay id. */
function at(replayId: string): ReturnType<typeof read> {
  return read(
    `{"data":{"payload":{"a":1},"event":{"EventUuid":"u","replayId":${replayId}}},"channel":"${CHANNEL}"}`,
  )
}

t.test('an event has its position in the type it came in', async (t) => {
  t.match(at('2112'), { replayId: 2112, cursor: '2112', uuid: 'u', payload: { a: 1 } })
  t.match(at('"AAEC"'), { replayId: 'AAEC', cursor: '"AAEC"' })
  t.equal(at('90071992547409931234').cursor, '90071992547409931234', 'larger than numbers are exact')
  t.match(at('null'), { replayId: null, cursor: null })
  t.equal(at('{"x":1}').cursor, null)
})

t.test('what could be no position of an event moves no cursor', async (t) => {
  for (const replayId of ['-1', '-2', '-90071992547409931234', '1.5', '1e400', '""', 'true', '[7]'])
    t.equal(at(replayId).cursor, null, replayId)
  t.equal(at(`"${'x'.repeat(5_000)}"`).cursor, null, 'a long one')
})

t.test('what could be no id of an event is none', async (t) => {
  const uuidOf = (EventUuid: unknown) =>
    read(JSON.stringify({ channel: CHANNEL, data: { event: { EventUuid } } })).uuid
  t.equal(uuidOf('7f0b4a6e-3c1d-4a55-9d3e-0d5c9a4e8b11'), '7f0b4a6e-3c1d-4a55-9d3e-0d5c9a4e8b11')
  for (const other of [null, 7, {}, '', 'two words', 'nul\0', 'x'.repeat(101)])
    t.equal(uuidOf(other), null, JSON.stringify(other))
})

t.test('an event of another channel does not move the cursor', async (t) => {
  t.match(read('{"data":{"payload":1,"event":{"replayId":5}},"channel":"/event/Other__e"}'), {
    replayId: null,
    cursor: null,
    payload: 1,
  })
})

t.test('an event without anything is an event still', async (t) => {
  t.match(read(`{"channel":"${CHANNEL}"}`), { replayId: null, cursor: null, uuid: null, payload: null })
  t.match(read(`{"channel":"${CHANNEL}","data":[]}`), { payload: null })
})

t.test('of an event that is too long the position at its end counts', async (t) => {
  const text = `{"data":{"payload":"${'x'.repeat(20_000)}","event":{"replayId":9}},"channel":"${CHANNEL}"}`
  const event = read(text, true)
  t.match(event, { cursor: '9', payload: null })
  t.equal(event.raw.length, 10_000)
  t.equal(event.size, text.length)
})

t.test('what is kept of long events does not hold their whole texts in memory', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  const kept = Array.from({ length: 100 }, (_, n) => read(`${n}${'x'.repeat(1_000_000)}`, true).raw.trim())
  const grown = heap() - before
  t.ok(grown < 10_000_000, `${kept.length} of them take ${grown} bytes`)
})

t.test('only what Salesforce could have sent is a cursor', async (t) => {
  for (const text of ['-1', '0', '2112', '"AAEC"']) t.ok(isCursor(text), text)
  for (const text of ['', 'abc', '-2', '1.5', 'null', '{}', '"', '"a', '1 2', '1'.repeat(50)])
    t.notOk(isCursor(text), text)
})

t.test('a position that does not exceed the one subscribed from tells of a new stream', async (t) => {
  t.ok(startedAnew('2112', at('13')))
  t.notOk(startedAnew('2112', at('2113')))
  t.notOk(startedAnew('2112', at('-5')), 'which is no position')
  t.notOk(startedAnew('-1', at('13')))
  t.notOk(startedAnew('"AAEC"', at('13')))
})

t.test('any text becomes an event', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), fc.boolean(), (text, oversized) => {
      const { cursor, raw } = read(text, oversized)
      t.ok((cursor === null || isCursor(cursor)) && raw.length <= 10_000)
    }),
    { numRuns: 300 },
  )
})
