// A Lead that becomes a Contact stays one person in Marketo, in whatever order its events come (design §5, rule 9).
import { until } from '../fixtures/until.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

const withLeads = (org: Org) => ({
  ...smallOrg(org),
  leads: org.insert(
    'Lead',
    Array.from({ length: 6 }, (_, n) => ({
      LastName: `Lead${n}`,
      Company: `Company ${n}`,
      Email: `lead${n}@x.example`,
      Title: 'Prospect',
    })),
  ),
})

const personsBefore = (instance: Story['instance'], ids: string[]): Map<string, number> =>
  new Map(ids.map((id) => [id, instance.findLeads('externalPersonId', id)[0]!.id]))

story(
  'A converted lead keeps its person under the key of its new contact, with the company',
  { org: withLeads },
  async (t, { org, ids, instance, inStep, person, quiet, reconcile }) => {
    const former = personsBefore(instance, ids.leads)
    const [first, second, third] = ids.leads.map((id, n) =>
      org.convertLead(id, { createOpportunity: n % 2 === 0, ...(n === 1 && { accountId: ids.acme }) }),
    )
    await quiet()
    // The role of a conversion has no trigger.
    await reconcile()
    await inStep({ former })
    for (const { leadId, contactId, accountId } of [first!, second!, third!]) {
      t.equal(person(contactId).id, former.get(leadId))
      t.equal(person(contactId).fields.externalCompanyId, accountId)
      t.strictSame(instance.findLeads('externalPersonId', leadId), [])
    }
    t.equal(instance.leads.size, 2 + 6)
  },
)

story(
  'A lead converted into a contact that is a person already is merged into it',
  { org: withLeads },
  async (t, { org, ids, instance, inStep, person, db }) => {
    const former = personsBefore(instance, [...ids.leads, ids.carl])
    instance.editLead(former.get(ids.leads[0]!)!, { city: 'Lund' })
    org.convertLead(ids.leads[0]!, { contactId: ids.carl })
    await inStep({ former })
    t.equal(person(ids.carl).id, former.get(ids.carl), 'the contact wins')
    t.match(person(ids.carl).fields, { title: 'Buyer', city: 'Lund', externalCompanyId: ids.acme })
    t.notOk(instance.leads.has(former.get(ids.leads[0]!)!))
    t.equal(instance.leads.size, 2 + 5)
    const lead = await db.selectFrom('ledger').selectAll().where('id', '=', ids.leads[0]!).executeTakeFirst()
    t.not(lead?.state, 'confirmed')
  },
)

story(
  "The contact's event may come long before the conversion's, or after it",
  { org: withLeads },
  async (t, { org, ids, instance, inStep, person, salesforce, quiet, reconcile }) => {
    const former = personsBefore(instance, ids.leads)
    const tell = (
      Object_Type__c: string,
      Change_Type__c: string,
      Record_Ids__c: string,
      Replaced_By_Ids__c?: string,
    ) => salesforce.events.publishRaw({ Object_Type__c, Change_Type__c, Record_Ids__c, Replaced_By_Ids__c })
    const [early, late] = ids.leads.map((id) => org.convertLead(id, { bypass: true }))
    tell('Contact', 'CREATE', early!.contactId)
    await quiet()
    t.equal(person(early!.contactId).id, former.get(early!.leadId), 'before any word of the conversion')
    tell('Lead', 'CONVERT', early!.leadId, early!.contactId)

    tell('Lead', 'CONVERT', late!.leadId, late!.contactId)
    await quiet()
    t.equal(person(late!.contactId).id, former.get(late!.leadId))
    tell('Contact', 'CREATE', late!.contactId)
    await quiet()
    for (const id of ids.leads) tell('Lead', 'UPDATE', id)
    await quiet()
    for (const { leadId, contactId } of [early!, late!]) {
      t.equal(person(contactId).id, former.get(leadId))
      t.strictSame(instance.findLeads('externalPersonId', leadId), [])
    }
    t.equal(instance.leads.size, 2 + 6)
    // The accounts were never told of.
    await reconcile()
    await inStep({ former })
  },
)

story(
  'A conversion that no event told of is found by the reconcile, with its contact role',
  { org: withLeads },
  async (t, { org, ids, instance, inStep, reconcile, salesforce, person }) => {
    const former = personsBefore(instance, ids.leads)
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    const known = org.convertLead(ids.leads[0]!, { createOpportunity: true })
    const merged = org.convertLead(ids.leads[1]!, { contactId: ids.carl })
    await reconcile()
    await inStep({ former })
    t.equal(person(known.contactId).id, former.get(known.leadId))
    t.equal(instance.rolesOf(person(known.contactId).id).length, 1)
    t.notOk(instance.leads.has(former.get(merged.leadId)!))
  },
)

story(
  'A lead that was never in Marketo and is converted comes there once, as its contact',
  {},
  async (t, { org, ids, instance, inStep, reconcile }) => {
    const quick = org.transaction()
    const lead = quick.insert('Lead', {
      LastName: 'Quick',
      Company: 'Q',
      Email: 'quick@x.example',
      OwnerId: ids.ann,
    })
    const { contactId } = quick.convertLead(lead)
    quick.commit()
    const unheard = org.insert('Lead', { LastName: 'Unheard', Company: 'U' }, { bypass: true })
    const second = org.convertLead(unheard)
    await inStep()
    t.equal(instance.leads.size, 2 + 2)
    t.equal(instance.findLeads('externalPersonId', contactId).length, 1)
    t.equal(instance.findLeads('externalPersonId', second.contactId).length, 1)
    await reconcile()
    await inStep()
    t.equal(instance.leads.size, 2 + 2)
  },
)

story(
  'A converted lead whose person Marketo has lost gets a new one under the key of its contact',
  {},
  async (t, { org, ids, instance, inStep, person }) => {
    const lost = person(ids.lena).id
    instance.deleteLead(lost)
    const { contactId } = org.convertLead(ids.lena, { accountId: ids.acme, ownerId: ids.ann })
    await inStep({ former: new Map([[ids.lena, lost]]), unmade: new Set([lost]) })
    t.not(person(contactId).id, lost)
  },
)

story(
  'A lead converted into a contact that Marketo only seemed to have lost gives it no second person',
  { org: withLeads },
  async (t, { org, ids, instance, inStep, person, marketo, db }) => {
    const former = personsBefore(instance, [...ids.leads, ids.carl])
    marketo.faults.add({
      kind: 'record',
      code: '1004',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action === 'updateOnly' },
    })
    org.update('Contact', ids.carl, { Department: 'Purchasing' })
    await until('the loss to be noted', async () => {
      const entry = await db
        .selectFrom('ledger')
        .select('state')
        .where('id', '=', ids.carl)
        .executeTakeFirst()
      return entry?.state === 'lost'
    })
    org.convertLead(ids.leads[0]!, { contactId: ids.carl })
    await inStep({ former, deadlineMs: 20_000 })
    t.equal(person(ids.carl).id, former.get(ids.carl))
  },
)
