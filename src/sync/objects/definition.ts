// What makes one Salesforce object different from the next, as data: nothing else branches on the object.
import type { ObjectName } from '../../salesforce/ids.ts'

export type MarketoObject = 'SalesPerson' | 'Company' | 'Lead' | 'Opportunity' | 'OpportunityRole'

/** Ledger columns that hold a record's parents, by Salesforce id. */
export type ParentColumn = 'ownerId' | 'accountId' | 'personId' | 'opportunityId'

export interface Parent {
  /** Salesforce's reference field. */
  field: string
  object: ObjectName
  /** Marketo's field for the reference; leadId of a role takes Marketo's id instead. */
  target: string
  column: ParentColumn
  /** Without its parent the record can't be in Marketo. */
  required: boolean
  /** Marketo can't take this reference away again (a person can be moved to another company, never detached). */
  sticky?: boolean
}

export interface ObjectDefinition {
  object: ObjectName
  marketo: MarketoObject
  /** Marketo's external key; a role's is made of its parents. */
  key: string
  /** Salesforce's fields that the key is made of, where that is not the Id. A record that doesn't show them all is not judged. */
  keyFields?: string[]
  parents: Parent[]
  /** [Salesforce field, Marketo field]; each is used only where both sides describe it and Marketo's is updateable. */
  mapping: readonly (readonly [string, string])[]
  /** Fields read besides the mapped ones, to decide scope; left out where the org doesn't have them. */
  reads: string[]
}

/** In lower case, as Marketo's names are matched without regard to case. It has opted the person out when one is true; opting in again is a
 *  person's own act, so false is never sent. */
export const ONLY_TRUE: readonly string[] = ['unsubscribed', 'donotcall']

export const isOnlyTrue = (field: string): boolean => ONLY_TRUE.includes(field.toLowerCase())

/** Company-type fields may not be written through a person (error 1021; marketo-rest facts §4). */
export const isCompanyField = (field: string): boolean => COMPANY_TYPE_FIELDS.has(field.toLowerCase())

const COMPANY_TYPE_FIELDS: ReadonlySet<string> = new Set([
  'company',
  'site',
  'website',
  'mainphone',
  'annualrevenue',
  'industry',
  'numberofemployees',
  'siccode',
  'billingstreet',
  'billingcity',
  'billingstate',
  'billingpostalcode',
  'billingcountry',
])
