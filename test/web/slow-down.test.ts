import t from 'tap'
import { createSlowDown } from '../../src/web/slow-down.ts'

t.test('an address that fails repeatedly waits longer and longer, and no other one', (t) => {
  let now = 0
  const slowDown = createSlowDown(() => now)
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) slowDown.failed('192.0.2.1')
  }
  fail(4)
  t.equal(slowDown.waitOf('192.0.2.1'), 0)
  fail(1)
  t.equal(slowDown.waitOf('192.0.2.1'), 2_000)
  t.equal(slowDown.waitOf('192.0.2.2'), 0)
  now += 2_000
  t.equal(slowDown.waitOf('192.0.2.1'), 0)
  fail(1)
  t.equal(slowDown.waitOf('192.0.2.1'), 4_000)
  fail(100)
  t.equal(slowDown.waitOf('192.0.2.1'), 300_000)
  slowDown.succeeded('192.0.2.1')
  t.equal(slowDown.waitOf('192.0.2.1'), 0)
  t.end()
})

t.test('old failures are forgotten', (t) => {
  let now = 0
  const slowDown = createSlowDown(() => now)
  for (let i = 0; i < 4; i++) slowDown.failed('192.0.2.1')
  now += 900_000
  slowDown.failed('192.0.2.1')
  t.equal(slowDown.waitOf('192.0.2.1'), 0)
  t.end()
})
