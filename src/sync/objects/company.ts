// Account → Company.
import type { ObjectDefinition } from './definition.ts'

export const company: ObjectDefinition = {
  object: 'Account',
  marketo: 'Company',
  key: 'externalCompanyId',
  parents: [
    { field: 'OwnerId', object: 'User', target: 'externalSalesPersonId', column: 'ownerId', required: false },
  ],
  reads: ['IsPersonAccount', 'PersonContactId'],
  mapping: [
    ['Name', 'company'],
    ['Site', 'site'],
    ['Website', 'website'],
    ['Phone', 'mainPhone'],
    ['AnnualRevenue', 'annualRevenue'],
    ['Industry', 'industry'],
    ['NumberOfEmployees', 'numberOfEmployees'],
    ['Sic', 'sicCode'],
    ['BillingStreet', 'billingStreet'],
    ['BillingCity', 'billingCity'],
    ['BillingState', 'billingState'],
    ['BillingPostalCode', 'billingPostalCode'],
    ['BillingCountry', 'billingCountry'],
  ],
}
