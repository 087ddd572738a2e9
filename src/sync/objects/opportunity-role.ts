// OpportunityContactRole → OpportunityRole. Its key is made of opportunity, Marketo's own lead id and role.
import type { ObjectDefinition } from './definition.ts'

/** Marketo requires a role (marketo-rest facts §3.4); a blank one is sent as this. */
export const BLANK_ROLE = 'Other'

export const opportunityRole: ObjectDefinition = {
  object: 'OpportunityContactRole',
  marketo: 'OpportunityRole',
  key: 'externalOpportunityId',
  keyFields: ['OpportunityId', 'ContactId', 'Role'],
  parents: [
    {
      field: 'OpportunityId',
      object: 'Opportunity',
      target: 'externalOpportunityId',
      column: 'opportunityId',
      required: true,
    },
    { field: 'ContactId', object: 'Contact', target: 'leadId', column: 'personId', required: true },
  ],
  reads: ['Role'],
  mapping: [
    ['IsPrimary', 'isPrimary'],
    ['CreatedDate', 'externalCreatedDate'],
  ],
}
