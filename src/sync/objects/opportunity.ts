// Opportunity → Opportunity. externalCreatedDate drives attribution in Marketo.
import type { ObjectDefinition } from './definition.ts'

export const opportunity: ObjectDefinition = {
  object: 'Opportunity',
  marketo: 'Opportunity',
  key: 'externalOpportunityId',
  parents: [
    {
      field: 'AccountId',
      object: 'Account',
      target: 'externalCompanyId',
      column: 'accountId',
      required: false,
    },
    { field: 'OwnerId', object: 'User', target: 'externalSalesPersonId', column: 'ownerId', required: false },
  ],
  reads: [],
  mapping: [
    ['Name', 'name'],
    ['Description', 'description'],
    ['Type', 'type'],
    ['StageName', 'stage'],
    ['Amount', 'amount'],
    ['CloseDate', 'closeDate'],
    ['Probability', 'probability'],
    ['ExpectedRevenue', 'expectedRevenue'],
    ['TotalOpportunityQuantity', 'quantity'],
    ['IsClosed', 'isClosed'],
    ['IsWon', 'isWon'],
    ['LeadSource', 'leadSource'],
    ['NextStep', 'nextStep'],
    ['ForecastCategoryName', 'forecastCategoryName'],
    ['Fiscal', 'fiscal'],
    ['FiscalQuarter', 'fiscalQuarter'],
    ['FiscalYear', 'fiscalYear'],
    ['CreatedDate', 'externalCreatedDate'],
  ],
}
