// The four objects beside the lead: salespersons, companies, opportunities, opportunities/roles. They share one set
// of calls and differ in what stands here (marketo-rest §3, §3.1 to §3.4).
import { createSchema } from './fields.ts'
import type { DataType, Field, Schema } from './fields.ts'
import type { Settings } from './options.ts'

export type ObjectName = 'salesPersons' | 'companies' | 'opportunities' | 'roles'

export interface ObjectDefinition {
  object: ObjectName
  /** Path below /rest/v1/. */
  path: string
  /** As describe names it. */
  name: string
  displayName: string
  idField: 'id' | 'marketoGUID'
  dedupeFields: readonly string[]
  searchable: readonly (readonly string[])[]
  /** Sales persons come with every populated field, the others with ids and times (§3.1, §3.2). */
  allFieldsByDefault: boolean
  schema: Schema
}

const field = (name: string, dataType: DataType, length?: number, updateable = true): Field => ({
  name,
  dataType,
  updateable,
  ...(length === undefined ? {} : { length }),
})
const text = (...names: string[]) => names.map((name) => field(name, 'string', 255))
const key = (name: string, length: number) => field(name, 'string', length, false)
const times = [
  field('createdAt', 'datetime', undefined, false),
  field('updatedAt', 'datetime', undefined, false),
]
const marketoGuid = field('marketoGUID', 'string', 36, false)

const salesPersonFields = (settings: Settings): Field[] => [
  field('id', 'integer', undefined, false),
  ...times,
  field('email', 'string', 255, settings.salesPersonEmailUpdateable),
  key('externalSalesPersonId', 255),
  ...text('firstName', 'lastName', 'title', 'phone', 'mobilePhone', 'fax'),
]

const COMPANY_FIELDS: Field[] = [
  ...times,
  key('externalCompanyId', 100),
  field('id', 'integer', undefined, false),
  ...text('company', 'site'),
  field('website', 'url', 255),
  ...text('mainPhone', 'industry'),
  field('annualRevenue', 'currency'),
  field('numberOfEmployees', 'integer'),
  field('sicCode', 'string', 40),
  field('billingStreet', 'text', 2000),
  ...text('billingCity', 'billingState', 'billingPostalCode', 'billingCountry', 'companyNotes'),
  field('externalSalesPersonId', 'string', 255),
]

const OPPORTUNITY_FIELDS: Field[] = [
  marketoGuid,
  ...times,
  key('externalOpportunityId', 50),
  ...text('name'),
  field('description', 'string', 2000),
  ...text('type', 'stage'),
  field('amount', 'currency'),
  field('expectedRevenue', 'currency'),
  field('closeDate', 'date'),
  field('probability', 'integer'),
  field('quantity', 'float'),
  field('isClosed', 'boolean'),
  field('isWon', 'boolean'),
  ...text('fiscal', 'fiscalQuarter', 'fiscalYear', 'forecastCategory', 'forecastCategoryName'),
  field('lastActivityDate', 'date'),
  ...text('leadSource', 'nextStep', 'source'),
  field('externalCreatedDate', 'datetime'),
  field('externalCompanyId', 'string', 100),
  field('externalSalesPersonId', 'string', 255),
]

const ROLE_FIELDS: Field[] = [
  marketoGuid,
  ...times,
  key('externalOpportunityId', 50),
  field('leadId', 'integer', undefined, false),
  key('role', 50),
  field('isPrimary', 'boolean'),
  field('externalCreatedDate', 'datetime'),
]

export const objectDefinitions = (settings: Settings): ObjectDefinition[] => [
  {
    object: 'salesPersons',
    path: 'salespersons',
    name: 'SalesPerson',
    displayName: 'Sales Person',
    idField: 'id',
    dedupeFields: ['externalSalesPersonId'],
    searchable: [['email'], ['id'], ['externalSalesPersonId']],
    allFieldsByDefault: true,
    schema: createSchema(salesPersonFields(settings), true),
  },
  {
    object: 'companies',
    path: 'companies',
    name: 'Company',
    displayName: 'Company',
    idField: 'id',
    dedupeFields: ['externalCompanyId'],
    searchable: [['externalCompanyId'], ['id'], ['company']],
    allFieldsByDefault: false,
    schema: createSchema(COMPANY_FIELDS, true),
  },
  {
    object: 'opportunities',
    path: 'opportunities',
    name: 'opportunity',
    displayName: 'Opportunity',
    idField: 'marketoGUID',
    dedupeFields: ['externalOpportunityId'],
    searchable: [['externalOpportunityId'], ['marketoGUID']],
    allFieldsByDefault: false,
    schema: createSchema(OPPORTUNITY_FIELDS, true),
  },
  {
    object: 'roles',
    path: 'opportunities/roles',
    name: 'opportunityRole',
    displayName: 'Opportunity Role',
    idField: 'marketoGUID',
    dedupeFields: ['externalOpportunityId', 'leadId', 'role'],
    searchable: [
      ['externalOpportunityId', 'leadId', 'role'],
      ['marketoGUID'],
      ['leadId'],
      ['externalOpportunityId'],
    ],
    allFieldsByDefault: false,
    schema: createSchema(ROLE_FIELDS, true),
  },
]
