// Everything that goes wrong between both sides, told by a name and three numbers.
import { TOKEN_ENDPOINT } from '../simulators/marketo/faults.ts'
import type { Fault } from '../simulators/marketo/index.ts'
import type { CallKind } from '../simulators/salesforce/call-log.ts'
import type { Armed } from './encounters.ts'
import { LONG_TROUBLES, QUOTA_TROUBLES } from './long-troubles.ts'
import type { Numbers } from './scene.ts'
import { oneOf, times, type Sides, type Trouble } from './trouble.ts'

/** Any call, or one endpoint: more often those that a round calls for certain, as what nobody calls can't fail. */
const ENDPOINTS = [
  undefined,
  undefined,
  undefined,
  'leads.json',
  'leads.json',
  'salespersons.json',
  'companies.json',
  'opportunities.json',
  'opportunities/roles.json',
  'opportunities/roles/delete.json',
  'leads/{id}/merge.json',
]

const marketo =
  (fault: (n: number) => Fault): Trouble =>
  (sides, [a, b, c]) => {
    const endpoint = oneOf(ENDPOINTS, a)
    return sides.marketo.faults.add({
      ...fault(b),
      times: times(c),
      ...(endpoint && { match: { endpoint } }),
    })
  }

/** Shorter than the ambiguous wait, as the server's own time-out is. */
const LATE_SECONDS = 0.7
const GARBAGE = [
  '{}',
  '[]',
  'null',
  '{"success":true}',
  '{"success":true,"result":[]}',
  '{"success":fal',
  '<html></html>',
  '',
]

const REST: CallKind[] = ['query', 'queryAll', 'retrieve', 'collections', 'describe', 'deleted']

const TROUBLES: Record<string, Trouble> = {
  'Marketo refuses a call for a moment': marketo((n) => ({
    kind: 'error',
    code: oneOf(['601', '602', '604', '606', '608', '611', '615', '713', '719'], n),
  })),
  'Marketo is down': marketo((n) => ({
    kind: 'http',
    status: oneOf([500, 502, 503, 504], n),
    executes: n % 2 === 0,
  })),
  'Marketo answers nonsense': marketo((n) => ({
    kind: 'http',
    status: 200,
    body: oneOf(GARBAGE, n),
    contentType: 'application/json',
    executes: n % 2 === 0,
  })),
  'a page of HTML': marketo((n) => ({ kind: 'html', executes: n % 2 === 0 })),
  'a cut answer': marketo(() => ({ kind: 'truncated' })),
  'a dropped connection': marketo((n) => ({ kind: 'drop', when: n % 2 === 0 ? 'before' : 'after' })),
  'late work': marketo((n) => ({
    kind: 'late',
    seconds: LATE_SECONDS,
    answer: oneOf(['drop', '504', '604', '611'], n),
    spread: n % 2 === 0,
  })),
  'a slow Marketo': marketo((n) => ({ kind: 'slow', ms: 50 + (n % 400) })),
  'Marketo refuses records': marketo((n) => ({
    kind: 'record',
    code: oneOf(['1001', '1003', '1005', '1014', '1077'], n),
  })),
  // Only of what is written: a delete that is told "not there" is done, and this Marketo doesn't lie.
  'Marketo says that a record is gone': ({ marketo }, [a, , c]) => {
    const [endpoint, code] = oneOf(
      [
        ['leads.json', '1004'],
        ['opportunities.json', '1013'],
        ['opportunities/roles.json', '1013'],
      ] as const,
      a,
    )
    return marketo.faults.add({
      kind: 'record',
      code,
      times: times(c),
      match: { endpoint, where: ({ action }) => action !== undefined },
    })
  },
  'Marketo refuses a call for one record': ({ marketo }, [a, b, c]) =>
    marketo.faults.add({
      ...oneOf<Fault>(
        [
          { kind: 'error', code: '1006' },
          { kind: 'http', status: 413 },
          { kind: 'error', code: '718' },
        ],
        b,
      ),
      times: 4 * times(c),
      match: {
        where: ({ action, records = [] }) =>
          action !== undefined && JSON.stringify(records).includes(String(a % 10)),
      },
    }),
  "Marketo's token expires": ({ marketo }) => {
    marketo.faults.expireTokens()
  },
  'Marketo gives no token': ({ marketo }, [a, , c]) => {
    marketo.faults.expireTokens()
    return marketo.faults.add({
      kind: 'http',
      status: oneOf([500, 503], a),
      times: times(c),
      match: { endpoint: TOKEN_ENDPOINT },
    })
  },
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
  'Salesforce ends the stream': ({ salesforce }) => {
    salesforce.faults.disconnectClients()
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
/** These may lose events whose content nobody will ever know. */
const FORGETFUL = new Set([...LOSSY, 'the org is migrated', 'Salesforce refuses the replay id'])

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
export const isForgetful = (name: string): boolean => FORGETFUL.has(name)
export const makeTrouble = (sides: Sides, name: string, numbers: Numbers): Armed | undefined =>
  ({ ...TROUBLES, ...LONG_TROUBLES, ...QUOTA_TROUBLES })[name]?.(sides, numbers)

export function endTroubles({ salesforce, marketo }: Sides): void {
  marketo.faults.clear()
  salesforce.faults.removeAll()
  const { org } = salesforce
  for (const object of ['User', 'Account', 'Lead', 'Contact', 'Opportunity'])
    for (const { Id } of org.table(object).byId()) org.reveal(object, Id)
}
