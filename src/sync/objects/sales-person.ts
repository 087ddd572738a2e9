// User → SalesPerson. The e-mail must be the User's: MSI's Marketo tab shows nothing otherwise.
import type { ObjectDefinition } from './definition.ts'

export const salesPerson: ObjectDefinition = {
  object: 'User',
  marketo: 'SalesPerson',
  key: 'externalSalesPersonId',
  parents: [],
  reads: ['IsActive', 'UserType'],
  mapping: [
    ['Email', 'email'],
    ['FirstName', 'firstName'],
    ['LastName', 'lastName'],
    ['Title', 'title'],
    ['Phone', 'phone'],
    ['MobilePhone', 'mobilePhone'],
    ['Fax', 'fax'],
  ],
}
