// The fields of a lead. msi…, priority and the like are calculated by Marketo and read-only (marketo-rest §8).
import { createSchema } from './fields.ts'
import type { DataType, Field, Schema } from './fields.ts'
import type { Settings } from './options.ts'

const field = (name: string, dataType: DataType, more: Partial<Field> = {}): Field => ({
  name,
  dataType,
  updateable: true,
  ...more,
})
const text = (...names: string[]) => names.map((name) => field(name, 'string', { length: 255 }))

// marketo-rest §3.5: the keys that Sync Leads and Get Leads are documented to take.
export const DOCUMENTED_KEYS = [
  'id',
  'cookies',
  'email',
  'twitterId',
  'facebookId',
  'linkedInId',
  'sfdcAccountId',
  'sfdcContactId',
  'sfdcLeadId',
  'sfdcLeadOwnerId',
  'sfdcOpptyId',
]

// marketo-rest §3.2: what belongs to the company, though describe lists it with the lead too.
const COMPANY_FIELDS: Field[] = [
  field('company', 'string', { length: 255, displayName: 'Company Name', company: true }),
  field('site', 'string', { length: 255, company: true }),
  field('website', 'url', { length: 255, company: true }),
  field('mainPhone', 'phone', { length: 255, company: true }),
  field('annualRevenue', 'currency', { company: true }),
  field('industry', 'string', { length: 255, company: true }),
  field('numberOfEmployees', 'integer', { displayName: 'Num Employees', company: true }),
  field('sicCode', 'string', { length: 40, displayName: 'SIC Code', company: true }),
  field('billingStreet', 'text', { length: 2000, company: true }),
  ...text('billingCity', 'billingState', 'billingPostalCode', 'billingCountry').map((f) => ({
    ...f,
    company: true,
  })),
]

const readOnly = (name: string, dataType: DataType, length?: number) =>
  field(name, dataType, { updateable: false, ...(length ? { length } : {}) })

export function leadSchema(settings: Settings): Schema {
  return createSchema(
    [
      readOnly('id', 'integer'),
      readOnly('createdAt', 'datetime'),
      readOnly('updatedAt', 'datetime'),
      field('email', 'email', { length: 255, displayName: 'Email Address' }),
      ...text('salutation', 'firstName', 'middleName', 'lastName', 'title', 'department'),
      field('phone', 'phone', { length: 255, displayName: 'Phone Number' }),
      field('mobilePhone', 'phone', { length: 255, displayName: 'Mobile Phone Number' }),
      field('fax', 'phone', { length: 255, displayName: 'Fax Number' }),
      field('address', 'text', { length: 2000 }),
      ...text('city', 'state', 'postalCode', 'country', 'leadSource', 'leadStatus', 'rating', 'leadRole'),
      field('dateOfBirth', 'date'),
      field('unsubscribed', 'boolean'),
      field('unsubscribedReason', 'text'),
      field('doNotCall', 'boolean'),
      field('doNotCallReason', 'text'),
      field('marketingSuspended', 'boolean'),
      field('emailInvalid', 'boolean'),
      ...COMPANY_FIELDS,
      // Only with the feature "MSI Non-Native" (marketo-rest §0.1); nothing but Adobe's MSI page documents it.
      ...(settings.nonNativeFeature ? [field('externalPersonId', 'string', { length: 255 })] : []),
      field('externalSalesPersonId', 'string', { length: 255 }),
      field('externalCompanyId', 'string', { length: 100 }),
      field('leadScore', 'score'),
      readOnly('priority', 'integer'),
      // Without its own name, urgency is a raw number and not the tier from 0 to 3 (marketo-rest §0.2, §8).
      readOnly('urgency', settings.urgencyFieldName === 'urgency' ? 'integer' : 'float'),
      ...(settings.urgencyFieldName === 'relativeUrgency' ? [readOnly('relativeUrgency', 'integer')] : []),
      readOnly(settings.scoreFieldName, 'integer'),
      readOnly('msiLastInterestingMomentType', 'string', 255),
      readOnly('msiLastInterestingMomentDate', 'datetime'),
      readOnly('msiLastInterestingMomentDesc', 'text', 2000),
      readOnly('msiLastInterestingMomentSource', 'string', 255),
      ...DOCUMENTED_KEYS.filter((name) => name !== 'id' && name !== 'email').map((name) =>
        field(name, 'string', { length: 255 }),
      ),
      readOnly('leadPartitionId', 'integer'),
      field('leadCompanyName', 'string', { length: 255, displayName: 'Lead Company Name', custom: true }),
      ...settings.customLeadFields.map((custom) => ({ updateable: true, custom: true, ...custom })),
    ],
    false,
  )
}

/** The value fields under the names that this instance has. */
export const tierFields = (settings: Settings) => ({
  score: settings.scoreFieldName,
  urgency: settings.urgencyFieldName,
})

/** Custom fields of these types may be looked up and filtered by (marketo-rest §3.5). */
const isCustomKey = (found: Field) =>
  found.custom === true &&
  (found.dataType === 'string' || found.dataType === 'email' || found.dataType === 'integer')

const isPersonKey = (name: string) => name === 'externalPersonId'

/** Describe Lead2 lists these. */
export function searchableFields(schema: Schema): string[][] {
  return [...schema.fields.values()]
    .filter((found) => isFilter(schema, found.name) && found.name !== 'cookies')
    .map((found) => [found.name])
}

/** filterType of Get Leads: the documented keys, leadPartitionId, custom fields; externalPersonId by [MSI]. */
export function isFilter(schema: Schema, name: string): boolean {
  const found = schema.fields.get(name)
  return (
    found !== undefined &&
    (DOCUMENTED_KEYS.includes(name) || name === 'leadPartitionId' || isPersonKey(name) || isCustomKey(found))
  )
}

export function isLookup(schema: Schema, name: string, settings: Settings): boolean {
  const found = schema.fields.get(name)
  if (!found) return false
  if (isPersonKey(name)) return settings.externalPersonIdLookup
  return DOCUMENTED_KEYS.includes(name) || isCustomKey(found)
}
