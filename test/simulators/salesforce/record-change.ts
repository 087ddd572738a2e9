// The Record_Change__e publisher of the Salesforce half, as its triggers would run it: per chunk of 200
// rows, only for watched fields, told apart by change type (design §3 and §8).

import type { Row } from './table.ts'

export type ChangeType = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE' | 'MERGE' | 'CONVERT'

export interface RecordChange {
  object: string
  type: ChangeType
  ids: string[]
  /** MERGE: the survivor, repeated. CONVERT: the contacts. Parallel to ids. */
  replacedBy?: string[]
  by: string
}

/** Salesforce §4: triggers run in chunks of 200 rows. */
export const TRIGGER_CHUNK = 200

export function chunks<T>(items: readonly T[], size = TRIGGER_CHUNK): T[][] {
  const result: T[][] = []
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size))
  return result
}

const ADDRESS = ['Street', 'City', 'State', 'PostalCode', 'Country']
const words = (text: string): string[] => text.split(' ')
const PERSON =
  'OwnerId Email FirstName LastName Salutation Title Phone MobilePhone Fax LeadSource DoNotCall HasOptedOutOfEmail'

/** The Salesforce fields of the default mapping (design §5, end) plus what decides on scope. */
const WATCHED: Record<string, string[]> = {
  User: words('Email FirstName LastName Title Phone MobilePhone Fax IsActive UserType'),
  Account: [
    ...words('OwnerId Name Site Website Phone AnnualRevenue Industry NumberOfEmployees Sic'),
    ...ADDRESS.map((part) => `Billing${part}`),
  ],
  Lead: [...words(PERSON), ...ADDRESS, ...words('Status Rating IsConverted ConvertedContactId')],
  Contact: [...words(PERSON), ...ADDRESS.map((part) => `Mailing${part}`), ...words('Department AccountId')],
  Opportunity: words(
    'AccountId OwnerId Name Description Type StageName Amount CloseDate Probability ExpectedRevenue TotalOpportunityQuantity IsClosed IsWon LeadSource NextStep ForecastCategoryName Fiscal FiscalQuarter FiscalYear',
  ),
  OpportunityContactRole: words('OpportunityId ContactId Role IsPrimary'),
}

export function isWatchedObject(object: string): boolean {
  return object in WATCHED
}

/** Names that are the same on a person account's Account and Contact. */
const SAME_NAME = new Set(words('OwnerId FirstName LastName Salutation Phone Fax'))
/** Contact.Title is Account.PersonTitle, a custom Contact.Nickname__c is Account.Nickname__pc. */
function onAccount(contactField: string): string {
  if (contactField.endsWith('__c')) return contactField.replace(/c$/, 'pc')
  return SAME_NAME.has(contactField) ? contactField : `Person${contactField}`
}

/**
 * The built-in list, the active rows of Marketo_Field_Mapping__mdt (issue 4) and the words of the object's filter (a
 * record may leave the scope by them); for Account also those of its person half. Words that are no fields do no harm.
 */
export function watchedFields(object: string, mappings: Iterable<Row>, settings: Iterable<Row>): string[] {
  const fields = [...(WATCHED[object] ?? [])]
  if (object === 'Account') fields.push(...WATCHED['Contact']!.map(onAccount))
  for (const { Active__c: active, Object__c: target, Salesforce_Field__c: field } of mappings) {
    if (active !== true || typeof field !== 'string') continue
    if (target === object) fields.push(field)
    else if (object === 'Account' && target === 'Contact') fields.push(onAccount(field))
  }
  for (const { Active__c: active, Object__c: target, Filter__c: filter } of settings) {
    if (active !== true) continue
    const named = String(filter ?? '').split(/\W+/)
    if (target === object) fields.push(...named)
    else if (object === 'Account' && target === 'Contact') fields.push(...named.map(onAccount))
  }
  return fields
}

/** Unless its row of Marketo_Object_Setting__mdt is not active; of two rows the active one counts. */
export function isSynced(object: string, settings: Iterable<Row>): boolean {
  const rows = [...settings].filter((row) => row['Object__c'] === object)
  return rows.length === 0 || rows.some((row) => row['Active__c'] === true)
}

export function toPayload(change: RecordChange): Record<string, string | null> {
  return {
    Object_Type__c: change.object,
    Change_Type__c: change.type,
    Record_Ids__c: change.ids.join(','),
    Replaced_By_Ids__c: change.replacedBy?.join(',') ?? null,
  }
}
