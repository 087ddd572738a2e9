// Which records of an object a backfill, reconcile or census asks for, as a SOQL condition. Owners that are out of this scope (inactive
// users of records in scope) come in as parents.
import type { ObjectName } from '../salesforce/ids.ts'
import type { ObjectMapping } from './mapping.ts'

const BUILT_IN: Partial<Record<ObjectName, [field: string, condition: string][]>> = {
  User: [
    ['IsActive', 'IsActive = true'],
    ['UserType', "UserType = 'Standard'"],
  ],
  Account: [['IsPersonAccount', 'IsPersonAccount = false']],
  Lead: [['IsConverted', 'IsConverted = false']],
}

/** Undefined: all of them. Conditions on fields that the org doesn't have are left out. */
export function scopeOf(mapping: ObjectMapping): string | undefined {
  const conditions = (BUILT_IN[mapping.object] ?? [])
    .filter(([field]) => mapping.reads.includes(field))
    .map(([, condition]) => condition)
  if (mapping.filter !== null) conditions.push(`(${mapping.filter})`)
  return conditions.length === 0 ? undefined : conditions.join(' AND ')
}
