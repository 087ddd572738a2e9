// Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum of their case
// (salesforce §9). The simulator always holds and shows 18, except where the real one shows 15.

const CHECKSUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
// ASCII order, so that ids of one object sort in the order they were made.
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Salesforce §9: per group of five, bit j says that character j is a capital. */
export function checksum(id15: string): string {
  let suffix = ''
  for (let group = 0; group < 3; group++) {
    let bits = 0
    for (let j = 0; j < 5; j++) {
      const c = id15.charCodeAt(group * 5 + j)
      if (c >= 65 && c <= 90) bits |= 1 << j
    }
    suffix += CHECKSUM[bits]
  }
  return suffix
}

/** The 18-character form, or undefined for what is no id (wrong length, characters or checksum). */
export function to18(id: string): string | undefined {
  if (!/^[0-9A-Za-z]+$/.test(id)) return undefined
  if (id.length === 15) return id + checksum(id)
  if (id.length === 18 && checksum(id.slice(0, 15)) === id.slice(15)) return id
  return undefined
}

export const to15 = (id: string): string => id.slice(0, 15)

/** Makes ids in rising order per key prefix; `5g` is the pod, unlike the `5e` of the shared export. */
export function createIdFactory(pod = '5g0'): (keyPrefix: string) => string {
  const counters = new Map<string, number>()
  return (keyPrefix) => {
    const next = (counters.get(keyPrefix) ?? 100_000) + 1
    counters.set(keyPrefix, next)
    let digits = ''
    for (let rest = next; digits.length < 9; rest = Math.floor(rest / 62)) digits = BASE62[rest % 62] + digits
    const id15 = keyPrefix + pod + digits
    return id15 + checksum(id15)
  }
}
