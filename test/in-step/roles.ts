// Opportunity roles: the key is opportunity, Marketo's id of the person, and role; contact roles that fall on one key are one Marketo
// role (rule 7), which may carry the values of either.
import type { MarketoInstance } from '../simulators/marketo/index.ts'
import type { Row } from '../simulators/marketo/table.ts'
import type { Record18 } from '../simulators/salesforce/org.ts'
import { isOurs, type MarketoSide } from './marketo-side.ts'
import { BLANK_ROLE, MAPPED } from './objects.ts'
import type { Refusals } from './refusals.ts'
import { isBlank, isSame } from './same-value.ts'
import type { Scope } from './scope.ts'

export interface RoleFindings {
  inMarketo: number
  differences: string[]
}

export function compareRoles(
  instance: MarketoInstance,
  { scope, side, refused }: { scope: Scope; side: MarketoSide; refused: Refusals },
): RoleFindings {
  const differences: string[] = []
  const { fields } = side.schemas.roles
  const longest = fields.get('role')?.length ?? Number.POSITIVE_INFINITY

  const wanted = new Map<string, Record18[]>()
  const excused = new Set<string>()
  for (const row of scope.records.OpportunityContactRole.values()) {
    const persons = side.rows.Contact.get(String(row['ContactId'])) ?? []
    const role = isBlank(row['Role']) ? BLANK_ROLE : cut(String(row['Role']), longest)
    const keys = persons.map((person) => keyOf(row['OpportunityId'], person.id, role))
    if (refused.has(row.Id)) {
      // Its former key may have another role: anything on the pair of opportunity and person is let pass.
      for (const person of persons) excused.add(pairOf(row['OpportunityId'], person.id))
      continue
    }
    // Without its person, or with two, it is the person that differs.
    for (const key of keys) wanted.set(key, [...(wanted.get(key) ?? []), row])
  }

  const held = new Map<string, Row>()
  for (const row of instance.roles.values()) {
    if (!isOurs(row.fields.externalOpportunityId, MAPPED.Opportunity.prefix)) continue
    const { externalOpportunityId: opportunity, leadId, role } = row.fields
    const key = keyOf(opportunity, leadId, role)
    if (held.has(key)) differences.push(`Role ${key} is in Marketo twice`)
    held.set(key, row)
    if (wanted.has(key) || excused.has(pairOf(opportunity, leadId))) continue
    if (scope.isUnreadable(opportunity)) continue
    differences.push(`Role ${key} is in Marketo, but no contact role in Salesforce stands for it`)
  }

  for (const [key, rows] of wanted) {
    const role = held.get(key)
    if (!role) {
      for (const row of rows)
        differences.push(`OpportunityContactRole ${row.Id} is not in Marketo (as role ${key})`)
      continue
    }
    for (const [from, to] of MAPPED.OpportunityContactRole.fields) {
      const target = fields.get(to)
      if (!target || rows.some((row) => isSame(row[from] ?? null, role.fields[to], target))) continue
      differences.push(
        `OpportunityContactRole ${rows.map((row) => row.Id).join(', ')}: ${to} is ${JSON.stringify(role.fields[to] ?? null)} in Marketo, ${rows.map((row) => JSON.stringify(row[from])).join(' or ')} in Salesforce`,
      )
    }
  }
  return { inMarketo: held.size, differences }
}

/** Marketo compares keys without regard to case. */
const keyOf = (opportunity: unknown, lead: unknown, role: unknown): string =>
  `${pairOf(opportunity, lead)}|${String(role).toLowerCase()}`
const pairOf = (opportunity: unknown, lead: unknown): string => `${String(opportunity)}|${String(lead)}`

/** Never within a surrogate pair. */
function cut(text: string, length: number): string {
  const short = text.slice(0, length)
  return short.isWellFormed() ? short : short.slice(0, -1)
}
