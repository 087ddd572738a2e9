import t from 'tap'
import { asError, BridgeError, reasonOf } from '../src/errors.ts'

t.test('an error for people says what happened and what to do', async (t) => {
  const cause = new Error('connect ECONNREFUSED')
  const error = new BridgeError('unreachable', 'Salesforce does not answer.', 'Check the address.', { cause })
  t.match(error, { name: 'BridgeError', code: 'unreachable', advice: 'Check the address.', cause })
  t.ok(error instanceof Error)
  t.equal(reasonOf(error), 'Salesforce does not answer. (connect ECONNREFUSED)')
})

t.test('anything that was thrown has a reason', async (t) => {
  const circular: Record<string, unknown> = { name: 'odd' }
  circular.self = circular
  const cases: [unknown, string | RegExp][] = [
    ['a text', 'a text'],
    [{ code: 7 }, '{ code: 7 }'],
    [undefined, 'undefined'],
    [null, 'null'],
    [10n, '10n'],
    [circular, /Circular/],
    [new TypeError(''), 'TypeError'],
    [new Error('outer', { cause: 'inner' }), 'outer (inner)'],
    [new Error('outer: inner', { cause: new Error('inner') }), 'outer: inner'],
    [new Error('outer', { cause: null }), 'outer'],
  ]
  for (const [thrown, reason] of cases) t.match(reasonOf(thrown), reason)
  const same = new Error('same')
  t.equal(asError(same), same)
})

t.test('a cause that leads back to itself ends', async (t) => {
  const error = new Error('a')
  error.cause = new Error('b', { cause: error })
  t.ok(reasonOf(error).length < 100)
})
