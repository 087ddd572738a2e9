// Every call that reached the server, for tests to count and to look at.

export type CallKind =
  | 'oauth'
  | 'identity'
  | 'versions'
  | 'query'
  | 'queryAll'
  | 'queryMore'
  | 'retrieve'
  | 'deleted'
  | 'sobject'
  | 'collections'
  | 'describe'
  | 'limits'
  | 'bulk'
  | 'bayeux'
  | 'other'

export interface Call {
  n: number
  at: number
  kind: CallKind
  method: string
  path: string
  /** The SOQL, the object and count of ids, the Bayeux channels, … */
  detail: string
  /** Undefined while the call is under way. */
  status?: number
}

export interface CallLog {
  /** The newest 20,000. */
  list: Call[]
  count(kind?: CallKind): number
  clear(): void
  add(call: Omit<Call, 'n'>): Call
}

const KEPT = 20_000

export function createCallLog(): CallLog {
  const list: Call[] = []
  const counts = new Map<CallKind, number>()
  let n = 0
  return {
    list,
    count(kind) {
      if (kind !== undefined) return counts.get(kind) ?? 0
      return [...counts.values()].reduce((sum, count) => sum + count, 0)
    },
    clear() {
      list.length = 0
      counts.clear()
    },
    add(call) {
      const entry: Call = { n: ++n, ...call }
      list.push(entry)
      if (list.length > 2 * KEPT) list.splice(0, KEPT)
      counts.set(call.kind, (counts.get(call.kind) ?? 0) + 1)
      return entry
    },
  }
}
