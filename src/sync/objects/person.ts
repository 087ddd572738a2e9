// Lead and Contact → Lead. Lead.Company is not sent: company fields may not be written through a person.
import type { ObjectDefinition, Parent } from './definition.ts'

const OWNER: Parent = {
  field: 'OwnerId',
  object: 'User',
  target: 'externalSalesPersonId',
  column: 'ownerId',
  required: false,
}

const SHARED = [
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
] as const

export const lead: ObjectDefinition = {
  object: 'Lead',
  marketo: 'Lead',
  key: 'externalPersonId',
  parents: [OWNER],
  reads: ['IsConverted', 'ConvertedContactId'],
  mapping: [
    ...SHARED,
    ['Status', 'leadStatus'],
    ['Rating', 'rating'],
    ['Street', 'address'],
    ['City', 'city'],
    ['State', 'state'],
    ['PostalCode', 'postalCode'],
    ['Country', 'country'],
  ],
}

export const contact: ObjectDefinition = {
  object: 'Contact',
  marketo: 'Lead',
  key: 'externalPersonId',
  parents: [
    OWNER,
    {
      field: 'AccountId',
      object: 'Account',
      target: 'externalCompanyId',
      column: 'accountId',
      required: false,
      sticky: true,
    },
  ],
  reads: ['IsPersonAccount'],
  mapping: [
    ...SHARED,
    ['Department', 'department'],
    ['MailingStreet', 'address'],
    ['MailingCity', 'city'],
    ['MailingState', 'state'],
    ['MailingPostalCode', 'postalCode'],
    ['MailingCountry', 'country'],
  ],
}
