// What a process says that it has done: its counters, which end with it.
export const METRICS_TOKEN = 'metrics-token-of-the-tests'

/** By what was counted: "marked" and "parked" events, records as "User accepted". */
export type Counts = ReadonlyMap<string, number>

export interface Said {
  leads: boolean
  counts: Counts
}

const ANSWER_MS = 1_000

/** Undefined where it does not answer. */
export async function askCounts(url: string): Promise<Said | undefined> {
  const response = await fetch(`${url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS_TOKEN}`, connection: 'close' },
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => undefined)
  const text = await response?.text().catch(() => undefined)
  if (response?.status !== 200 || text === undefined) return undefined
  const counters = text.matchAll(/^bridge_(?:events|pushes)_total\{(.+)\} (\d+)$/gm)
  return {
    leads: /^bridge_leader 1$/m.test(text),
    counts: new Map([...counters].map(([, labels, count]) => [keyOf(labels!), Number(count)])),
  }
}

const keyOf = (labels: string): string => [...labels.matchAll(/"(\w+)"/g)].map(([, value]) => value).join(' ')

export function plus(all: Iterable<Counts>): Counts {
  const sum = new Map<string, number>()
  for (const counts of all) for (const [key, count] of counts) sum.set(key, count + (sum.get(key) ?? 0))
  return sum
}

export const minus = (now: Counts, before: Counts): Counts =>
  new Map([...now].map(([key, count]) => [key, count - (before.get(key) ?? 0)]))
