// Person accounts: one Account row and one Contact row for a person. Only Account triggers fire
// (salesforce §4, "Person accounts fire Account (not Contact) triggers").

import { insertRows, updateRows, type Fields } from './dml-save.ts'
import { announce, rewrite } from './dml-context.ts'
import type { DmlContext, DmlOptions } from './dml-context.ts'
import type { Row } from './table.ts'

export function insertPersonAccounts(
  context: DmlContext,
  records: readonly Fields[],
  options: DmlOptions,
): Row[] {
  const accountType = context.schema.require('Account')
  const contactType = context.schema.require('Contact')
  const named = records.map((fields) =>
    isPerson(fields) ? { ...fields, IsPersonAccount: true, Name: personName(fields) } : fields,
  )
  const accounts = insertRows(context, accountType, named, { ...options, bypass: true }).map((account, i) => {
    if (!isPerson(records[i]!)) return account
    const contact = { ...contactFields(account), AccountId: account.Id, OwnerId: account['OwnerId'] }
    const [row] = insertRows(context, contactType, [contact], { ...options, bypass: true })
    rewrite(context, contactType, row!, { IsPersonAccount: true }, options)
    return rewrite(context, accountType, account, { PersonContactId: row!.Id }, options)
  })
  // After insert, the trigger sees PersonContactId already.
  const ids = accounts.map((account) => account.Id)
  announce(context, accountType, 'CREATE', ids, options)
  return accounts
}

/** The contact half follows its account, without a trigger of its own. */
export function updatePersonAccounts(
  context: DmlContext,
  updates: ReadonlyArray<{ id: string; fields: Fields }>,
  options: DmlOptions,
): Row[] {
  return updateRows(context, context.schema.require('Account'), updates, options).map((account) => {
    const contactId = account['PersonContactId']
    if (typeof contactId !== 'string') return account
    const fields = contactFields(account)
    updateRows(context, context.schema.require('Contact'), [{ id: contactId, fields }], {
      ...options,
      bypass: true,
    })
    const Name = personName(fields)
    return rewrite(context, context.schema.require('Account'), account, { Name }, options)
  })
}

const isPerson = (fields: Fields): boolean =>
  fields['IsPersonAccount'] === true || (fields['LastName'] !== undefined && fields['Name'] === undefined)

const personName = (fields: Fields): string =>
  [fields['FirstName'], fields['LastName']].filter(Boolean).join(' ')

/** Account.PersonEmail is Contact.Email, Account.Tier__pc is Contact.Tier__c; names and phones are spelt alike on both. */
function contactFields(account: Row): Fields {
  const fields: Fields = {}
  for (const name of ['FirstName', 'LastName', 'Salutation', 'Phone', 'Fax'])
    fields[name] = account[name] ?? null
  for (const [name, value] of Object.entries(account)) {
    if (name.endsWith('__pc')) fields[name.replace(/pc$/, 'c')] = value
    else if (name.startsWith('Person') && name !== 'PersonContactId')
      fields[name.slice('Person'.length)] = value
  }
  return fields
}
