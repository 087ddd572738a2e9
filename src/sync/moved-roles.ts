// A marketer's merge takes the loser's opportunity roles to the winner, where no delete finds them under their keys: there the opportunity could
// never be deleted either (1022).
import { findLeads, findObjects, type ReadTurn } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import { roleKeyOf, roleKeyText } from './role-key.ts'

/**
 * Where the roles went that Marketo does not know under these keys, by key: those of the same opportunity and name at other persons, whose own
 * person is no longer there. Which of them stand for a contact role only the ledger can tell. Undefined when Marketo can't be asked.
 */
export async function movedRoles(
  client: MarketoClient,
  missing: string[],
  turn: ReadTurn,
): Promise<Map<string, string[]> | undefined> {
  const former = missing.map((text) => ({ text, ...roleKeyOf(text) }))
  const found = await findObjects(client, 'OpportunityRole', {
    filterType: 'externalOpportunityId',
    values: former.map((role) => role.externalOpportunityId),
    fields: ['externalOpportunityId', 'leadId', 'role'],
    leaveOutCrowds: true,
    ...turn,
  })
  if (!found.ok) return undefined
  const there = found.records.map((record) => ({
    externalOpportunityId: String(record.externalOpportunityId),
    leadId: Number(record.leadId),
    role: String(record.role),
  }))
  const elsewhere = former.map((role) => ({
    ...role,
    candidates: there.filter(
      (other) =>
        other.externalOpportunityId === role.externalOpportunityId &&
        other.leadId !== role.leadId &&
        other.role.toLowerCase() === role.role.toLowerCase(),
    ),
  }))
  const left = elsewhere.filter(({ candidates }) => candidates.length > 0)
  const persons = await findLeads(client, {
    filterType: 'id',
    values: left.map(({ leadId }) => leadId),
    fields: ['id'],
    ...turn,
  })
  if (!persons.ok) return undefined
  const alive = new Set(persons.records.map(({ id }) => Number(id)))
  return new Map(
    left
      .filter(({ leadId }) => !alive.has(leadId))
      .map(({ text, candidates }) => [text, candidates.map(roleKeyText)]),
  )
}
