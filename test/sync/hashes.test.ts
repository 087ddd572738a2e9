import * as fc from 'fast-check'
import t from 'tap'
import {
  createNameHash,
  decodeHashes,
  differenceOf,
  encodeHashes,
  hashesAfterMerge,
  hashValue,
  type Hashes,
  type Value,
} from '../../src/sync/hashes.ts'

const nameHash = createNameHash()
const value = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
)
const values = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,3}$/), value)
  .map((all) => new Map(Object.entries(all)))

/** Sends what differs, again and again, as a record's life goes. */
function send(values: Map<string, Value>, sent: Hashes, force = false) {
  return differenceOf(values, sent, nameHash, force)
}

t.test('what is written down is read back', async () => {
  fc.assert(
    fc.property(values, (all) => {
      const { hashes } = send(all, new Map())
      const bytes = encodeHashes(hashes)
      const back = decodeHashes(bytes)
      return (
        bytes.length === hashes.size * 10 &&
        back.size === hashes.size &&
        [...hashes].every(([k, v]) => back.get(k) === v)
      )
    }),
  )
})

t.test('a piece of a larger buffer, and a cut one, are read as far as they are whole', async (t) => {
  const { hashes } = send(
    new Map<string, Value>([
      ['a', 1],
      ['b', 'x'],
    ]),
    new Map(),
  )
  const bytes = Buffer.concat([Buffer.from('junk'), encodeHashes(hashes)])
  t.strictSame(decodeHashes(bytes.subarray(4)), hashes)
  t.equal(decodeHashes(bytes.subarray(4, 4 + 15)).size, 1)
  t.equal(decodeHashes(null).size, 0)
})

t.test('a blank is never sent where nothing had been sent before', async () => {
  fc.assert(
    fc.property(values, values, fc.boolean(), (first, second, force) => {
      const { hashes } = send(first, new Map())
      const known = new Set([...first].filter(([, one]) => one !== null).map(([field]) => field))
      const { fields } = send(second, hashes, force)
      return Object.entries(fields).every(([field, one]) => one !== null || known.has(field))
    }),
  )
})

t.test('sent once, the same values differ in nothing; forced, every value is sent', async () => {
  fc.assert(
    fc.property(values, values, (first, second) => {
      const known = send(first, new Map()).hashes
      const { hashes } = send(second, known)
      const again = send(second, hashes)
      const forced = send(second, hashes, true)
      return (
        Object.keys(again.fields).length === 0 &&
        [...second].every(([field, one]) => one === null || Object.is(forced.fields[field], one)) &&
        forced.hashes.size === hashes.size
      )
    }),
  )
})

t.test(
  "after merges in a row the winner holds its own values, and is blank where it is, whatever the losers' were",
  async () => {
    fc.assert(
      fc.property(
        fc.array(values, { minLength: 1, maxLength: 3 }),
        values,
        values,
        (losers, before, after) => {
          const held = new Map<string, Value>()
          let sent: Hashes = new Map()
          const sendTo = (wanted: Map<string, Value>): void => {
            const { fields, hashes } = send(wanted, sent)
            for (const [field, one] of Object.entries(fields)) held.set(field, one)
            sent = hashes
          }
          // Of every field that it is ever about, whatever it has of it.
          const whole = (some: Map<string, Value>): Map<string, Value> =>
            new Map(
              [before, after, ...losers]
                .flatMap((all) => [...all.keys()])
                .map((name) => [name, some.get(name) ?? null]),
            )
          sendTo(whole(before))
          for (const loser of losers) {
            sendTo(whole(after))
            for (const [field, one] of loser) if ((held.get(field) ?? null) === null) held.set(field, one)
            sent = hashesAfterMerge(sent, send(loser, new Map()).hashes)
          }
          sendTo(whole(after))
          return [...whole(after)].every(([field, one]) => Object.is(held.get(field) ?? null, one))
        },
      ),
    )
  },
)

t.test('fields that are not among the values keep what was sent', async (t) => {
  const { hashes } = send(
    new Map([
      ['a', 'x'],
      ['b', 'y'],
    ]),
    new Map(),
  )
  const later = send(new Map([['a', null]]), hashes)
  t.strictSame(later.fields, { a: null })
  t.strictSame(send(new Map([['b', 'y']]), later.hashes).fields, {})
  t.strictSame(send(new Map([['a', null]]), later.hashes).fields, {}, 'a blank is sent once')
  t.strictSame(send(new Map([['a', 'x']]), later.hashes).fields, { a: 'x' }, 'and a value after it again')
})

t.test('values of different types are different', async (t) => {
  const all: Value[] = [1, '1', true, 'true', null, 'null', '', 0, false]
  t.equal(new Set(all.map(hashValue)).size, all.length)
  t.match(hashValue('x'), /^[0-9a-f]{12}$/)
  t.match(nameHash('email'), /^[0-9a-f]{8}$/)
  t.equal(nameHash('email'), createNameHash()('email'), 'a name is the same in every process')
})
