// The checklist's Salesforce half. Pure: facts in, rows out.
import { OBJECTS, type ObjectName } from '../../salesforce/ids.ts'
import { DEFINITIONS } from '../../sync/objects/index.ts'
import type { Told } from '../record-facts.ts'
import { failed, good, rowOf, unknown, type Finding, type Row } from './row.ts'
import { EVENT, type ReadableObject, type SalesforceFacts } from './salesforce-facts.ts'

const GRANT =
  'Salesforce Setup > Permission Sets > Marketo Sync Integration > Manage Assignments: assign it to the integration user.'
const DEPLOY =
  'Deploy the Salesforce half: see the README, "sf project deploy start" in the folder sfdx-project.'
const CONNECT =
  'Salesforce Setup > External Client App Manager > your app > Policies and Settings: enable the flow, set its Run As user, and copy the consumer key and secret into the variables SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET. SALESFORCE_LOGIN_URL is the address in Setup > My Domain.'

const EVENT_FIELDS = ['Object_Type__c', 'Change_Type__c', 'Record_Ids__c', 'Replaced_By_Ids__c']

/** Default names of the fields that the Apex job writes (facts: MSI package, both versions). */
export const PACKAGE_FIELDS = [
  'mkto_si__Last_Interesting_Moment_Type__c',
  'mkto_si__Last_Interesting_Moment_Date__c',
  'mkto_si__Last_Interesting_Moment_Desc__c',
  'mkto_si__Last_Interesting_Moment_Source__c',
  'mkto_si__Priority__c',
  'mkto_si__Urgency_Value__c',
  'mkto_si__Relative_Score_Value__c',
]

/** Below this share of the day's events left, somebody should know. */
const LOW_SHARE = 0.1

/** What the admin's own rows of the mapping read of an object. */
export type Mapped = Record<ObjectName, string[]>

export function salesforceRows(facts: SalesforceFacts, streamLive: boolean, mapped: Mapped): Row[] {
  const place = (name: string, tried: string) => ({ group: 'Salesforce' as const, name, tried })
  const login = facts.login.known
  const rows = [
    rowOf(
      place('Reachable, login', 'Signed in at SALESFORCE_LOGIN_URL as the integration user.'),
      facts.login,
      ({ instanceUrl }) => good(`Signed in; the org answers at ${instanceUrl}.`),
      facts.login.known || facts.login.advice.startsWith('Try again')
        ? CONNECT
        : `${facts.login.advice} ${CONNECT}`,
    ),
  ]
  // Everything else would repeat the same reason.
  if (!login) return rows
  return [
    ...rows,
    rowOf(
      place('API version', 'Read the limits with version 67.0.'),
      facts.limits,
      () => good('The org serves version 67.0.'),
      'The org must be on Summer ’26 or later, and the integration user needs "API Enabled" (Setup > Permission Sets > Marketo Sync Integration > System Permissions).',
    ),
    rowOf(
      place('Org', 'Read the organization.'),
      facts.organization,
      ({ name, sandbox }) =>
        good(
          `${name === '' ? 'The org' : name} (${facts.login.known ? facts.login.value.orgId : ''}) is ${sandbox ? 'a sandbox' : 'production'}.`,
        ),
      GRANT,
    ),
    eventRow(facts, streamLive),
    ...OBJECTS.map((object) =>
      rowOf(
        place(`${object} readable`, `Described ${object} and read a record of it.`),
        facts.objects[object],
        ({ fields }) => mappedFields(object, fields, mapped[object]),
        GRANT,
      ),
    ),
    ...(['Lead', 'Contact'] as const).map((object) => packageRow(object, facts.objects[object])),
    rowOf(
      place("Integration user's rights", 'Read the custom metadata of the mapping.'),
      facts.settings,
      (types) => good(`The integration user reads ${types.join(' and ')}.`),
      `${DEPLOY} ${GRANT}`,
    ),
    rowOf(
      place('Delivery limits left', 'Read DailyDeliveredPlatformEvents and DailyApiRequests.'),
      facts.limits,
      (limits) => limitsLeft(limits),
    ),
  ]
}

/** A subscription that stands proves the event and the right to read it, whatever describe says. */
function eventRow({ event }: SalesforceFacts, streamLive: boolean): Row {
  const place = { group: 'Salesforce' as const, name: 'Event and channel', tried: `Described ${EVENT}.` }
  if (!event.known && streamLive)
    return { ...place, cure: null, ...good(`The subscription to /event/${EVENT} stands.`) }
  return rowOf(
    place,
    event,
    ({ fields }) => {
      const missing = EVENT_FIELDS.filter((name) => !fields.some((field) => field.name === name))
      return missing.length === 0
        ? good(`${EVENT} is there with its four fields; the channel is /event/${EVENT}.`)
        : failed(`${EVENT} lacks ${missing.join(', ')}.`, DEPLOY)
    },
    `${DEPLOY} ${GRANT}`,
  )
}

function mappedFields(object: ObjectName, readable: Set<string>, own: string[]): Finding {
  const grant = `Salesforce Setup > Permission Sets > Marketo Sync Integration > Object Settings > ${object}: Read Access for these fields.`
  const hidden = own.filter((name) => !readable.has(name))
  if (hidden.length > 0)
    return failed(
      `Your mapping names ${hidden.join(', ')}, which the integration user can not read.`,
      `${grant} If a name is wrong: Salesforce Setup > Custom Metadata Types > Marketo Field Mapping > Manage Records.`,
    )
  const missing = DEFINITIONS[object].mapping.map(([from]) => from).filter((name) => !readable.has(name))
  if (missing.length === 0)
    return good(
      own.length === 0
        ? 'Every field of the built-in mapping is readable.'
        : `Every field of the built-in mapping is readable, and of yours: ${own.join(', ')}.`,
    )
  return unknown(
    `Readable, but without ${missing.join(', ')}: these are not sent.`,
    `If they exist in your org and belong in Marketo: ${grant}`,
  )
}

function packageRow(object: 'Lead' | 'Contact', told: Told<ReadableObject>): Row {
  const place = {
    group: 'Salesforce' as const,
    name: `MSI package fields of ${object}`,
    tried: `Looked for the seven fields mkto_si__… that the Apex job writes.`,
  }
  return rowOf(
    place,
    told,
    ({ fields, writable }) => {
      const missing = PACKAGE_FIELDS.filter((name) => !fields.has(name))
      if (missing.length === PACKAGE_FIELDS.length)
        return unknown(
          'The integration user sees none of them: the package is not installed, or the fields are hidden from this user. The Apex job writes them in system mode all the same.',
          `Look in Salesforce Setup > Object Manager > ${object} > Fields & Relationships for "mkto_si__". If they are missing, install Marketo Sales Insight from the AppExchange.`,
        )
      if (missing.length > 0)
        return failed(
          `The integration user does not see ${missing.join(', ')}.`,
          `Update the package (Salesforce Setup > Installed Packages > Marketo Sales Insight), or name your own fields in Setup > Custom Metadata Types > Insight Field.`,
        )
      const all = PACKAGE_FIELDS.every((name) => writable.has(name))
      return good(
        all
          ? 'All seven are there and writable.'
          : 'All seven are there. The integration user only reads them; the Apex job writes them in system mode.',
      )
    },
    GRANT,
  )
}

function limitsLeft(limits: Record<string, { Max: number; Remaining: number }>): Finding {
  const events = limits.DailyDeliveredPlatformEvents
  const calls = limits.DailyApiRequests
  if (events === undefined || calls === undefined)
    return unknown('Salesforce does not tell the limits to this user.', GRANT)
  const left = `${events.Remaining.toLocaleString('en')} of ${events.Max.toLocaleString('en')} event deliveries and ${calls.Remaining.toLocaleString('en')} of ${calls.Max.toLocaleString('en')} API calls are left.`
  const cure =
    'Salesforce Setup > Company Information shows the API calls, Setup > Platform Events the deliveries. Find out which other subscriber or integration uses them up, or buy more.'
  if (events.Remaining <= 0 || calls.Remaining <= 0) return failed(left, cure)
  const low = events.Remaining < events.Max * LOW_SHARE || calls.Remaining < calls.Max * LOW_SHARE
  return low ? unknown(left, cure) : good(left)
}
