// Lead conversion. After triggers fire in the order Account, Contact, Opportunity, Lead; whether the contact
// role made on the way fires one is unverified, so it doesn't here: the harder case (salesforce §4).

import { announce, findLiving, rewrite } from './dml-context.ts'
import type { DmlContext, DmlOptions } from './dml-context.ts'
import { DmlError } from './dml-error.ts'
import { insertRows, updateRows, type Fields } from './dml-save.ts'
import type { Row } from './table.ts'

export interface ConvertOptions extends DmlOptions {
  accountId?: string
  contactId?: string
  createOpportunity?: boolean
  opportunityName?: string
  /** Needed when a queue owns the lead. */
  ownerId?: string
  /** The admin mapped the seven insight fields under Map Lead Fields (marketo-rest §8). */
  keepInsights?: boolean
}

export interface Converted {
  leadId: string
  accountId: string
  contactId: string
  opportunityId: string | null
}

const ADDRESS = ['Street', 'City', 'State', 'PostalCode', 'Country']
const CARRIED = [
  'FirstName',
  'LastName',
  'Salutation',
  'Title',
  'Email',
  'Phone',
  'MobilePhone',
  'Fax',
  'LeadSource',
  'Description',
  'DoNotCall',
  'HasOptedOutOfEmail',
  'HasOptedOutOfFax',
]

export function convertLead(context: DmlContext, leadId: string, options: ConvertOptions): Converted {
  const { schema } = context
  const leadType = schema.require('Lead')
  const lead = findLiving(context, leadType, leadId)
  if (lead['IsConverted'] === true) {
    throw new DmlError('CANNOT_UPDATE_CONVERTED_LEAD', `lead ${lead.Id} is converted already`)
  }
  const ownerId = options.ownerId ?? String(lead['OwnerId'] ?? context.defaultOwner())
  if (!ownerId.startsWith('005')) {
    throw new DmlError(
      'UNKNOWN_EXCEPTION',
      'Converted objects can only be owned by users. If the lead is not owned by a user, you must specify a user for the Owner field.',
    )
  }

  const contactType = schema.require('Contact')
  const found = options.contactId ? findLiving(context, contactType, options.contactId) : undefined
  const accountId = accountFor(context, lead, found, ownerId, options)
  const fields = contactFields(context, lead, options)
  const contact = found
    ? completeContact(context, found, fields, accountId, options)
    : insertRows(context, contactType, [{ ...fields, AccountId: accountId, OwnerId: ownerId }], options)[0]!
  const opportunityId = options.createOpportunity
    ? makeOpportunity(context, lead, accountId, contact.Id, ownerId, options)
    : null

  rewrite(
    context,
    leadType,
    lead,
    {
      IsConverted: true,
      ConvertedDate: new Date(context.now()).toISOString().slice(0, 10),
      ConvertedAccountId: accountId,
      ConvertedContactId: contact.Id,
      ConvertedOpportunityId: opportunityId ?? undefined,
      OwnerId: ownerId,
      Status: 'Closed - Converted',
    },
    options,
  )
  announce(context, leadType, 'CONVERT', [lead.Id], options, [contact.Id])
  return { leadId: lead.Id, accountId, contactId: contact.Id, opportunityId }
}

function accountFor(
  context: DmlContext,
  lead: Row,
  contact: Row | undefined,
  ownerId: string,
  options: ConvertOptions,
): string {
  const accountType = context.schema.require('Account')
  if (options.accountId) return findLiving(context, accountType, options.accountId).Id
  if (typeof contact?.['AccountId'] === 'string') return contact['AccountId']
  const billing = ADDRESS.map((part): [string, Fields[string]] => [`Billing${part}`, lead[part]])
  const account: Fields = {
    Name: lead['Company'],
    OwnerId: ownerId,
    Phone: lead['Phone'],
    Website: lead['Website'],
    Industry: lead['Industry'],
    ...Object.fromEntries(billing),
  }
  return insertRows(context, accountType, [account], options)[0]!.Id
}

function contactFields(context: DmlContext, lead: Row, options: ConvertOptions): Fields {
  const insights = options.keepInsights
    ? [...context.schema.require('Lead').fields.values()]
        .map((field) => field.name)
        .filter((name) => name.startsWith('mkto_si__'))
    : []
  const mailing = ADDRESS.map((part): [string, Fields[string]] => [`Mailing${part}`, lead[part]])
  return Object.fromEntries([
    ...[...CARRIED, ...insights].map((name): [string, Fields[string]] => [name, lead[name]]),
    ...mailing,
  ])
}

/** An existing contact keeps what it has; conversion fills its blanks. */
function completeContact(
  context: DmlContext,
  contact: Row,
  fields: Fields,
  accountId: string,
  options: ConvertOptions,
): Row {
  const blanks = Object.entries({ ...fields, AccountId: accountId }).filter(
    ([name, value]) => value !== undefined && contact[name] === undefined,
  )
  if (blanks.length === 0) return contact
  const update = { id: contact.Id, fields: Object.fromEntries(blanks) }
  return updateRows(context, context.schema.require('Contact'), [update], options)[0]!
}

function makeOpportunity(
  context: DmlContext,
  lead: Row,
  accountId: string,
  contactId: string,
  ownerId: string,
  options: ConvertOptions,
): string {
  const opportunity = {
    Name: options.opportunityName ?? `${String(lead['Company']).slice(0, 118)}-`,
    AccountId: accountId,
    OwnerId: ownerId,
    StageName: 'Prospecting',
    CloseDate: new Date(context.now() + 90 * 86_400_000),
    LeadSource: lead['LeadSource'],
  }
  const [row] = insertRows(context, context.schema.require('Opportunity'), [opportunity], options)
  const role = { OpportunityId: row!.Id, ContactId: contactId, IsPrimary: true }
  const roleType = context.schema.require('OpportunityContactRole')
  insertRows(context, roleType, [role], { ...options, bypass: true })
  return row!.Id
}
