// A real org never points to a record that it does not have, but an export that lacks a file does. Such references are left blank, so
// that what is there can be synced; Salesforce itself blanks a lookup whose record goes.
import type { Org } from '../simulators/salesforce/org.ts'

const REFERENCES: readonly [object: string, field: string, ...targets: string[]][] = [
  ['Account', 'OwnerId', 'User'],
  ['Contact', 'OwnerId', 'User'],
  ['Contact', 'AccountId', 'Account'],
  ['Lead', 'OwnerId', 'User', 'Group'],
  ['Opportunity', 'OwnerId', 'User'],
  ['Opportunity', 'AccountId', 'Account'],
  ['OpportunityContactRole', 'OpportunityId', 'Opportunity'],
  ['OpportunityContactRole', 'ContactId', 'Contact'],
]

/** Blanks what points nowhere, and says so in one line per field. */
export function blankDanglingReferences(org: Org, say: (line: string) => void): void {
  for (const [object, field, ...targets] of REFERENCES) {
    const isThere = (id: string): boolean => targets.some((target) => org.table(target).get(id))
    const dangling = [...org.table(object).rows()].filter((row) => {
      const id = row[field]
      return typeof id === 'string' && !isThere(id)
    })
    if (dangling.length === 0) continue
    org.updateMany(
      object,
      dangling.map(({ Id }) => ({ id: Id, fields: { [field]: null } })),
      { silent: true },
    )
    say(
      `  note: ${object}.csv: ${dangling.length.toLocaleString('en')} of ${field} name a record that the export does not have; they are left blank`,
    )
  }
}
