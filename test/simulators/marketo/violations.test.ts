import t from 'tap'
import { startTester } from './tester.ts'

t.test('a client that behaves has no violations', async (t) => {
  const { post, marketo } = await startTester(t)
  await post('salespersons.json', { input: [{ externalSalesPersonId: '005A' }] })
  await post('companies.json', { input: [{ externalCompanyId: '001A', externalSalesPersonId: '005A' }] })
  const lead = { externalPersonId: '003A', externalSalesPersonId: '005A', externalCompanyId: '001A' }
  await post('leads.json', { lookupField: 'externalPersonId', input: [lead] })
  const [{ id } = { id: 0 }] = marketo.instance.findLeads('externalPersonId', '003A')
  await post('leads.json', { action: 'updateOnly', lookupField: 'id', input: [{ id, unsubscribed: true }] })
  await post('opportunities.json', {
    input: [{ externalOpportunityId: '006A', name: 'A', externalCompanyId: '001A' }],
  })
  await post('opportunities/roles.json', {
    input: [{ externalOpportunityId: '006A', leadId: id, role: 'Other' }],
  })
  t.strictSame(marketo.calls.violations(), [])
})

const NEVER: [string, Record<string, unknown>, RegExp][] = [
  ['unsubscribed: false', { email: 'a@b.example', unsubscribed: false }, /unsubscribed: false/],
  ['doNotCall: false', { email: 'a@b.example', doNotCall: false }, /doNotCall: false/],
  ['a company field', { email: 'a@b.example', company: 'Acme' }, /company field company/],
  ['an id with a create', { email: 'a@b.example', id: 1 }, /with an id and createOrUpdate/],
  ['an unknown sales person', { email: 'a@b.example', externalSalesPersonId: '005X' }, /sales person 005X/],
  ['an unknown company', { email: 'a@b.example', externalCompanyId: '001X' }, /company 001X/],
]
for (const [title, record, sentence] of NEVER)
  t.test(`${title} sent with a lead is a violation`, async (t) => {
    const { post, marketo } = await startTester(t)
    await post('leads.json', { input: [record] })
    t.match(marketo.calls.violations(), [sentence])
    t.equal(marketo.calls.violations().length, 1)
    marketo.calls.clear()
    t.strictSame(marketo.calls.violations(), [])
  })

t.test('one lead named in two ways is noticed', async (t) => {
  const { post, marketo } = await startTester(t)
  const { id } = marketo.instance.createLead({ email: 'a@b.example', externalPersonId: '00QA' })
  const body = { action: 'updateOnly', lookupField: 'id' }
  await post('leads.json', {
    ...body,
    input: [
      { id, externalPersonId: '00QB' },
      { id, city: 'Rome' },
    ],
  })
  t.match(marketo.calls.violations(), [new RegExp(`lead id ${id} is twice in one call`)])
  marketo.calls.clear()
  marketo.options.latencyMs = 200
  await Promise.all([
    post('leads.json', { input: [{ email: 'a@b.example' }] }),
    post('leads/delete.json', { input: [{ id }] }),
  ])
  t.match(marketo.calls.violations(), [new RegExp(`lead id ${id} is in two calls at once`)])
})

t.test('a row of an object named by key and by id at once is noticed', async (t) => {
  const { post, marketo } = await startTester(t)
  await post('companies.json', { input: [{ externalCompanyId: '001A' }] })
  const { id } = marketo.instance.findCompany('001A')!
  marketo.options.latencyMs = 200
  await Promise.all([
    post('companies.json', { input: [{ externalCompanyId: '001A' }] }),
    post('companies.json', { action: 'updateOnly', dedupeBy: 'idField', input: [{ id }] }),
  ])
  t.match(marketo.calls.violations(), [/Company 001A is in two calls at once/])
})

t.test('a merge and a write of the same lead at once are noticed', async (t) => {
  const { post, marketo } = await startTester(t)
  const [a, b] = [marketo.instance.createLead({}).id, marketo.instance.createLead({}).id]
  marketo.options.latencyMs = 200
  await Promise.all([
    post(`leads/${a}/merge.json?leadId=${b}`),
    post('leads.json', { action: 'updateOnly', lookupField: 'id', input: [{ id: b, city: 'Rome' }] }),
  ])
  t.match(marketo.calls.violations(), [new RegExp(`lead id ${b} is in two calls at once`)])
})
