// Every REST call, and on it what must never happen (design §9). Records and results are kept for the latest calls
// only; counts are of all calls since the last clear().
import type { RecordResult } from './answer.ts'

export interface LoggedCall {
  n: number
  at: number
  endedAt?: number
  endpoint: string
  method: string
  /** As it was sent, with the query of a GET. */
  path: string
  action?: string
  lookupField?: string
  records?: readonly unknown[]
  recordCount: number
  /** HTTP status of the answer; absent where the connection was dropped. */
  status?: number
  codes: readonly string[]
  results?: readonly RecordResult[]
  /** What a fault did to the call. */
  fault?: string
  /** Whether the work was done: false for refused calls and until late work is done. */
  executed: boolean
}

export interface CallLog extends Iterable<LoggedCall> {
  readonly entries: readonly LoggedCall[]
  readonly length: number
  /** All calls, or those of one endpoint ("leads.json"), or of one endpoint and method. */
  count: (endpoint?: string, method?: string) => number
  /** Calls after number n. */
  since: (n: number) => readonly LoggedCall[]
  last: () => LoggedCall | undefined
  clear: () => void
  /** Every "never" that was seen, as sentences. */
  violations: () => string[]
  /** Number of answers with this code. */
  codes: () => Record<string, number>
  countsByEndpoint: () => Record<string, number>
}

export interface CallRecorder extends CallLog {
  start: (entry: Omit<LoggedCall, 'n' | 'codes' | 'recordCount' | 'executed'>) => LoggedCall
  end: (entry: LoggedCall, at: number) => void
  violate: (entry: LoggedCall, sentence: string) => void
}

const ENTRIES_KEPT = 100_000
const VIOLATIONS_KEPT = 1000

export function createCallLog(options: { keepRecords: number }): CallRecorder {
  let entries: LoggedCall[] = []
  let stripped = 0
  let violations: string[] = []
  let n = 0
  const counts = new Map<string, number>()
  const codes = new Map<string, number>()

  function bound(): void {
    for (; stripped < entries.length - options.keepRecords; stripped += 1) {
      delete entries[stripped]!.records
      delete entries[stripped]!.results
    }
    if (entries.length < 2 * ENTRIES_KEPT) return
    stripped = Math.max(0, stripped - (entries.length - ENTRIES_KEPT))
    entries = entries.slice(-ENTRIES_KEPT)
  }

  return {
    get entries() {
      return entries
    },
    get length() {
      return entries.length
    },
    [Symbol.iterator]: () => entries[Symbol.iterator](),
    count(endpoint, method) {
      let all = 0
      for (const [key, calls] of counts) {
        const [oneMethod, oneEndpoint] = key.split(' ')
        if ((endpoint ?? oneEndpoint) === oneEndpoint && (method ?? oneMethod) === oneMethod) all += calls
      }
      return all
    },
    since: (after) => entries.filter((entry) => entry.n > after),
    last: () => entries.at(-1),
    clear() {
      entries = []
      violations = []
      stripped = 0
      counts.clear()
      codes.clear()
    },
    violations: () => [...violations],
    codes: () => Object.fromEntries(codes),
    countsByEndpoint: () => Object.fromEntries(counts),
    start(entry) {
      const logged: LoggedCall = { ...entry, n: ++n, codes: [], recordCount: 0, executed: false }
      entries.push(logged)
      add(counts, `${entry.method} ${entry.endpoint}`)
      bound()
      return logged
    },
    end(entry, at) {
      entry.endedAt = at
      for (const code of entry.codes) add(codes, code)
    },
    violate(entry, sentence) {
      if (violations.length < VIOLATIONS_KEPT)
        violations.push(`call ${entry.n}, ${entry.method} ${entry.endpoint}: ${sentence}`)
    },
  }
}

function add(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}
