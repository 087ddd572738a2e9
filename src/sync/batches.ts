// Cuts records into calls: at most 300 of them and 1 MB, and never the same key twice in one.

export const RECORDS_A_CALL = 300
/** 1 MB is Marketo's limit (HTTP 413); the rest is for the envelope. */
const BYTES_A_CALL = 950_000

/** Keeps the order. A record too large for any call goes alone, so that Marketo's refusal hits it alone. */
export function batchesOf<T>(
  items: T[],
  sizeOf: (item: T) => number,
  keyOf: (item: T) => string,
  atMost: number = RECORDS_A_CALL,
): T[][] {
  const batches: T[][] = []
  let rest = items
  while (rest.length > 0) {
    const batch: T[] = []
    const later: T[] = []
    const keys = new Set<string>()
    let bytes = 0
    for (const [index, item] of rest.entries()) {
      const size = batch.length === atMost ? 0 : sizeOf(item)
      if (batch.length === atMost || (batch.length > 0 && bytes + size > BYTES_A_CALL)) {
        later.push(...rest.slice(index))
        break
      }
      if (keys.has(keyOf(item))) {
        later.push(item)
        continue
      }
      keys.add(keyOf(item))
      bytes += size
      batch.push(item)
    }
    batches.push(batch)
    rest = later
  }
  return batches
}
