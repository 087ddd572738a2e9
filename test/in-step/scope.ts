// Which Salesforce records belong in Marketo (design §5, rules 5, 9 and 12).
import type { Org, Record18 } from '../simulators/salesforce/org.ts'
import { OBJECTS, type ObjectName } from './objects.ts'

/** What the admin's filter leaves out. */
export type LeavesOut = (object: ObjectName, row: Record18) => boolean

export interface Scope {
  records: Readonly<Record<ObjectName, ReadonlyMap<string, Record18>>>
  /** The integration user can't see it: what is in Marketo stays there as it is (rule 15). */
  isUnreadable: (id: string) => boolean
}

export function scopeOf(org: Org, leavesOut: LeavesOut = () => false): Scope {
  const records = Object.fromEntries(
    OBJECTS.map((object) => [object, new Map<string, Record18>()]),
  ) as Record<ObjectName, Map<string, Record18>>
  const isUnreadable = (id: string): boolean => org.isHidden(id)

  function take(object: ObjectName, belongs: (row: Record18) => boolean): void {
    for (const row of org.all(object))
      if (!isUnreadable(row.Id) && !leavesOut(object, row) && belongs(row)) records[object].set(row.Id, row)
  }
  const isThere = (object: ObjectName, id: unknown): boolean =>
    typeof id === 'string' && (records[object].has(id) || isUnreadable(id))

  take('Account', (row) => row['IsPersonAccount'] !== true)
  take('Lead', (row) => row['IsConverted'] !== true)
  take('Contact', () => true)
  take('Opportunity', () => true)
  take(
    'OpportunityContactRole',
    (row) => isThere('Opportunity', row['OpportunityId']) && isThere('Contact', row['ContactId']),
  )
  const owners = new Set<unknown>()
  for (const object of ['Account', 'Lead', 'Contact', 'Opportunity'] as const)
    for (const row of records[object].values()) owners.add(row['OwnerId'])
  take('User', (row) => owners.has(row.Id) || (row['IsActive'] === true && isStandard(row)))
  return { records, isUnreadable }
}

const isStandard = (row: Record18): boolean => (row['UserType'] ?? 'Standard') === 'Standard'
