// The checklist's Marketo half. Pure: facts in, rows out.
import type { MarketoLimits } from '../../config.ts'
import { KINDS, type MarketoFacts } from './marketo-facts.ts'
import { failed, good, rowOf, unknown, type Finding, type Row } from './row.ts'

const CONNECT =
  'Marketo Admin > Web Services shows the REST endpoint for MARKETO_BASE_URL; Marketo Admin > LaunchPoint > your service > View Details shows MARKETO_CLIENT_ID and MARKETO_CLIENT_SECRET.'
const ROLE =
  'Marketo Admin > Users & Roles > Roles > the API role: allow Read-Write Person, Company, Opportunity and Sales Person, and Read-Only Activity and Activity Metadata. An IP allowlist stands in Admin > Web Services.'
const FEATURE = 'Ask Adobe Support to enable "MSI Non-Native" for this Marketo instance.'

/** Above this share of the quota background work stops (design, rule 11). */
const BACKGROUND_SHARE = 0.8

export function marketoRows(facts: MarketoFacts, limits: MarketoLimits): Row[] {
  const place = (name: string, tried: string) => ({ group: 'Marketo' as const, name, tried })
  const reachable = rowOf(
    place('Reachable, token', 'Asked MARKETO_BASE_URL for a token, and for the use of today.'),
    facts.usage,
    () => good('Marketo gave a token and answered.'),
    facts.usage.known || facts.usage.advice.startsWith('Try again')
      ? CONNECT
      : `${facts.usage.advice} ${CONNECT}`,
  )
  if (!facts.usage.known) return [reachable]
  return [
    reachable,
    rowOf(
      place('Permission to read', 'Described sales persons, companies, persons, opportunities and roles.'),
      facts.schema,
      () => good('All five descriptions were given.'),
      ROLE,
    ),
    rowOf(
      place('Permission to read activities', 'Listed the types of activities, and asked for a paging token.'),
      facts.missingActivities,
      (missing) =>
        missing.length === 0
          ? good('Interesting moments and changes of scores can be followed.')
          : unknown(
              `The instance has no activity ${missing.join(' and no activity ')}: the values are found by the daily sweep only.`,
              FEATURE,
            ),
      ROLE,
    ),
    ...KINDS.map((kind) =>
      rowOf(
        place(`Permission to write ${kind}`, `Updated one ${kind} that does not exist; nothing is changed.`),
        facts.writes[kind],
        (permission): Finding =>
          permission.allowed
            ? good('The API user may write.')
            : failed(permission.reason, permission.native ? permission.advice : ROLE),
      ),
    ),
    nativeRow(facts),
    rowOf(
      place(
        'MSI Non-Native',
        'Looked for externalPersonId among what persons can be searched by and written.',
      ),
      facts.schema,
      ({ objects, canSearchExternalPersonId }) => {
        const field = objects.Lead.fields.get('externalpersonid')
        if (field === undefined) return failed('Marketo’s persons have no field externalPersonId.', FEATURE)
        if (!field.updateable) return failed('externalPersonId can not be written.', FEATURE)
        return canSearchExternalPersonId
          ? good('externalPersonId is searchable and updateable.')
          : failed('Persons can not be searched by externalPersonId.', FEATURE)
      },
    ),
    rowOf(
      place('MSI value fields', 'Looked for the seven Sales Insight values among the fields of persons.'),
      facts.schema,
      ({ insights, missing }) => {
        const lost = missing.filter(({ object, field }) => object === 'Lead' && !field.startsWith('external'))
        const found = Object.values(insights).join(', ')
        return lost.length === 0
          ? good(`Found as ${found}.`)
          : failed(
              `Missing: ${lost.map(({ field }) => field).join('; ')}.${found === '' ? '' : ` Found: ${found}.`}`,
              FEATURE,
            )
      },
    ),
    rowOf(
      place('Daily quota left', 'Read what the whole instance has used today.'),
      facts.usage,
      ({ total }) => {
        const quota = limits.instanceDailyCalls
        const result = `${total.toLocaleString('en')} of ${quota.toLocaleString('en')} calls are used, by everybody.`
        const cure =
          'Marketo Admin > Web Services shows the quota and who uses it. Set MARKETO_INSTANCE_DAILY_CALLS to your quota, or buy more.'
        if (total >= quota) return failed(result, cure)
        return total >= quota * BACKGROUND_SHARE
          ? unknown(`${result} Background work waits until tomorrow.`, cure)
          : good(result)
      },
    ),
    rowOf(
      place('Partitions', 'Listed the partitions that the API user sees.'),
      facts.partitions,
      (names) =>
        names.includes('Default') || names.length <= 1
          ? good(names.length === 0 ? 'There are none.' : `${names.join(', ')}.`)
          : unknown(
              `${names.join(', ')}: the API user does not see the partition Default, where new persons go.`,
              'Marketo Admin > Users & Roles: give the API user a role in the workspace of the partition Default.',
            ),
      ROLE,
    ),
  ]
}

/** Every write is refused while Marketo's own sync with a CRM is on. */
function nativeRow({ writes }: MarketoFacts): Row {
  const refused = KINDS.map((kind) => writes[kind]).find(
    (told) => told.known && !told.value.allowed && told.value.native,
  )
  const place = {
    group: 'Marketo' as const,
    name: 'Native sync off',
    tried: 'Looked whether Marketo refuses writes because its own sync with a CRM is on.',
    cure: null,
  }
  return refused === undefined
    ? { ...place, ...good('No write was refused for it.') }
    : {
        ...place,
        ...failed(
          'Marketo’s own sync with a CRM is on, so it refuses what this bridge writes.',
          'This bridge is for Marketo instances without a native sync: Marketo Admin > Salesforce (or Microsoft Dynamics) shows it. Ask Adobe Support to disconnect it, or use an instance without one.',
        ),
      }
}
