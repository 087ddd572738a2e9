// One REST call as the routes see it, and what a route makes of it.
import type { Answer, Reason } from './answer.ts'
import type { Activities } from './activities.ts'
import type { Settings } from './options.ts'
import type { Store } from './store.ts'
import type { Usage } from './usage.ts'

export interface Call {
  n: number
  /** Path below /rest/v1/, with {id} in place of an id: "leads.json", "lead/{id}.json". */
  endpoint: string
  /** GET also for a POST with _method=GET (marketo-rest §2). */
  method: string
  id?: number
  params: URLSearchParams
  /** The parsed JSON body, if the call had one. */
  body: unknown
  /** Record-level refusals that faults ask for. */
  refuse: (record: Record<string, unknown>) => Reason | undefined
}

export interface World {
  settings: Settings
  store: Store
  activities: Activities
  usage: Usage
  /** Sales persons of deleted companies: they can't be deleted any more (marketo-rest §3.1). */
  formerOwners: Set<string>
  isExcused: (object: string, externalId: string) => boolean
}

/** A call that has arrived: what it looked up is looked up; `run` writes when its time is over. */
export interface Prepared {
  run: () => Answer
  action?: string
  lookupField?: string
  /** Input, ids or filter values, for the call log. */
  records?: readonly unknown[]
  /** Keys and ids that the call writes, for the watch on "a key in two calls at once". */
  claims?: readonly string[]
  /** Things that must never be in a call (design §9), as sentences. */
  findings?: readonly string[]
}

export type Route = (call: Call, world: World) => Prepared

export const refusal = (answer: Answer, more: Omit<Prepared, 'run'> = {}): Prepared => ({
  ...more,
  run: () => answer,
})

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whatever a caller sent where a text is due. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null)
