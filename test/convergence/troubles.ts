// Everything that goes wrong between both sides, told by a name and three numbers.
import type { CallKind } from '../simulators/salesforce/call-log.ts'
import type { Faults as SalesforceFaults } from '../simulators/salesforce/fault-verbs.ts'
import type { FaultOptions } from '../simulators/salesforce/faults.ts'
import type { Armed } from './encounters.ts'
import { LONG_TROUBLES, QUOTA_TROUBLES } from './long-troubles.ts'
import { MARKETO_TROUBLES } from './marketo-troubles.ts'
import type { Numbers } from './scene.ts'
import { oneOf, times, type Sides, type Trouble } from './trouble.ts'

const REST: CallKind[] = [
  'query',
  'queryAll',
  'queryMore',
  'retrieve',
  'collections',
  'describe',
  'deleted',
  'bulk',
]

const BROKEN_ANSWERS: readonly ((faults: SalesforceFaults, options: FaultOptions) => Armed)[] = [
  (faults, options) => faults.status(500, options),
  (faults, options) => faults.status(503, { ...options, html: true }),
  (faults, options) => faults.html200(options),
  (faults, options) => faults.truncate(options),
  (faults, options) => faults.dropConnection({ ...options, moment: 'mid-body' }),
  (faults, options) => faults.contentType('text/plain', options),
]

/** Of a subscription; what an admin has to cure is left to long-troubles.ts. */
const PASSING_REFUSALS = [
  '401::Authentication invalid',
  '403::Unknown client',
  '400::Client {x} has established a session, but no {BAYEUX_BROWSER} cookie present',
  '500::Something that nobody knows',
]

const TROUBLES: Record<string, Trouble> = {
  ...MARKETO_TROUBLES,
  'Salesforce is down': ({ salesforce }, [a, b, c]) =>
    salesforce.faults.status(oneOf([500, 503, 502], a), { html: b % 2 === 0, times: times(c), kind: REST }),
  'Salesforce mistakes the content type': ({ salesforce }, [a, , c]) =>
    salesforce.faults.contentType(oneOf(['text/plain', 'application/xml', ''], a), {
      times: times(c),
      kind: REST,
    }),
  'Salesforce loses its query cursors': ({ salesforce }) => {
    salesforce.faults.loseQueryCursors()
  },
  'Salesforce answers nonsense': ({ salesforce }, [a, , c]) =>
    a % 2 === 0
      ? salesforce.faults.html200({ times: times(c), kind: REST })
      : salesforce.faults.truncate({ times: times(c), kind: REST }),
  'Salesforce drops a connection': ({ salesforce }, [a, , c]) =>
    salesforce.faults.dropConnection({
      moment: oneOf(['before', 'mid-body', 'after'], a),
      times: times(c),
      kind: REST,
    }),
  'Salesforce limits requests': ({ salesforce }, [, , c]) =>
    salesforce.faults.requestLimitExceeded({ times: times(c) }),
  'a slow Salesforce': ({ salesforce }, [a, , c]) =>
    salesforce.faults.slow(50 + (a % 300), { times: times(c) }),
  "Salesforce's tokens expire": ({ salesforce }) => {
    salesforce.faults.expireTokens()
  },
  'Salesforce gives no token': ({ salesforce: { faults } }, [a, , c]) => {
    faults.expireTokens()
    return oneOf(BROKEN_ANSWERS, a)(faults, { kind: 'oauth', times: times(c) })
  },
  'the stream is answered nonsense': ({ salesforce: { faults } }, [a, , c]) =>
    oneOf(BROKEN_ANSWERS, a)(faults, { kind: 'bayeux', times: times(c) }),
  'Salesforce ends the stream': ({ salesforce }, [a]) => {
    salesforce.faults.disconnectClients({
      reconnect: oneOf(['none', 'handshake', 'retry', 'absent'] as const, a),
    })
  },
  'Salesforce refuses to subscribe': ({ salesforce: { faults } }, [a, , c]) => {
    faults.forgetClients()
    return faults.refuseSubscribe(oneOf(PASSING_REFUSALS, a), { times: times(c) })
  },
  'Salesforce forgets the client': ({ salesforce }) => {
    salesforce.faults.forgetClients()
  },
  'Salesforce takes the client for unknown': ({ salesforce }, [a]) =>
    salesforce.faults.unknownClient({ reconnect: oneOf(['handshake', 'none'], a) }),
  'the org is migrated': ({ salesforce }) => {
    salesforce.faults.resetEvents()
    salesforce.faults.forgetClients()
  },
  'Salesforce refuses the replay id': ({ salesforce }) => {
    salesforce.faults.forgetClients()
    return salesforce.faults.refuseReplay()
  },
  'events are lost at the source': ({ salesforce }, [a]) => {
    salesforce.faults.dropEventsAtSource(1 + (a % 4))
  },
  'events come twice': ({ salesforce }, [a]) => {
    salesforce.faults.duplicateEvents(1 + (a % 5))
  },
  'old events come again': ({ salesforce }, [a]) => {
    for (const { payload } of salesforce.events.published.slice(-(1 + (a % 8))).toReversed())
      salesforce.events.publishRaw(payload)
  },
  'forged events': ({ salesforce }, [a, b]) => {
    const object = oneOf(['User', 'Account', 'Lead', 'Contact', 'Opportunity', 'OpportunityContactRole'], a)
    const change = oneOf(['DELETE', 'MERGE', 'CONVERT', 'UNDELETE'], b)
    const idsOf = (type: string): string =>
      salesforce.org
        .all(type)
        .slice(0, 3)
        .map(({ Id }) => Id)
        .join(',')
    const ids = idsOf(object)
    // Without any it would be one that nobody understands, or not, by the ids that it says they became.
    if (ids === '') return
    salesforce.events.publishRaw({
      Object_Type__c: object,
      Change_Type__c: change,
      Record_Ids__c: ids,
      ...(change === 'MERGE' && { Replaced_By_Ids__c: ids }),
      ...(change === 'CONVERT' && { Replaced_By_Ids__c: idsOf('Contact') }),
    })
  },
  'an event that nobody understands': ({ salesforce }, [a]) => {
    salesforce.events.publishRaw(
      oneOf<unknown>([null, 7, 'x', { Object_Type__c: 'Case' }, { Record_Ids__c: 'nonsense' }], a),
    )
  },
  'a permission is lost': ({ salesforce }, [a]) => {
    salesforce.faults.withhold(oneOf(['Opportunity', 'Account'], a))
  },
  'a row is hidden': ({ salesforce: { org } }, [a, b]) => {
    const object = oneOf(['User', 'Account', 'Lead', 'Contact', 'Opportunity'], a)
    const rows = org.all(object)
    if (rows.length > 0) org.hide(object, oneOf(rows, b).Id)
  },
}

/** After these only the reconcile can find everything. */
const LOSSY = new Set(['events are lost at the source'])

export interface Patience {
  /** Also what passes only after minutes. */
  patient: boolean
  /** There are processes that can be killed, and started anew. */
  processes: boolean
}

export const troubleNames = ({ patient, processes }: Patience): string[] => [
  ...Object.keys(TROUBLES),
  ...(patient ? Object.keys(LONG_TROUBLES) : []),
  ...(patient && processes ? Object.keys(QUOTA_TROUBLES) : []),
]
export const isLossy = (name: string): boolean => LOSSY.has(name)
export const hides = (name: string): boolean => name === 'a row is hidden'
export const makeTrouble = (sides: Sides, name: string, numbers: Numbers): Armed | undefined =>
  ({ ...TROUBLES, ...LONG_TROUBLES, ...QUOTA_TROUBLES })[name]?.(sides, numbers)

export function endTroubles({ salesforce, marketo }: Sides): void {
  marketo.faults.clear()
  marketo.instance.otherConsumerInFlight(0)
  salesforce.faults.removeAll()
  const { org } = salesforce
  for (const object of ['User', 'Account', 'Lead', 'Contact', 'Opportunity'])
    for (const { Id } of org.table(object).byId()) org.reveal(object, Id)
}
