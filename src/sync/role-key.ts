// The key of a Marketo role as one text, in the ledger and in intents. It is kept as Marketo was given it, and compared without regard to case,
// as Marketo does.
import type { RoleKey } from '../marketo/calls.ts'

export const roleKeyText = (key: RoleKey): string => `${key.externalOpportunityId}|${key.leadId}|${key.role}`

/** Two texts of one role have the same. */
export const roleIdentity = (text: string): string => text.toLowerCase()

export const isSameRole = (one: string, other: string | null): boolean =>
  other !== null && roleIdentity(one) === roleIdentity(other)

export function roleKeyOf(text: string): RoleKey {
  const [externalOpportunityId = '', leadId, ...role] = text.split('|')
  return { externalOpportunityId, leadId: Number(leadId), role: role.join('|') }
}
