// Merged in Salesforce, merged in Marketo (design §5, rule 9).
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { until } from '../fixtures/until.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

function withDoubles(org: Org) {
  const small = smallOrg(org)
  const { ann, acme, deal } = small
  const twin = org.insert('Account', { Name: 'Acme twin', OwnerId: ann })
  const contacts = org.insert(
    'Contact',
    ['One', 'Two', 'Three'].map((LastName, n) => ({
      LastName,
      Email: `c${n}@x.example`,
      Department: n === 1 ? 'IT' : null,
      AccountId: n === 2 ? twin : acme,
      OwnerId: ann,
    })),
  )
  const leads = org.insert(
    'Lead',
    ['One', 'Two', 'Three'].map((LastName, n) => ({
      LastName,
      Company: 'X',
      Email: `l${n}@x.example`,
      OwnerId: ann,
    })),
  )
  for (const [n, ContactId] of contacts.entries())
    org.insert('OpportunityContactRole', {
      OpportunityId: deal,
      ContactId,
      Role: n === 0 ? 'Influencer' : 'Evaluator',
    })
  const other = org.insert('Opportunity', {
    Name: 'Twin deal',
    AccountId: twin,
    OwnerId: ann,
    StageName: 'Prospecting',
    CloseDate: '2027-02-01',
  })
  return { ...small, twin, contacts, leads, other }
}

story(
  'Merged leads and contacts are one person, the survivor, with the roles of all',
  { org: withDoubles },
  async (t, { org, ids, instance, inStep, person, newCalls }) => {
    const former = new Map([...ids.contacts, ...ids.leads].map((id) => [id, person(id).id]))
    const [survivor, ...losers] = ids.contacts
    org.merge('Contact', survivor!, losers)
    org.merge('Lead', ids.leads[0]!, [ids.leads[1]!], { fields: { Title: 'Merged' } })
    await inStep({ former })
    t.equal(person(survivor!).id, former.get(survivor!))
    t.notOk(
      person(survivor!).fields.department,
      "the loser's value is not in Salesforce, so not in Marketo either",
    )
    t.equal(instance.rolesOf(person(survivor!).id).length, 2)
    t.equal(person(ids.leads[0]!).fields.title, 'Merged')
    t.equal(instance.leads.size, 2 + 6 - 3)
    t.equal(newCalls().filter(({ endpoint }) => endpoint === 'leads/{id}/merge.json').length, 3)
  },
)

story(
  'What Salesforce cleared of a survivor stays clear, also after the second of two merges',
  { org: withDoubles },
  async (t, { org, ids, inStep, person }) => {
    const [survivor, second, third] = ids.leads as [string, string, string]
    const former = new Map(ids.leads.map((id) => [id, person(id).id]))
    org.updateMany(
      'Lead',
      [second, third].map((id) => ({ id, fields: { Title: 'Buyer' } })),
    )
    await inStep()
    for (const loser of [second, third]) {
      org.merge('Lead', survivor, [loser])
      await inStep({ former })
      t.equal(person(survivor).fields.title ?? null, null)
    }
  },
)

story(
  'Merged accounts: the children are re-pointed, then the losing company goes',
  { org: withDoubles },
  async (t, { org, ids, instance, inStep, person, newCalls }) => {
    org.merge('Account', ids.acme, [ids.twin])
    // Re-parenting fires no trigger: the company is what leads to its children.
    await inStep({ deadlineMs: 25_000 })
    t.equal(person(ids.contacts[2]!).fields.externalCompanyId, ids.acme)
    t.equal(instance.findOpportunity(ids.other)?.fields.externalCompanyId, ids.acme)
    t.notOk(instance.findCompany(ids.twin))
    const deletes = newCalls().filter(({ endpoint }) => endpoint === 'companies/delete.json')
    t.equal(deletes.length, 1)
    t.strictSame(deletes[0]!.codes, [], 'not asked for before it was unused')
  },
)

story(
  'Merges that no event told of are found by the reconcile, also into somebody that Marketo does not know',
  { org: withDoubles },
  async (t, { org, ids, instance, inStep, reconcile, salesforce, person }) => {
    const former = new Map([...ids.contacts, ...ids.leads].map((id) => [id, person(id).id]))
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    const unknown = org.insert('Lead', { LastName: 'Unknown', Company: 'X', OwnerId: ids.ann })
    org.merge('Lead', unknown, [ids.leads[0]!, ids.leads[1]!])
    org.merge('Contact', ids.contacts[0]!, [ids.contacts[1]!])
    // A chain: the survivor is merged away itself, before anybody looked.
    org.merge('Contact', ids.contacts[2]!, [ids.contacts[0]!])
    await reconcile()
    await inStep({ former, deadlineMs: 25_000 })
    t.equal(instance.leads.size, 2 + 1 + 1 + 1)
    t.equal(instance.findLeads('externalPersonId', ids.leads[0]!).length, 0)
  },
)

story(
  'A merged-away contact that was adopted keeps what marketers know in the survivor',
  {
    before: ({ instance }) =>
      void instance.createLead({ email: 'second@x.example', city: 'Lund', unsubscribed: true }),
  },
  async (t, { org, ids, instance, inStep, person }) => {
    const made = instance.findLeads('email', 'second@x.example')[0]!
    const second = org.insert('Contact', {
      LastName: 'Second',
      Email: 'second@x.example',
      AccountId: ids.acme,
    })
    await inStep({ made: new Set([made.id]) })
    t.equal(person(second).id, made.id)
    org.merge('Contact', ids.carl, [second])
    await inStep({ made: new Set([made.id]), former: new Map([[second, made.id]]) })
    t.equal(person(ids.carl).fields.city, 'Lund')
    t.notOk(instance.leads.has(made.id))
  },
)

story(
  'Marketo has lost one of the two of a merge: a survivor is sent anew and the other merged into it, a loser was to go anyway',
  { org: withDoubles },
  async (t, { org, ids, instance, inStep, person, salesforce, newCalls }) => {
    const [winner, loser] = ids.contacts as [string, string, string]
    const former = new Map([...ids.contacts, ...ids.leads].map((id) => [id, person(id).id]))
    const unmade = new Set([former.get(winner)!, former.get(ids.leads[1]!)!])
    for (const id of unmade) instance.deleteLead(id)
    // Only the losers are told of: nothing else finds out that a survivor is gone.
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    org.merge('Contact', winner, [loser])
    org.merge('Lead', ids.leads[0]!, [ids.leads[1]!])
    salesforce.faults.removeAll()
    for (const [object, id] of [
      ['Contact', loser],
      ['Lead', ids.leads[1]!],
    ] as const)
      salesforce.events.publishRaw({
        Object_Type__c: object,
        Change_Type__c: 'MERGE',
        Record_Ids__c: id,
      })
    await inStep({ former, unmade, deadlineMs: 25_000 })
    t.not(person(winner).id, former.get(winner))
    t.notOk(instance.leads.has(former.get(loser)!))
    t.equal(instance.rolesOf(person(winner).id).length, 2, 'with the roles of both')
    const merges = newCalls().filter(({ endpoint }) => endpoint === 'leads/{id}/merge.json')
    t.strictSame(merges.map(({ codes }) => codes.join()).sort(), ['', '1004', '1004'])
  },
)

story(
  'A released person that came back, and was merged or converted before anybody looked, is part of the survivor',
  {},
  async (t, { org, ids, instance, inStep, person, salesforce, reconcile }) => {
    const former = new Map([ids.carl, ids.lena].map((id) => [id, person(id).id]))
    const other = org.insert('Contact', { LastName: 'Other', AccountId: ids.acme, OwnerId: ids.ann })
    org.delete('Contact', ids.carl)
    org.delete('Lead', ids.lena)
    await inStep({ former })
    t.ok(instance.leads.has(former.get(ids.carl)!), 'released, and kept')
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    org.undelete('Contact', ids.carl)
    org.undelete('Lead', ids.lena)
    org.merge('Contact', other, [ids.carl])
    const { contactId } = org.convertLead(ids.lena, { accountId: ids.acme, ownerId: ids.ann })
    await reconcile()
    await inStep({ former, deadlineMs: 25_000 })
    t.equal(instance.leads.size, 2)
    for (const id of [contactId, other]) t.ok(person(id))
  },
)

story(
  'Who was let go because the survivor of the merge was gone is merged into it when it comes back',
  { org: withDoubles },
  async (t, { org, ids, instance, inStep, person, salesforce, reconcile }) => {
    const [survivor, loser] = ids.leads as [string, string]
    const former = new Map([survivor, loser].map((id) => [id, person(id).id]))
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    org.merge('Lead', survivor, [loser])
    org.delete('Lead', survivor)
    await reconcile()
    await inStep({ former })
    t.ok(instance.leads.has(former.get(loser)!), 'kept, without key')
    org.undelete('Lead', survivor)
    await reconcile()
    await inStep({ former })
    t.equal(person(survivor).id, former.get(survivor))
    t.notOk(instance.leads.has(former.get(loser)!))
  },
)

story(
  'The roles that a merge takes to the survivor go with their opportunity, deleted at once after it',
  { org: withDoubles, marketo: { latencyMs: 100 } },
  async (t, { org, ids, instance, inStep, reconcile }) => {
    const [survivor, ...losers] = ids.contacts
    org.merge('Contact', survivor!, losers)
    org.delete('Opportunity', ids.deal)
    await reconcile()
    await inStep({ deadlineMs: 25_000 })
    t.notOk(instance.findOpportunity(ids.deal))
    t.equal(instance.roles.size, 0)
  },
)

story(
  'The losing company of a merge waits for a contact whose write has no known outcome, and is deleted then',
  { impatient: true, env: { MARKETO_AMBIGUOUS_WAIT_SECONDS: '10' } },
  async (t, { org, ids, inStep, instance, marketo }) => {
    const other = org.insert('Account', { Name: 'Other', OwnerId: ids.ann })
    await inStep()
    const fault = marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.merge('Account', other, [ids.acme])
    org.update('Contact', ids.carl, { Title: 'Heard' })
    await until('the write to be lost', () => fault.hits === 1)
    await inStep({ deadlineMs: 40_000 })
    t.notOk(instance.findCompany(ids.acme))
  },
)

story(
  'A loser that a marketer merged into somebody else meanwhile gave the survivor nothing: it is sent whole',
  { org: withDoubles },
  async (t, { org, ids, instance, inStep, person, salesforce }) => {
    const [winner, loser, other] = ids.leads as [string, string, string]
    const former = new Map(ids.leads.map((id) => [id, person(id).id]))
    org.update('Lead', loser, { Phone: '+46 8 1' })
    await inStep()
    instance.mergeLeads(former.get(other)!, [former.get(loser)!])
    // Only the loser is told of: the survivor is looked at when it has gone.
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    org.merge('Lead', winner, [loser])
    org.update('Lead', winner, { Phone: '+46 8 1' })
    salesforce.faults.removeAll()
    salesforce.events.publishRaw({
      Object_Type__c: 'Lead',
      Change_Type__c: 'MERGE',
      Record_Ids__c: loser,
    })
    await inStep({ former, unmade: new Set([former.get(loser)!]), deadlineMs: 25_000 })
    t.equal(person(winner).fields.phone, '+46 8 1')
  },
)
