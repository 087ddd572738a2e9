import { mock } from 'node:test'
import t from 'tap'
import { BridgeError } from '../src/errors.ts'
import { createLog } from '../src/log.ts'
import { isTermOver, loop, patient, pause, untilAborted, type LoopOptions } from '../src/loop.ts'
import { until } from './fixtures/until.ts'

function optionsOf(changes: Partial<LoopOptions> = {}) {
  const lines: string[] = []
  const stop = new AbortController()
  const log = createLog('info', { write: (line) => lines.push(line) })
  return {
    lines,
    stop,
    options: { name: 'the work', everyMs: 1, retryMs: 1, signal: stop.signal, log, ...changes },
  }
}

t.test('steps follow each other, never two at once, until the signal aborts', async (t) => {
  const { stop, options } = optionsOf()
  let running = 0
  let rounds = 0
  await loop(options, async () => {
    t.equal(++running, 1)
    await pause(2, stop.signal)
    running--
    if (++rounds === 3) stop.abort()
  })
  t.equal(rounds, 3)
  await loop(options, async () => t.fail('an aborted loop does nothing'))
})

t.test('a failure is told, and the next round comes all the same', async (t) => {
  const { lines, stop, options } = optionsOf()
  let rounds = 0
  await loop(options, async () => {
    if (++rounds < 3) throw new Error('no luck')
    stop.abort()
  })
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(told, [
    { level: 'warn', reason: 'no luck', failures: 1, msg: /^the work failed/ },
    { failures: 2 },
    { level: 'info', msg: 'the work works again' },
  ])
})

t.test('waits grow with the failures, up to the interval', async (t) => {
  const { stop, options } = optionsOf({ everyMs: 30, retryMs: 10 })
  const at: number[] = []
  await loop(options, async () => {
    at.push(performance.now())
    if (at.length === 4) stop.abort()
    throw new Error('no luck')
  })
  const waits = at.slice(1).map((time, index) => time - at[index]!)
  t.ok(waits[0]! >= 9 && waits[1]! >= 19 && waits[2]! >= 29, waits.join())
})

t.test('the end of the term ends the loop with that', async (t) => {
  const over = new BridgeError('lease_lost', 'Another process leads now.', 'Nothing.')
  t.ok(isTermOver(over))
  t.notOk(isTermOver(new BridgeError('other', 'x', 'y')))
  t.notOk(isTermOver('lease_lost'))
  await t.rejects(
    loop(optionsOf().options, async () => {
      throw over
    }),
    { code: 'lease_lost' },
  )
})

t.test('what fails because everything stops is no failure', async (t) => {
  const { lines, stop, options } = optionsOf()
  await loop(options, async () => {
    stop.abort()
    throw new Error('broken off')
  })
  t.strictSame(lines, [])
})

t.test('its own way of resting is asked only after a round that went well', async (t) => {
  let rests = 0
  const { stop, options } = optionsOf({
    rest: async () => {
      rests++
    },
  })
  let rounds = 0
  await loop(options, async () => {
    if (++rounds === 2) throw new Error('no luck')
    if (rounds === 4) stop.abort()
  })
  t.equal(rests, 3)
})

t.test('a pause ends with the signal, and untilAborted resolves late and early', async (t) => {
  const stop = new AbortController()
  const both = Promise.all([pause(60_000, stop.signal), untilAborted(stop.signal)])
  stop.abort()
  await both
  await Promise.all([pause(60_000, stop.signal), untilAborted(stop.signal)])
  t.pass('nobody waits any more')
})

t.test('a costly step that failed is not taken again at once', async (t) => {
  let taken = 0
  const step = patient(50, async () => {
    taken++
    if (taken === 1) throw new Error('once')
  })
  const began = Date.now()
  await t.rejects(step(), /once/)
  await step()
  if (Date.now() - began < 50) t.equal(taken, 1)
  await until('the next one', async () => {
    await step()
    return taken > 1
  })
  t.ok(Date.now() - began >= 49)
})

t.test('the wait of a costly step grows while it fails, and begins anew when it has succeeded', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 0 })
  t.teardown(() => mock.timers.reset())
  const takenAt: number[] = []
  const step = patient(
    80,
    async () => {
      takenAt.push(Date.now())
      if (takenAt.length !== 5) throw new Error('still')
    },
    20,
  )
  for (let at = 0; at < 300; at += 10) {
    await step().catch(() => undefined)
    mock.timers.tick(10)
  }
  t.strictSame(takenAt, [0, 20, 60, 140, 220, 230, 250, 290])
})
