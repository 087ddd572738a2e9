// Whether a call deletes the role of a contact role that lives in Salesforce. A role's key is freed whenever a contact role on it goes, moves or is
// renamed, and may be another's by the time of the call: only of an opportunity and a contact between which nothing of that kind ever happened
// can it be told that nobody had a reason.
import type { LoggedCall, MarketoInstance } from '../simulators/marketo/index.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import type { Row } from '../simulators/salesforce/table.ts'
import { BLANK_ROLE } from './objects.ts'
import { isBlank } from './same-value.ts'

const OBJECT = 'OpportunityContactRole'

/** Salesforce ids of the contact roles. `lives` is asked of their opportunities and contacts. */
export function rolesTakenAway(
  call: LoggedCall,
  instance: MarketoInstance,
  org: Org,
  lives: (id: string) => boolean,
): string[] {
  if (call.endpoint !== 'opportunities/roles/delete.json' || call.method !== 'POST') return []
  return (call.records ?? []).flatMap((record) => {
    const { externalOpportunityId: opportunity, leadId, role } = record as Record<string, unknown>
    const contact = instance.leads.get(Number(leadId))?.fields.externalPersonId
    if (typeof contact !== 'string' || instance.findLeads('externalPersonId', contact).length !== 1) return []
    const isBetween = (row: Row): boolean =>
      row['OpportunityId'] === opportunity && row['ContactId'] === contact
    const rows = [...org.table(OBJECT).rows()].filter(isBetween)
    const standing = rows.filter((row) => sameRole(row, role))
    if (standing.length === 0 || !lives(String(opportunity)) || !lives(contact)) return []
    if (rows.some((row) => row['IsDeleted'] === true)) return []
    const isChanged = org
      .former(OBJECT)
      .some((row) =>
        isBetween(row)
          ? !rows.some(({ Id, Role }) => Id === row.Id && Role === row['Role'])
          : rows.some(({ Id }) => Id === row.Id),
      )
    return isChanged ? [] : standing.map(({ Id }) => Id)
  })
}

/** Also in another case: it is one key to Marketo. */
const sameRole = (row: Row, role: unknown): boolean =>
  (isBlank(row['Role']) ? BLANK_ROLE : String(row['Role'])).toLowerCase() === String(role).toLowerCase()
