// Faults on request. Each applies to the next `times` matching calls, or until it is removed.
import type { Reason } from './answer.ts'
import { reason } from './answer.ts'
import { isObject } from './call.ts'

export const TOKEN_ENDPOINT = 'identity/oauth/token'

/** All kinds, for callers that have no types. */
export const KINDS = ['error', 'http', 'html', 'truncated', 'slow', 'drop', 'late', 'record']

export interface CallInfo {
  n: number
  endpoint: string
  method: string
  action?: string
  lookupField?: string
  records?: readonly unknown[]
}

export interface FaultMatch {
  /** As in the call log: "leads.json", "lead/{id}.json"; "identity/oauth/token" for the token. */
  endpoint?: string
  method?: 'GET' | 'POST'
  action?: string
  where?: (call: CallInfo) => boolean
}

export type FaultKind =
  /** A response-level error; nothing is executed. */
  | { kind: 'error'; code: string; message?: string }
  | { kind: 'http'; status: number; body?: string; contentType?: string; executes?: boolean }
  /** HTML with status 200, as a proxy's maintenance page has it. */
  | { kind: 'html'; executes?: boolean }
  /** The work is done and the body is cut in the middle. */
  | { kind: 'truncated' }
  | { kind: 'slow'; ms: number }
  /** The connection is destroyed before or after the work. */
  | { kind: 'drop'; when: 'before' | 'after' }
  /** An error or a drop now, or a proxy's word that it has the call, and the work `seconds` later; with `spread` at a random moment up to then. */
  | { kind: 'late'; seconds: number; answer: 'drop' | '202' | '504' | (string & {}); spread?: boolean }
  /** Records are skipped one by one with this code. */
  | { kind: 'record'; code: string; message?: string; where?: (record: Record<string, unknown>) => boolean }

export type Fault = FaultKind & { match?: FaultMatch; times?: number; probability?: number }

export interface FaultHandle {
  remove: () => void
  readonly hits: number
}

export interface Faults {
  add: (fault: Fault) => FaultHandle
  clear: () => void
  expireTokens: () => void
}

/** The kinds that end a call; the others only change how it goes. */
export type Ending = Exclude<FaultKind, { kind: 'slow' } | { kind: 'record' }>

/** What the faults make of one call: they add up, but only the first that ends the call counts. */
export interface Verdict {
  slowMs: number
  end?: Ending
  refuse: (record: Record<string, unknown>) => Reason | undefined
}

export interface FaultList extends Faults {
  judge: (call: CallInfo) => Verdict
  /** From 0 to 1, seeded. */
  random: () => number
}

interface Active {
  fault: Fault
  hits: number
}

export function createFaults(seed: number, expireTokens: () => void): FaultList {
  const active = new Set<Active>()
  const random = mulberry32(seed)

  return {
    random,
    expireTokens,
    clear: () => active.clear(),
    add(fault) {
      const one: Active = { fault, hits: 0 }
      active.add(one)
      return {
        remove: () => void active.delete(one),
        get hits() {
          return one.hits
        },
      }
    },
    judge(call) {
      const verdict: Verdict = { slowMs: 0, refuse: () => undefined }
      const refusers: Extract<FaultKind, { kind: 'record' }>[] = []
      for (const one of active) {
        const { fault } = one
        const ends = fault.kind !== 'slow' && fault.kind !== 'record'
        if ((ends && verdict.end) || !matches(fault, call)) continue
        if (fault.probability !== undefined && random() >= fault.probability) continue
        one.hits += 1
        if (fault.times !== undefined && one.hits >= fault.times) active.delete(one)
        if (fault.kind === 'slow') verdict.slowMs += fault.ms
        else if (fault.kind === 'record') refusers.push(fault)
        else verdict.end = fault
      }
      if (refusers.length > 0)
        verdict.refuse = (record) => {
          const refuser = refusers.find((one) => one.where?.(record) ?? true)
          return refuser && reason(refuser.code, refuser.message)
        }
      return verdict
    },
  }
}

function matches(fault: Fault, call: CallInfo): boolean {
  const { match = {} } = fault
  // The token's endpoint is only meant where it is named.
  const { endpoint } = match
  if (endpoint === undefined ? call.endpoint === TOKEN_ENDPOINT : endpoint !== call.endpoint) return false
  if (fault.kind === 'record' && !concerns(fault, call)) return false
  return (
    (match.method ?? call.method) === call.method &&
    (match.action ?? call.action) === call.action &&
    (match.where?.(call) ?? true)
  )
}

/** A record fault is for calls that write one of the records it is for. */
function concerns(fault: Fault & { kind: 'record' }, { method, records = [] }: CallInfo): boolean {
  const { where = () => true } = fault
  return method !== 'GET' && records.some((record) => isObject(record) && where(record))
}

/** A small seeded generator, so that a failing run can be played again. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
