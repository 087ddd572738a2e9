// Whether a call takes away from Marketo what lives in Salesforce (design §9): a delete, a release or a merge of a record that nobody
// ever deleted, converted, merged or filtered out. Looked at when the call arrives; what came back from the recycle bin is left out, as
// its removal may have been decided before, and a person whose key a marketer changed by hand may be given its own back. A user counts who was
// never inactive. Roles, whose keys have no record: live-roles.ts.
import type { LoggedCall, MarketoInstance } from '../simulators/marketo/index.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { rolesTakenAway } from './live-roles.ts'
import { MAPPED, OBJECTS, type ObjectName } from './objects.ts'

const SETTING = 'Marketo_Object_Setting__mdt'

type Fields = Readonly<Record<string, unknown>>

/** One sentence for each record that the call takes away and that lives. */
export function watchRemovals(org: Org): (call: LoggedCall, instance: MarketoInstance) => string[] {
  const everFiltered = new Set<unknown>()
  const own = watchOwnKeys()

  function lives(id: string): boolean {
    const object = objectOf(id)
    const row = object && org.get(object, id)
    if (object === 'User' && !isAlwaysInScope(org, id)) return false
    return (
      row !== undefined &&
      row['IsDeleted'] !== true &&
      row['IsConverted'] !== true &&
      row['IsPersonAccount'] !== true &&
      !everFiltered.has(object) &&
      !org.wasRestored(id)
    )
  }

  return (call, instance) => {
    for (const row of org.table(SETTING).rows())
      if (row['Filter__c'] || row['Active__c'] === false) everFiltered.add(row['Object__c'])
    own.see(instance)
    const taken = takenAway(call, instance, own.keys)
    own.note(call)
    return [
      ...taken.filter(lives),
      ...(everFiltered.has('OpportunityContactRole') ? [] : rolesTakenAway(call, instance, org, lives)),
    ].map((id) => `${objectOf(id)} ${id} lives in Salesforce, and is taken away`)
  }
}

const isAlwaysInScope = (org: Org, id: string): boolean =>
  [org.get('User', id), ...org.former('User').filter((row) => row.Id === id)].every(
    (row) => row?.['IsActive'] === true && row['UserType'] === 'Standard',
  )

const objectOf = (id: string): ObjectName | undefined =>
  OBJECTS.find((object) => id.startsWith(MAPPED[object].prefix))

type Keys = ReadonlyMap<number, unknown>

/** The key of each person as a call gave it last, or as it was seen first. */
function watchOwnKeys() {
  const keys = new Map<number, unknown>()
  let persons = 0
  return {
    keys: keys as Keys,
    see({ leads }: MarketoInstance): void {
      if (leads.size === persons) return
      persons = leads.size
      for (const [id, { fields }] of leads) if (!keys.has(id)) keys.set(id, fields.externalPersonId)
    },
    note(call: LoggedCall): void {
      if (call.endpoint !== 'leads.json' || call.method !== 'POST') return
      for (const { id, externalPersonId } of (call.records ?? []) as readonly Fields[])
        if (id !== undefined && externalPersonId !== undefined) keys.set(Number(id), externalPersonId)
    },
  }
}

/** Salesforce ids that are no longer in Marketo once the call is carried out. */
function takenAway(call: LoggedCall, { leads }: MarketoInstance, ownKeys: Keys): string[] {
  if (call.method !== 'POST') return []
  const keyOf = (person: unknown): unknown => leads.get(Number(person))?.fields.externalPersonId
  const records = (call.records ?? []) as readonly Fields[]
  const keys = ((): unknown[] => {
    switch (call.endpoint) {
      case 'salespersons/delete.json':
        return records.map((record) => record.externalSalesPersonId)
      case 'companies/delete.json':
        return records.map((record) => record.externalCompanyId)
      case 'opportunities/delete.json':
        return records.map((record) => record.externalOpportunityId)
      case 'leads/delete.json':
        return records.map(({ id }) => keyOf(id))
      case 'leads.json':
        return records
          .filter(
            ({ id, externalPersonId }) =>
              externalPersonId !== undefined &&
              externalPersonId !== keyOf(id) &&
              (externalPersonId === null || externalPersonId !== ownKeys.get(Number(id))),
          )
          .map(({ id }) => keyOf(id))
      case 'leads/{id}/merge.json': {
        const [winner, ...losers] = call.records ?? []
        return losers.map(keyOf).filter((key) => key !== keyOf(winner))
      }
      default:
        return []
    }
  })()
  return keys.filter((key): key is string => typeof key === 'string')
}
