// The key of a Marketo role as one text, in the ledger and in intents.
import type { RoleKey } from '../marketo/calls.ts'

export const roleKeyText = (key: RoleKey): string => `${key.externalOpportunityId}|${key.leadId}|${key.role}`

export function roleKeyOf(text: string): RoleKey {
  const [externalOpportunityId = '', leadId, ...role] = text.split('|')
  return { externalOpportunityId, leadId: Number(leadId), role: role.join('|') }
}
