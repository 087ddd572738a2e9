// What was last sent, field by field, as 10 bytes each: 4 of the field's name, 6 of its value. The ledger keeps these instead of
// the values: a fifth of the space, and nothing personal. 48 bits: one change in 2.8e14 would go unseen.
import { hash } from 'node:crypto'

const NAME_BYTES = 4
const VALUE_BYTES = 6
const FIELD_BYTES = NAME_BYTES + VALUE_BYTES

/** A value as JSON can carry it; null is a blank. */
export type Value = string | number | boolean | null

/** Field name hash (hex) → value hash (hex). */
export type Hashes = Map<string, string>

export function decodeHashes(bytes: Uint8Array | null): Hashes {
  const hashes: Hashes = new Map()
  if (bytes === null) return hashes
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + FIELD_BYTES <= buffer.length; at += FIELD_BYTES)
    hashes.set(
      buffer.toString('hex', at, at + NAME_BYTES),
      buffer.toString('hex', at + NAME_BYTES, at + FIELD_BYTES),
    )
  return hashes
}

export function encodeHashes(hashes: Hashes): Uint8Array {
  return Buffer.from([...hashes].map(([name, value]) => name + value).join(''), 'hex')
}

/** Name hashes recur with every record, so whoever hashes many records keeps one of these. */
export function createNameHash(): (field: string) => string {
  const known = new Map<string, string>()
  return (field) => {
    let name = known.get(field)
    if (name === undefined) {
      name = hash('sha1', field, 'hex').slice(0, NAME_BYTES * 2)
      known.set(field, name)
    }
    return name
  }
}

export function hashValue(value: Value): string {
  return hash('sha1', `${typeof value}:${value}`, 'hex').slice(0, VALUE_BYTES * 2)
}

const BLANK = hashValue(null)
const UNKNOWN = 'ff'.repeat(VALUE_BYTES)

/** Instead of a blank where nobody knows what Marketo holds: the blank is sent then. */
export function doubt(hashes: Hashes, name: string): Hashes {
  return (hashes.get(name) ?? BLANK) === BLANK ? new Map([...hashes, [name, UNKNOWN]]) : hashes
}

/** After a write of which nobody knows what Marketo took: only what it did not change is known. */
export function unproven(sent: Hashes, before: Hashes): Hashes {
  const changed = [...sent].filter(([name, value]) => before.get(name) !== value)
  return new Map([...before, ...changed.map(([name]): [string, string] => [name, UNKNOWN])])
}

/** What was sent, but for the doubts that came up while it was on its way, unless the write said something of their fields. */
export function keepDoubts(
  sent: Uint8Array,
  now: Uint8Array | null,
  fields: Readonly<Record<string, Value>>,
): Uint8Array {
  const doubts = [...decodeHashes(now)].filter(([, value]) => value === UNKNOWN)
  if (doubts.length === 0) return sent
  const said = new Set(Object.keys(fields).map(createNameHash()))
  const left = doubts.filter(([name]) => !said.has(name))
  return encodeHashes(left.reduce((hashes, [name]) => doubt(hashes, name), decodeHashes(sent)))
}

/** What Marketo holds after a merge: it fills the winner's blanks with the loser's values, also those that were cleared. */
export function hashesAfterMerge(winner: Hashes, loser: Hashes): Hashes {
  const filled = [...loser].filter(([name]) => (winner.get(name) ?? BLANK) === BLANK)
  return new Map([...winner, ...filled])
}

export interface Difference {
  /** What to send. Empty: Marketo holds it all. */
  fields: Record<string, Value>
  /** What will have been sent once that is confirmed. */
  hashes: Hashes
}

/**
 * Compares the values with what was last sent. A blank is sent only where a value had been: clearing a field clears it, and
 * adopting a person erases nothing. `force` sends every value again, and such blanks too.
 */
export function differenceOf(
  values: Map<string, Value>,
  sent: Hashes,
  nameHash: (field: string) => string,
  force: boolean,
): Difference {
  const fields: Record<string, Value> = {}
  const hashes: Hashes = new Map(sent)
  for (const [field, value] of values) {
    const name = nameHash(field)
    const before = sent.get(name)
    if (value === null && before === undefined) continue
    const now = value === null ? BLANK : hashValue(value)
    if (before === now && !force) continue
    fields[field] = value
    hashes.set(name, now)
  }
  return { fields, hashes }
}
