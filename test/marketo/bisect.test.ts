import t from 'tap'
import { bisect } from '../../src/marketo/bisect.ts'
import { failed } from '../../src/marketo/outcome.ts'
import { verdictOfCall, type Verdict } from '../../src/marketo/verdict.ts'

const refusal = (code: string, attempt = 1): Verdict =>
  verdictOfCall(failed('response', code, '', true), { write: true, attempt })

/** A Marketo that refuses a call whole for the sake of some records. */
function marketo(poisoned: readonly number[], verdict: Verdict = refusal('1006')) {
  const calls: number[][] = []
  return {
    calls,
    run: async (items: number[]): Promise<{ answer: number[]; verdict: Verdict }> => {
      calls.push(items)
      const bad = items.some((item) => poisoned.includes(item))
      return { answer: items, verdict: bad ? verdict : { kind: 'accepted' } }
    },
  }
}

const items = Array.from({ length: 300 }, (_, index) => index)

t.test('a batch that is taken is one call', async (t) => {
  const { run, calls } = marketo([])
  t.same(await bisect(items, run), [{ items, answer: items, verdict: { kind: 'accepted' } }])
  t.equal(calls.length, 1)
})

t.test(
  'one poisoned record of 300 is found with at most 2 log2(n) further calls, wherever it is',
  async (t) => {
    for (const poison of [0, 1, 149, 150, 151, 298, 299]) {
      const { run, calls } = marketo([poison])
      const leaves = await bisect(items, run)
      t.ok(calls.length <= 1 + 2 * Math.ceil(Math.log2(300)), `${calls.length} calls for record ${poison}`)
      t.same(
        leaves.filter(({ verdict }) => verdict.kind !== 'accepted').map(({ items }) => items),
        [[poison]],
      )
      t.same(
        leaves.flatMap(({ items }) => items),
        items,
        'everybody once, in order',
      )
    }
  },
)

t.test('each of several poisoned records is found, and their neighbours pass', async (t) => {
  const poisoned = [3, 4, 77, 250]
  const { run, calls } = marketo(poisoned)
  const leaves = await bisect(items, run)
  const refused = leaves.filter(({ verdict }) => verdict.kind === 'refused')
  t.same(
    refused.flatMap(({ items }) => items),
    poisoned,
  )
  t.ok(calls.length <= 1 + poisoned.length * 2 * Math.ceil(Math.log2(300)))
  const passed = leaves.filter(({ verdict }) => verdict.kind === 'accepted').flatMap(({ items }) => items)
  t.equal(passed.length, 296)
})

t.test('an opportunity alone with a 718 has lost its sales person', async (t) => {
  const leaves = await bisect([1, 2], marketo([2], refusal('718')).run)
  t.match(leaves.at(-1), { items: [2], verdict: { kind: 'gone', lost: 'sales person' } })
})

t.test('what stops the whole connection sends nothing more', async (t) => {
  let n = 0
  const leaves = await bisect(items, async (group) => ({
    answer: group,
    verdict: ++n < 3 ? refusal('1006') : refusal('607'),
  }))
  t.equal(n, 3)
  t.same(
    leaves.flatMap(({ items }) => items),
    items,
  )
  t.ok(leaves.every(({ verdict }) => verdict.kind === 'quota'))
  t.equal(leaves.filter(({ answer }) => answer === undefined).length, leaves.length - 1)
})

t.test('a group with a passing trouble is left to be repeated, and the others go on', async (t) => {
  const leaves = await bisect([1, 2, 3, 4], async (group) => ({
    answer: group,
    verdict: group.length === 4 ? refusal('1006') : group.includes(1) ? refusal('608') : { kind: 'accepted' },
  }))
  t.match(leaves, [
    { items: [1, 2], verdict: { kind: 'again' } },
    { items: [3, 4], verdict: { kind: 'accepted' } },
  ])
})

t.test('a call that may have been carried out is not split', async (t) => {
  const { run, calls } = marketo([1], refusal('611', 4))
  t.match(await bisect(items, run), [{ items, verdict: { kind: 'ambiguous', code: '611' } }])
  t.equal(calls.length, 1)
})

/** As 609 says it of bytes, and a gateway of whatever it is given. */
const GATEWAYS = [
  refusal('609'),
  verdictOfCall(failed('http', 'HTTP 400', '', true), { write: true, attempt: 1 }),
]

t.test('where a gateway refuses every call alike, few calls tell, and no record is to blame', async (t) => {
  for (const verdict of GATEWAYS)
    for (const [count, most] of [
      [1, 1],
      [2, 3],
      [7, 13],
      [300, 15],
    ] as const) {
      const some = items.slice(0, count)
      const { run, calls } = marketo(some, verdict)
      const leaves = await bisect(some, run)
      t.ok(calls.length <= most, `${calls.length} calls for ${count}`)
      t.ok(leaves.every((leaf) => leaf.verdict.kind === 'everybody'))
      t.same(
        leaves.flatMap((leaf) => leaf.items),
        some,
      )
    }
})

t.test('a record that is refused among others that are let through is found and to blame', async (t) => {
  for (const verdict of GATEWAYS)
    for (const poisoned of [[0], [150], [299], [0, 1, 2, 3, 4, 5, 6, 7], [5, 60, 120, 180, 240]]) {
      const { run, calls } = marketo(poisoned, verdict)
      const leaves = await bisect(items, run)
      const refused = leaves.filter((leaf) => leaf.verdict.kind === 'refused')
      t.same(
        refused.flatMap((leaf) => leaf.items),
        poisoned,
      )
      t.ok(calls.length <= 1 + poisoned.length * 2 * Math.ceil(Math.log2(300)))
      t.notOk(leaves.some((leaf) => leaf.verdict.kind === 'everybody'))
    }
})

t.test('what Marketo refuses in its own words shows that no gateway is in the way', async (t) => {
  const leaves = await bisect([1, 2], async (group) => ({
    answer: group,
    verdict: group.includes(1) ? GATEWAYS[0]! : refusal('1003'),
  }))
  t.match(leaves, [
    { items: [1], verdict: { kind: 'refused', code: '609' } },
    { items: [2], verdict: { kind: 'refused', code: '1003' } },
  ])
})

t.test('a call that fails for a moment shows nothing', async (t) => {
  const leaves = await bisect([1, 2], async (group) => ({
    answer: group,
    verdict: group.includes(1) ? GATEWAYS[0]! : refusal('608'),
  }))
  t.match(leaves, [{ verdict: { kind: 'everybody' } }, { verdict: { kind: 'again' } }])
})

t.test('nothing is nothing', async (t) => {
  t.same(await bisect([], marketo([]).run), [])
})
