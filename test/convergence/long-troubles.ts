// Troubles that pass only minutes after they have ended, or that an admin ends: the soak's alone. The day's quota of Marketo and that of event
// deliveries are over when the processes are started anew, as an admin does who has bought more.
import { TOKEN_ENDPOINT } from '../simulators/marketo/faults.ts'
import type { Fault } from '../simulators/marketo/index.ts'
import { oneOf, times, type Trouble } from './trouble.ts'

const FIELDS = [
  ['User', 'Title'],
  ['Account', 'Site'],
  ['Lead', 'Title'],
  ['Contact', 'Department'],
  ['Opportunity', 'Amount'],
  ['OpportunityContactRole', 'IsPrimary'],
] as const

export const LONG_TROUBLES: Record<string, Trouble> = {
  'Marketo denies a permission': ({ marketo }, [a, , c]) =>
    marketo.faults.add({
      kind: 'error',
      code: '603',
      times: times(c),
      match: { endpoint: oneOf(['leads.json', 'companies.json', 'opportunities/roles/delete.json'], a) },
    }),
  // Nothing that the bridge can cure: it tries once a minute.
  'Marketo is not where it was': ({ marketo }, [a, b, c]) =>
    marketo.faults.add({
      ...oneOf<Fault>(
        [
          { kind: 'http', status: 403 },
          { kind: 'http', status: 404 },
          { kind: 'error', code: '610' },
          { kind: 'error', code: '612' },
        ],
        b,
      ),
      times: times(c),
      match: { endpoint: oneOf(['leads.json', 'companies.json', 'opportunities.json'], a) },
    }),
  "Marketo refuses the bridge's credentials": ({ marketo }, [, , c]) => {
    marketo.faults.expireTokens()
    return marketo.faults.add({
      kind: 'http',
      status: 401,
      body: '{"error":"invalid_client","error_description":"Bad client credentials"}',
      contentType: 'application/json',
      times: times(c),
      match: { endpoint: TOKEN_ENDPOINT },
    })
  },
  "Salesforce refuses the bridge's credentials": ({ salesforce }, [, , c]) => {
    salesforce.faults.expireTokens()
    return salesforce.faults.refuseTokens({ times: times(c) })
  },
  'the streaming server is busy': ({ salesforce }, [a]) => {
    salesforce.faults.disconnectClients()
    return salesforce.faults.serverBusy({ at: oneOf(['handshake', 'connect', 'subscribe'], a) })
  },
  'the org has too many streaming clients': ({ salesforce }, [, , c]) => {
    salesforce.faults.disconnectClients()
    return salesforce.faults.clientCap({ times: times(c) })
  },
  'the subscription is refused': ({ salesforce }) => {
    salesforce.faults.restrictChannel()
    salesforce.faults.forgetClients()
  },
  'the channel is not there': ({ salesforce: { faults } }, [a, , c]) => {
    faults.forgetClients()
    return faults.refuseSubscribe(
      oneOf(
        ['403::Cannot create channel', "400::The channel you requested to subscribe to doesn't exist"],
        a,
      ),
      { times: times(c) },
    )
  },
  'a field is withheld': ({ salesforce }, [a]) => {
    const [object, field] = oneOf(FIELDS, a)
    salesforce.faults.withhold(object, field)
  },
  'bulk jobs fail': ({ salesforce }, [a, , c]) =>
    salesforce.faults.failBulkJob({ times: times(c), skip: a % 2 }),
  'results of bulk jobs are cut': ({ salesforce }, [a, b, c]) =>
    salesforce.faults.cutBulkCsv({
      times: times(c),
      keep: (a % 10) / 10,
      drop: b % 2 === 0,
      bare: b % 3 === 0,
    }),
}

/** Only where there are processes to be started anew. */
export const QUOTA_TROUBLES: Record<string, Trouble> = {
  'the day of Marketo is used up': ({ marketo }, [, , c]) =>
    marketo.faults.add({ kind: 'error', code: '607', times: times(c) }),
  'the org has used up its event deliveries': ({ salesforce }) => {
    salesforce.faults.dailyLimit(true)
  },
}

export const endsWithRestart = (name: string): boolean => name in QUOTA_TROUBLES
export const endsWithReload = (name: string): boolean => name === 'a field is withheld'
export const takesLong = (name: string): boolean => name in LONG_TROUBLES || endsWithRestart(name)
