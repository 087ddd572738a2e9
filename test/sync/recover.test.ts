// What became of writes without outcome is looked up, also where Marketo does not have what was sent any more.
import t from 'tap'
import { mark, PRIORITY } from '../../src/database/changes.ts'
import { outward } from './fixtures/outward.ts'

t.test(
  'a lost write of a field that Marketo has no more is looked up by its keys, and the record is sent again',
  async (t) => {
    const { db, org, marketo, round } = await outward(t)
    const id = org.insert('Lead', { LastName: 'Field', Company: 'X', Title: 'One', City: 'Rome' })
    const send = async (): Promise<void> => {
      await mark(db, [{ object: 'Lead', id, priority: PRIORITY.asked }])
      await round()
    }
    // Their owner first.
    await send()
    await send()
    const lead = marketo.instance.findLeads('externalPersonId', id)[0]!
    // Null where Marketo has nothing either: without its value nothing is proven.
    org.update('Lead', id, { Title: null, City: 'Paris' })
    marketo.instance.dropLeadField('title')
    marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    await send()
    t.strictSame(await db.selectFrom('intents').selectAll().execute(), [])
    t.match(await db.selectFrom('changes').select(['id', 'force', 'code']).execute(), [
      { id, force: true, code: 'unknown-outcome' },
    ])
    marketo.instance.addLeadField({ name: 'title', dataType: 'string', length: 255 })
    await round()
    t.match(lead.fields, { title: null, city: 'Paris' })
    t.strictSame(marketo.calls.violations(), [])
  },
)

t.test('what Marketo had lost, and a write without answer made anew, is sent whole', async (t) => {
  const { db, org, marketo, round } = await outward(t)
  const AccountId = org.insert('Account', { Name: 'Acme', Site: 'North' })
  const ContactId = org.insert('Contact', { LastName: 'Carl', AccountId })
  const deal = { Name: 'Deal', AccountId, StageName: 'Prospecting', CloseDate: '2027-03-01', Amount: 7 }
  const OpportunityId = org.insert('Opportunity', deal)
  const role = org.insert('OpportunityContactRole', {
    OpportunityId,
    ContactId,
    Role: 'User',
    IsPrimary: true,
  })
  const send = async (object: string, id: string): Promise<void> => {
    await mark(db, [{ object, id, priority: PRIORITY.asked }])
    for (let n = 0; n < 3; n++) await round()
  }
  for (const [object, id] of [
    ['Account', AccountId],
    ['Contact', ContactId],
    ['Opportunity', OpportunityId],
    ['OpportunityContactRole', role],
  ] as const)
    await send(object, id)
  const theRole = () => [...marketo.instance.roles.values()][0]?.fields
  t.ok(theRole()?.externalCreatedDate)
  const dropAnswer = (endpoint: string) =>
    marketo.faults.add({
      kind: 'drop',
      when: 'after',
      times: 1,
      match: { endpoint, where: ({ action }) => action !== undefined },
    })

  marketo.instance.lose('roles', [...marketo.instance.roles.keys()][0]!)
  dropAnswer('opportunities/roles.json')
  org.update('OpportunityContactRole', role, { IsPrimary: false })
  await send('OpportunityContactRole', role)
  t.match(theRole(), { isPrimary: false, externalCreatedDate: String })

  marketo.instance.lose('companies', AccountId)
  dropAnswer('companies.json')
  org.update('Account', AccountId, { Site: 'South' })
  await send('Account', AccountId)
  t.match(marketo.instance.findCompany(AccountId)?.fields, { company: 'Acme', site: 'South' })
  t.strictSame(marketo.calls.violations(), [])
})

t.test('a contact that takes over a person whose write is not proven sends everything', async (t) => {
  const { db, org, marketo, round } = await outward(t)
  const AccountId = org.insert('Account', { Name: 'Acme' })
  const lead = org.insert('Lead', { LastName: 'Imported', FirstName: 'Ida', Company: 'X' }, { silent: true })
  const { id } = marketo.instance.createLead({ externalPersonId: lead })
  const ask = (object: string, record: string) => mark(db, [{ object, id: record, priority: PRIORITY.live }])
  await ask('Lead', lead)
  await round()
  // Its owner is in Marketo now; the write is lost on its way.
  marketo.faults.add({
    kind: 'drop',
    when: 'before',
    times: 1,
    match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
  })
  await round()
  t.equal(marketo.instance.leads.get(id)?.fields.firstName ?? null, null)
  t.match(await db.selectFrom('ledger').select('state').where('id', '=', lead).execute(), [
    { state: 'confirmed' },
  ])
  const { contactId } = org.convertLead(lead, { accountId: AccountId })
  await db.deleteFrom('changes').execute()
  await ask('Account', AccountId)
  await ask('Contact', contactId)
  for (let n = 0; n < 3; n++) await round()
  t.match(marketo.instance.leads.get(id)?.fields, {
    externalPersonId: contactId,
    firstName: 'Ida',
    lastName: 'Imported',
  })
})
