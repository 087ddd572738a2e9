// Removed in Salesforce, and Salesforce says so: then removed in Marketo (design §5, rules 5, 14 and 15).
import { until } from '../fixtures/until.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { everyDatabaseTeller } from './fixtures/story.ts'

const { story, onEveryDatabase } = await everyDatabaseTeller()

const adoptedLead = (org: Org) => ({
  ...smallOrg(org),
  adopted: org.insert('Lead', { LastName: 'Adopted', Company: 'X', Email: 'adopted@x.example' }),
})

onEveryDatabase(
  'keep: a removed person stays without key and sales person, its roles go; an undelete takes the same person back',
  {},
  async (t, { org, ids, instance, inStep, person, quiet, reconcile, db }) => {
    const carl = person(ids.carl).id
    const former = new Map([[ids.carl, carl]])
    org.update('Contact', ids.carl, { Department: 'Purchasing' })
    await inStep()
    const history = () => db.selectFrom('history').select('id').where('id', '=', ids.carl).execute()
    t.equal((await history()).length, 1)
    org.delete('Contact', ids.carl)
    await inStep({ former })
    t.strictSame(await history(), [], 'nothing of it is kept')
    t.match(instance.leads.get(carl)?.fields, {
      externalPersonId: null,
      externalSalesPersonId: null,
      email: 'carl@acme.example',
      title: 'Buyer',
    })
    t.equal(instance.roles.size, 0)

    org.undelete('Contact', ids.carl)
    await quiet()
    // Its contact role came back without a trigger.
    await reconcile()
    await inStep({ former })
    t.equal(person(ids.carl).id, carl)
    t.equal(instance.rolesOf(carl).length, 1)
    t.equal(instance.leads.size, 2)
  },
)

story(
  'delete: a removed person is deleted in Marketo, an adopted one is released',
  {
    env: { DELETE_POLICY: 'delete' },
    org: adoptedLead,
    before: ({ instance }) => void instance.createLead({ email: 'adopted@x.example', title: 'Kept' }),
  },
  async (t, { org, ids, instance, inStep, person, quiet, reconcile }) => {
    const former = new Map([ids.carl, ids.lena, ids.adopted].map((id) => [id, person(id).id]))
    const made = new Set([former.get(ids.adopted)!])
    org.delete('Contact', ids.carl)
    org.delete('Lead', [ids.lena, ids.adopted])
    await inStep({ former, made, deletePolicy: 'delete' })
    t.strictSame([...instance.leads.keys()], [...made])
    t.match(instance.leads.get([...made][0]!)?.fields, { externalPersonId: null, title: 'Kept' })
    org.undelete('Contact', ids.carl)
    await quiet()
    await reconcile()
    await inStep({ former: new Map(), made, deletePolicy: 'delete' })
    t.equal(person(ids.carl).fields.title, 'Buyer', 'anew')
  },
)

const EMAILS = ['lost', 'converted', 'merged'].map((name) => `${name}@x.example`)

story(
  'delete: what marketers had made is kept, also when it was lost and found, converted, or merged into another',
  {
    env: { DELETE_POLICY: 'delete' },
    org: (org) => ({
      ...smallOrg(org),
      made: org.insert(
        'Lead',
        EMAILS.map((Email) => ({ LastName: Email.split('@')[0]!, Company: 'X', Email })),
      ),
      ours: org.insert('Lead', { LastName: 'Ours', Company: 'X' }),
    }),
    before: ({ instance }) => EMAILS.forEach((email) => void instance.createLead({ email, title: 'Kept' })),
  },
  async (t, { org, ids, instance, inStep, person, quiet }) => {
    const [lost, converted, merged] = ids.made as [string, string, string]
    const made = new Map(ids.made.map((id) => [id, person(id).id]))

    const elsewhere = instance.createLead({ email: 'elsewhere@x.example' })
    instance.mergeLeads(elsewhere.id, [made.get(lost)!])
    org.update('Lead', lost, { Rating: 'Hot' })
    const prospect = instance.createLead({ email: 'prospect@x.example' })
    instance.mergeLeads(prospect.id, [person(ids.carl).id])
    org.update('Contact', ids.carl, { Department: 'Buying' })
    const { contactId } = org.convertLead(converted, { accountId: ids.acme })
    org.merge('Lead', ids.lena, [merged])
    await quiet()
    t.equal(person(lost).id, elsewhere.id, 'found by its key')
    t.equal(person(ids.carl).id, prospect.id)
    t.equal(person(contactId).id, made.get(converted))
    const lena = person(ids.lena).id
    t.notOk(instance.leads.has(made.get(merged)!))

    org.delete('Lead', [lost, ids.lena, ids.ours])
    org.delete('Contact', [contactId, ids.carl])
    const kept = new Set([...made.values(), elsewhere.id, prospect.id, lena])
    await inStep({ made: kept, deletePolicy: 'delete' })
    t.strictSame(
      new Map([...instance.leads.values()].map(({ id, fields }) => [id, fields.title])),
      new Map([
        [made.get(converted), 'Kept'],
        [elsewhere.id, 'Kept'],
        [prospect.id, 'Buyer'],
        [lena, 'Engineer'],
      ]),
      'only the lead that we had made is gone',
    )
  },
)

onEveryDatabase(
  'An account goes with all that depends on it, backwards through the order; nothing of it is left where Marketo lets it go',
  { env: { DELETE_POLICY: 'delete' } },
  async (t, { org, ids, instance, inStep, newCalls, person, reconcile, quiet }) => {
    const former = new Map([[ids.carl, person(ids.carl).id]])
    org.delete('Account', ids.acme)
    await quiet(30_000)
    await reconcile()
    await inStep({ former, deletePolicy: 'delete', deadlineMs: 30_000 })
    t.match(instance.counts(), { companies: 0, opportunities: 0, roles: 0, leads: 1 })
    const deletes = newCalls().flatMap(({ endpoint, codes }) =>
      endpoint.includes('delete') ? [{ endpoint, codes }] : [],
    )
    const order = deletes.map(({ endpoint }) => endpoint)
    t.ok(order.indexOf('opportunities/roles/delete.json') < order.indexOf('opportunities/delete.json'))
    t.ok(order.indexOf('leads/delete.json') < order.indexOf('companies/delete.json'))
    t.ok(order.indexOf('opportunities/delete.json') < order.indexOf('companies/delete.json'))
    t.strictSame(
      deletes.flatMap(({ codes }) => codes),
      [],
      'nothing was asked for too early',
    )
  },
)

story(
  'A company and a sales person that Marketo still uses stay, and that is told once',
  {},
  async (t, { org, ids, instance, inStep, db, quiet, reconcile, marketo, parked }) => {
    const other = instance.createLead({ lastName: 'Marketer', externalCompanyId: ids.acme })
    org.delete('Account', ids.acme)
    await quiet(30_000)
    await reconcile()
    await inStep({ made: new Set([other.id]), deadlineMs: 30_000 })
    t.ok(instance.findCompany(ids.acme))
    t.equal(marketo.calls.codes()['1022'], 1, 'asked once')
    const entry = await db.selectFrom('ledger').select('notes').where('id', '=', ids.acme).executeTakeFirst()
    t.match(entry?.notes, /still uses it/)
    t.strictSame([...(await parked())], [])
    await reconcile()
    await quiet()
    t.equal(marketo.calls.codes()['1022'], 1, 'and not again')
  },
)

story(
  'Forged events remove, merge and convert nothing',
  {},
  async (t, { ids, salesforce, inStep, person, newCalls, instance }) => {
    const before = person(ids.carl).id
    const forge = (type: string, change: string, records: string, replacedBy?: string) =>
      salesforce.events.publishRaw({
        Object_Type__c: type,
        Change_Type__c: change,
        Record_Ids__c: records,
        ...(replacedBy && { Replaced_By_Ids__c: replacedBy }),
      })
    for (const [type, id] of [
      ['User', ids.ann],
      ['Account', ids.acme],
      ['Lead', ids.lena],
      ['Contact', ids.carl],
      ['Opportunity', ids.deal],
      ['OpportunityContactRole', ids.role],
    ] as const)
      forge(type, 'DELETE', id)
    forge('Contact', 'MERGE', ids.carl, '0035g000009999AAAA')
    forge('Lead', 'CONVERT', ids.lena, ids.carl)
    await inStep()
    t.equal(person(ids.carl).id, before)
    t.strictSame(
      newCalls().filter(({ action }) => action !== undefined),
      [],
      'Marketo was told nothing',
    )
    t.equal(instance.leads.size, 2)
  },
)

story(
  'What the integration user can no longer see is not removed; the status says so',
  {},
  async (t, { org, ids, salesforce, instance, quiet, newCalls, parked, status, reconcile }) => {
    org.update('Lead', ids.lena, { Title: 'Hidden' })
    org.hide('Lead', ids.lena)
    const withheld = salesforce.faults.withhold('Opportunity')
    salesforce.events.publishRaw({
      Object_Type__c: 'Opportunity',
      Change_Type__c: 'DELETE',
      Record_Ids__c: ids.deal,
    })
    await until('the lead to be told', async () => (await parked()).get(ids.lena))
    const told = (await parked()).get(ids.lena)!
    t.match(told, { code: 'unreadable', reason: /does not show/, advice: /permission set/i })
    await until('a problem with the object', async () =>
      (await status()).problems.find(({ system }) => system === 'salesforce' || system === 'sync'),
    )
    t.ok(instance.findOpportunity(ids.deal))
    t.equal(instance.findLeads('externalPersonId', ids.lena).length, 1)
    t.strictSame(
      newCalls().filter(({ endpoint }) => endpoint.includes('delete')),
      [],
    )
    withheld.remove()
    org.reveal('Lead', ids.lena)
    org.update('Lead', ids.lena, { Title: 'Seen again' })
    await quiet(40_000)
    await reconcile()
    await quiet()
    t.equal(instance.findLeads('externalPersonId', ids.lena)[0]?.fields.title, 'Seen again')
  },
)

story(
  'Roles of which the integration user may no longer read the contact stay as they are until it may again',
  {},
  async (t, { org, ids, salesforce, instance, api, quiet, inStep, newCalls, parked }) => {
    const withheld = salesforce.faults.withhold('OpportunityContactRole', 'ContactId')
    await api('/api/mapping/reload', { method: 'POST' })
    org.update('OpportunityContactRole', ids.role, { Role: 'Business User' })
    await until('the role to be told', async () => (await parked()).get(ids.role))
    t.match((await parked()).get(ids.role), {
      code: 'unreadable',
      reason: /does not show ContactId/,
      advice: /OpportunityContactRole\.ContactId/,
    })
    t.equal(instance.roles.size, 1)
    t.strictSame(
      newCalls().filter(({ endpoint }) => endpoint.includes('delete')),
      [],
    )
    withheld.remove()
    await api('/api/mapping/reload', { method: 'POST' })
    await quiet(40_000)
    await inStep()
  },
)

const CROWD = 130

story(
  'A mass removal stops until an admin confirms it',
  {
    org: (org) => ({
      ...smallOrg(org),
      crowd: org.insert(
        'Lead',
        Array.from({ length: CROWD }, (_, n) => ({
          LastName: `L${n}`,
          Company: 'Crowd',
          Email: `crowd${n}@x.example`,
        })),
      ),
    }),
  },
  async (t, { org, ids, instance, inStep, status, api }) => {
    org.delete('Lead', ids.crowd)
    const problem = await until('the brake', async () =>
      (await status()).problems.find(({ code }) => code === 'mass-removal:Lead'),
    )
    t.match(problem, { system: 'removals', reason: /130 Lead/, advice: /confirm/ })
    t.equal(ids.crowd.filter((id) => instance.findLeads('externalPersonId', id).length === 1).length, CROWD)
    t.match(await api('/api/removals/confirm', { method: 'POST' }), { status: 202 })
    await until('the confirmation to be obeyed', async () =>
      (await status()).problems.every(({ system }) => system !== 'removals'),
    )
    await inStep()
    t.equal(ids.crowd.filter((id) => instance.findLeads('externalPersonId', id).length > 0).length, 0)
  },
)

story(
  "Records that the admin's filter leaves out are removed, and come back with it",
  {},
  async (t, { org, ids, instance, inStep, api, person, quiet }) => {
    const lena = person(ids.lena).id
    org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Lead', Active__c: true, Filter__c: "LeadSource != 'Purchased'" },
    ])
    await api('/api/mapping/reload', { method: 'POST' })
    const leavesOut = (object: string, row: Record<string, unknown>): boolean =>
      object === 'Lead' && row['LeadSource'] === 'Purchased'
    await quiet()
    org.update('Lead', ids.lena, { LeadSource: 'Purchased' })
    await inStep({ leavesOut, former: new Map([[ids.lena, lena]]) })
    t.equal(instance.leads.get(lena)?.fields.externalPersonId, null)
    org.update('Lead', ids.lena, { LeadSource: 'Web' })
    await inStep({ leavesOut, former: new Map([[ids.lena, lena]]) })
    t.equal(person(ids.lena).id, lena)
  },
)
