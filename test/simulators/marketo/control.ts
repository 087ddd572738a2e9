// /_control/: the domain verbs over HTTP, for benches that run the simulator as a process of its own.
import type { Answer } from './answer.ts'
import { isObject, textOf } from './call.ts'
import type { CallLog } from './call-log.ts'
import { KINDS } from './faults.ts'
import type { Fault, FaultHandle, Faults } from './faults.ts'
import type { Fields } from './fields.ts'
import type { Identity } from './identity.ts'
import type { MarketoInstance, Moment } from './instance.ts'
import type { ObjectName } from './object-schemas.ts'
import type { Settings } from './options.ts'
import type { Incoming } from './request-body.ts'

type Json = Record<string, unknown>
type Command = (body: Json, query: URLSearchParams) => unknown

// What may be changed while it runs.
const CHANGEABLE = [
  'callsPer20Seconds',
  'concurrency',
  'dailyCalls',
  'latencyMs',
  'externalPersonIdLookup',
  'nativeSync',
  'tokenSeconds',
  'keepRecords',
  'shortPages',
]

export function createControl(deps: {
  instance: MarketoInstance
  calls: CallLog
  faults: Faults
  settings: Settings
  identity: Identity
}): (incoming: Incoming) => Answer {
  const { instance, calls, faults, settings, identity } = deps
  const handles: FaultHandle[] = []

  /** A lead by Marketo id or by one of its fields. */
  function leadId(body: Json): number {
    if (typeof body.leadId === 'number') return body.leadId
    const lead = instance.findLeads('externalPersonId', textOf(body.externalPersonId))[0]
    if (!lead) throw new Error(`no lead with externalPersonId ${textOf(body.externalPersonId)}`)
    return lead.id
  }

  function setOptions(body: Json): unknown {
    const wrong = Object.keys(body).filter((name) => !CHANGEABLE.includes(name))
    if (wrong.length > 0)
      throw new Error(`not changeable: ${wrong.join(', ')}; these are: ${CHANGEABLE.join(', ')}`)
    Object.assign(settings, body)
    return options()
  }

  const options = () =>
    Object.fromEntries(Object.entries(settings).filter(([name]) => CHANGEABLE.includes(name)))

  const commands: Record<string, Command> = {
    'GET state': () => ({ counts: instance.counts(), options: options() }),
    'GET calls': (_body, query) => ({
      total: calls.count(),
      tokensAsked: identity.asked(),
      byEndpoint: calls.countsByEndpoint(),
      codes: calls.codes(),
      violations: calls.violations(),
      ...(query.has('since') ? { calls: calls.since(Number(query.get('since'))) } : {}),
    }),
    'GET leads': (_body, query) =>
      instance.findLeads(query.get('field') ?? 'externalPersonId', query.get('value') ?? ''),
    'POST clear': () => {
      calls.clear()
      return {}
    },
    'POST options': setOptions,
    'POST faults': (body) => {
      if (!KINDS.includes(textOf(body.kind))) throw new Error(`kind is one of ${KINDS.join(', ')}`)
      return { fault: handles.push(faults.add(body as unknown as Fault)) - 1 }
    },
    'GET faults': () => handles.map(({ hits }, fault) => ({ fault, hits })),
    'POST faults/clear': () => {
      faults.clear()
      return {}
    },
    'POST expire-tokens': () => {
      faults.expireTokens()
      return {}
    },
    'POST leads': (body) => many(body, (one) => instance.createLead(one as Fields)),
    'POST moments': (body) =>
      many(body, (one) => instance.interestingMoment(leadId(one), one as unknown as Moment)),
    'POST scores': (body) => many(body, (one) => instance.changeScore(leadId(one), one)),
    'POST rank': () => {
      instance.rankNightly()
      return {}
    },
    'POST opt-out': (body) => many(body, (one) => instance.optOut(leadId(one))),
    'POST lose': (body) =>
      many(body, (one) => instance.lose(one.object as ObjectName, textOf(one.externalId))),
    'POST other-calls': (body) => {
      instance.otherConsumerCalls(Number(body.calls), { inWindow: body.inWindow === true })
      return {}
    },
  }

  return (incoming) => {
    const [path = '', query = ''] = incoming.url.split('?', 2)
    const command = commands[`${incoming.method} ${path.slice('/_control/'.length)}`]
    if (!command) return { status: 404, body: { error: 'unknown', commands: Object.keys(commands) } }
    try {
      const body: unknown = incoming.body ? JSON.parse(incoming.body) : {}
      return {
        status: 200,
        body: { result: command(isObject(body) ? body : {}, new URLSearchParams(query)) },
      }
    } catch (error) {
      return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } }
    }
  }
}

/** One command for one object, or for each of a `list`. */
function many(body: Json, apply: (one: Json) => void): unknown {
  const list = Array.isArray(body.list) ? body.list.filter(isObject) : [body]
  for (const one of list) apply(one)
  return { done: list.length }
}
