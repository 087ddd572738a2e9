// What a test makes go wrong. A fault is armed for the next N matching occasions (one, unless said
// otherwise) or with `times: Infinity` until it is removed; its handle counts the hits.

import type { Call, CallKind } from './call-log.ts'

export interface HttpEffect {
  delayMs?: number
  answer?: { status: number; body: string; contentType: string; headers?: Record<string, string> }
  /** before: nothing is done; mid-body: half an answer; after: the work is done, no answer comes. */
  drop?: 'before' | 'mid-body' | 'after'
  /** Half the body, as if it were all. */
  truncate?: boolean
  contentType?: string
}

/** A refused Bayeux message. */
export interface BayeuxEffect {
  error: string
  failureReason?: string
  reconnect?: 'none' | 'handshake' | 'retry'
}

export interface Effects {
  http: HttpEffect
  handshake: BayeuxEffect
  connect: BayeuxEffect
  subscribe: BayeuxEffect
  bulkJob: { errorMessage: string }
  /** Share of the rows after which a page of bulk results ends. `bare`: between two rows, and without Salesforce's own headers. */
  bulkResults: { keep: number; drop: boolean; bare: boolean }
}

export type Occasion = keyof Effects

export interface FaultOptions {
  times?: number
  /** Occasions to let pass first. */
  skip?: number
  kind?: CallKind | CallKind[]
  when?: (call: Call) => boolean
}

export interface FaultHandle {
  readonly hits: number
  readonly active: boolean
  remove(): void
}

interface Armed {
  occasion: Occasion
  effect: unknown
  options: FaultOptions
  left: number
  skip: number
  hits: number
}

export interface FaultBox {
  arm<K extends Occasion>(occasion: K, effect: Effects[K], options?: FaultOptions): FaultHandle
  take<K extends Occasion>(occasion: K, call: Call): Effects[K] | undefined
  removeAll(): void
}

export function createFaultBox(): FaultBox {
  let armed: Armed[] = []

  const matches = (fault: Armed, call: Call): boolean => {
    const { kind, when } = fault.options
    return (kind === undefined || [kind].flat().includes(call.kind)) && (when === undefined || when(call))
  }

  return {
    arm(occasion, effect, options = {}) {
      const fault: Armed = {
        occasion,
        effect,
        options,
        left: options.times ?? 1,
        skip: options.skip ?? 0,
        hits: 0,
      }
      armed.push(fault)
      return {
        get hits() {
          return fault.hits
        },
        get active() {
          return armed.includes(fault)
        },
        remove: () => void (armed = armed.filter((other) => other !== fault)),
      }
    },
    take<K extends Occasion>(occasion: K, call: Call) {
      const fault = armed.find((fault) => fault.occasion === occasion && matches(fault, call))
      if (!fault) return undefined
      if (fault.skip > 0) {
        fault.skip--
        return undefined
      }
      fault.hits++
      fault.left--
      if (fault.left <= 0) armed = armed.filter((other) => other !== fault)
      return fault.effect as Effects[K]
    },
    removeAll: () => void (armed = []),
  }
}
