// A Marketo instance as a real HTTP server, written from Adobe's documents and strict about them: what the real one
// refuses it refuses, with the documented code on the documented level. See README.md.
import { setTimeout as wait } from 'node:timers/promises'
import type { CallLog } from './call-log.ts'
import { createCallLog } from './call-log.ts'
import type { World } from './call.ts'
import { createControl } from './control.ts'
import { endCall } from './fault-endings.ts'
import type { Reply } from './fault-endings.ts'
import { createFaults, TOKEN_ENDPOINT } from './faults.ts'
import type { Faults } from './faults.ts'
import { createIdentity } from './identity.ts'
import { createInstance } from './instance.ts'
import type { MarketoInstance } from './instance.ts'
import { createLimits } from './limits.ts'
import { settingsFrom } from './options.ts'
import type { MarketoOptions, Settings } from './options.ts'
import type { Incoming } from './request-body.ts'
import { createRest, LARGEST_BODY } from './rest.ts'
import { listen } from './server.ts'
import { createStore } from './store.ts'
import { createUsage } from './usage.ts'
import { createWatch } from './watch.ts'

export type { CallLog, LoggedCall } from './call-log.ts'
export type { Fault, FaultHandle, FaultMatch, Faults } from './faults.ts'
export type { MarketoInstance, Moment, Scores } from './instance.ts'
export type { MarketoOptions } from './options.ts'
export type { Lead } from './store.ts'

export interface MarketoSimulator {
  /** `http://127.0.0.1:port`: identity at /identity/oauth/token, REST at /rest/v1/… */
  url: string
  clientId: string
  clientSecret: string
  instance: MarketoInstance
  calls: CallLog
  faults: Faults
  /** Limits, latency and switches can be changed while it runs. */
  options: Settings
  /** How often a token was asked for; such calls are not in the call log. */
  tokensAsked: () => number
  close: () => Promise<void>
}

const TOKEN_PATH = `/${TOKEN_ENDPOINT}`

export async function startMarketo(options: MarketoOptions = {}): Promise<MarketoSimulator> {
  const settings = settingsFrom(options)
  const store = createStore(settings)
  const usage = createUsage(() => settings.now())
  const limits = createLimits(settings, usage)
  const identity = createIdentity(settings)
  const faults = createFaults(settings.seed, () => identity.expireTokens())
  const calls = createCallLog(settings)
  const excused = new Set<string>()
  const world: World = {
    settings,
    store,
    activities: store.activities,
    usage,
    formerOwners: new Set(),
    isExcused: (object, externalId) => excused.has(`${object} ${externalId}`),
  }
  const rest = createRest({ world, identity, limits, faults, calls, watch: createWatch() })
  const instance = createInstance({
    store,
    limits,
    settings,
    excuse: (object, externalId) => excused.add(`${object} ${externalId}`),
  })
  const control = createControl({ instance, calls, faults, settings, identity })

  async function handle(incoming: Incoming): Promise<Reply> {
    const [path = '', query = ''] = incoming.url.split('?', 2)
    if (path === TOKEN_PATH) return askToken(incoming, query)
    if (settings.control && path.startsWith('/_control/')) return { answer: control(incoming) }
    return rest.handle(incoming)
  }

  /** All parameters are in the query, for GET and POST (marketo-rest §1). */
  async function askToken({ method }: Incoming, query: string): Promise<Reply> {
    const { end, slowMs } = faults.judge({ n: 0, endpoint: TOKEN_ENDPOINT, method })
    if (slowMs > 0) await wait(slowMs, undefined, { ref: false })
    const run = () => identity.answer(new URLSearchParams(query))
    return end ? endCall(end, { run, abandon: () => undefined, runIn: () => undefined }) : { answer: run() }
  }

  const server = await listen({ port: settings.port, largestBody: LARGEST_BODY, handle })
  return {
    url: server.url,
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    instance,
    calls,
    faults,
    options: settings,
    tokensAsked: () => identity.asked(),
    close() {
      rest.close()
      return server.close()
    },
  }
}
