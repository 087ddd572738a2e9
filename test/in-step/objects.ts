// The six objects as design §5 maps them, as data: which key a record has in Marketo, which parents it names, which field goes where.
// Written from the contract, not from the program that it checks.

export const OBJECTS = [
  'User',
  'Account',
  'Lead',
  'Contact',
  'Opportunity',
  'OpportunityContactRole',
] as const
export type ObjectName = (typeof OBJECTS)[number]

/** [Salesforce field, Marketo field] */
export type Pair = readonly [from: string, to: string]

export interface MappedObject {
  marketo: 'salesPersons' | 'companies' | 'leads' | 'opportunities' | 'roles'
  key: string
  /** The first three characters of its ids. */
  prefix: string
  parents: readonly { from: string; object: ObjectName; to: string }[]
  fields: readonly Pair[]
}

const OWNER = { from: 'OwnerId', object: 'User', to: 'externalSalesPersonId' } as const
const ACCOUNT = { from: 'AccountId', object: 'Account', to: 'externalCompanyId' } as const

const PERSON: readonly Pair[] = [
  ['Email', 'email'],
  ['FirstName', 'firstName'],
  ['LastName', 'lastName'],
  ['Salutation', 'salutation'],
  ['Title', 'title'],
  ['Phone', 'phone'],
  ['MobilePhone', 'mobilePhone'],
  ['Fax', 'fax'],
  ['LeadSource', 'leadSource'],
  ['DoNotCall', 'doNotCall'],
  ['HasOptedOutOfEmail', 'unsubscribed'],
]

const address = (prefix: string): Pair[] => [
  [`${prefix}Street`, 'address'],
  [`${prefix}City`, 'city'],
  [`${prefix}State`, 'state'],
  [`${prefix}PostalCode`, 'postalCode'],
  [`${prefix}Country`, 'country'],
]

export const MAPPED: Readonly<Record<ObjectName, MappedObject>> = {
  User: {
    marketo: 'salesPersons',
    key: 'externalSalesPersonId',
    prefix: '005',
    parents: [],
    fields: [
      ['Email', 'email'],
      ['FirstName', 'firstName'],
      ['LastName', 'lastName'],
      ['Title', 'title'],
      ['Phone', 'phone'],
      ['MobilePhone', 'mobilePhone'],
      ['Fax', 'fax'],
    ],
  },
  Account: {
    marketo: 'companies',
    key: 'externalCompanyId',
    prefix: '001',
    parents: [OWNER],
    fields: [
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
  },
  Lead: {
    marketo: 'leads',
    key: 'externalPersonId',
    prefix: '00Q',
    parents: [OWNER],
    fields: [...PERSON, ['Status', 'leadStatus'], ['Rating', 'rating'], ...address('')],
  },
  Contact: {
    marketo: 'leads',
    key: 'externalPersonId',
    prefix: '003',
    parents: [OWNER, ACCOUNT],
    fields: [...PERSON, ['Department', 'department'], ...address('Mailing')],
  },
  Opportunity: {
    marketo: 'opportunities',
    key: 'externalOpportunityId',
    prefix: '006',
    parents: [OWNER, ACCOUNT],
    fields: [
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
  },
  OpportunityContactRole: {
    marketo: 'roles',
    key: 'externalOpportunityId',
    prefix: '006',
    parents: [
      { from: 'OpportunityId', object: 'Opportunity', to: 'externalOpportunityId' },
      { from: 'ContactId', object: 'Contact', to: 'leadId' },
    ],
    fields: [
      ['IsPrimary', 'isPrimary'],
      ['CreatedDate', 'externalCreatedDate'],
    ],
  },
}

/** Only ever sent as true: opting in again is a person's own act (rule 4). */
export const ONLY_TRUE: ReadonlySet<string> = new Set(['unsubscribed', 'doNotCall'])

/** A role that is blank in Salesforce (rule 7). */
export const BLANK_ROLE = 'Other'
