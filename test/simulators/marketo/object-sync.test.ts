import t from 'tap'
import { COMPANY, DEAL, OWNER, startWithObjects } from './object-tester.ts'
import { codeOf, outcomes } from './tester.ts'

t.test('results carry seq, a status and the id of the object', async (t) => {
  const { sync, leadId } = await startWithObjects(t)
  t.match(
    (await sync('salespersons', [{ externalSalesPersonId: OWNER }, { externalSalesPersonId: '005B' }]))
      .result,
    [
      { seq: 0, status: 'updated', id: Number },
      { seq: 1, status: 'created', id: Number },
    ],
  )
  t.match((await sync('companies', [{ externalCompanyId: '001B' }])).result, [
    { seq: 0, status: 'created', id: Number },
  ])
  const guid = { seq: 0, status: 'created', marketoGUID: /^[0-9a-f-]{36}$/ }
  t.match((await sync('opportunities', [{ externalOpportunityId: '006B', name: 'B' }])).result, [guid])
  const role = { externalOpportunityId: DEAL, leadId, role: 'Buyer', isPrimary: true }
  t.match((await sync('opportunities/roles', [role])).result, [guid])
  t.match((await sync('opportunities/roles', [role])).result, [{ status: 'updated' }])
})

t.test('actions and dedupeBy', async (t) => {
  const { one, marketo } = await startWithObjects(t)
  const { id } = marketo.instance.findCompany(COMPANY)!
  t.equal(await one('companies', { externalCompanyId: 'new' }, { action: 'updateOnly' }), '1013')
  t.equal(await one('companies', { externalCompanyId: COMPANY }, { action: 'createOnly' }), '1017')
  t.equal(await one('companies', { externalCompanyId: 'new' }, { action: 'createOnly' }), 'created')
  t.equal(await one('companies', {}), '1002')
  t.equal(await one('companies', { externalCompanyId: '' }), '1002')
  t.equal(
    await one('companies', { id, externalCompanyId: COMPANY }),
    '1003',
    'the id is no key for an upsert',
  )
  const byId = { dedupeBy: 'idField', action: 'updateOnly' }
  t.equal(await one('companies', { id, company: 'Renamed' }, byId), 'updated')
  t.equal(await one('companies', { id: 7, company: 'Nobody' }, byId), '1013')
  t.equal(await one('companies', { company: 'Nobody' }, byId), '1002')
  t.equal(await one('companies', { id }, { dedupeBy: 'idField' }), '1003')
  t.equal(await one('companies', { id }, { dedupeBy: 'email' }), '1003')
  t.equal(await one('companies', { id }, { action: 'upsert' }), '1003')
  t.equal(await one('companies', { id, externalCompanyId: 'other' }, byId), 'updated', 'its key stays')
  t.match(marketo.instance.findCompany(COMPANY), { id, fields: { company: 'Renamed' } })
})

t.test('the same key twice in one batch is 1036, whatever its case', async (t) => {
  const { sync, marketo } = await startWithObjects(t)
  const answer = await sync('companies', [
    { externalCompanyId: 'A' },
    { externalCompanyId: 'a' },
    { externalCompanyId: 'B' },
  ])
  t.strictSame(outcomes(answer), ['created', '1036', 'created'])
  await sync('companies', [{ externalCompanyId: 'A' }, { externalCompanyId: 'A' }])
  t.match(marketo.calls.violations(), [/Company A is twice in one call/])
})

t.test('field names are found without case, as in samples of Adobe', async (t) => {
  const { one, get } = await startWithObjects(t)
  t.equal(await one('opportunities', { externalopportunityid: '006C', NAME: 'Deal C' }), 'created')
  const query = { filterType: 'ExternalOpportunityId', filterValues: '006C', fields: 'Name' }
  t.match((await get('opportunities.json', query)).result, [{ seq: 0, name: 'Deal C' }])
})

const REFUSED: [string, string, Record<string, unknown>, string][] = [
  ['an unknown field', 'companies', { externalCompanyId: 'A', colour: 1 }, '1006'],
  ['a long key', 'opportunities', { externalOpportunityId: 'x'.repeat(51), name: 'A' }, '1077'],
  ['a long text', 'companies', { externalCompanyId: 'A', company: 'x'.repeat(256) }, '1077'],
  ['a text for a number', 'companies', { externalCompanyId: 'A', numberOfEmployees: 'many' }, '1001'],
  ['a time of the system', 'companies', { externalCompanyId: 'A', createdAt: '2026-01-01' }, '1003'],
  [
    'an unknown owner of a company',
    'companies',
    { externalCompanyId: 'A', externalSalesPersonId: '005X' },
    '1013',
  ],
  ['an opportunity without name', 'opportunities', { externalOpportunityId: 'A' }, '1002'],
  [
    'an opportunity that loses its name',
    'opportunities',
    { externalOpportunityId: DEAL, name: null },
    '1002',
  ],
  [
    'an unknown company',
    'opportunities',
    { externalOpportunityId: 'A', name: 'A', externalCompanyId: 'X' },
    '1013',
  ],
  [
    'a close date that is none',
    'opportunities',
    { externalOpportunityId: 'A', name: 'A', closeDate: 'soon' },
    '1001',
  ],
  [
    'a role without its name',
    'opportunities/roles',
    { externalOpportunityId: DEAL, leadId: 1, role: '' },
    '1002',
  ],
  [
    'a role without its lead',
    'opportunities/roles',
    { externalOpportunityId: DEAL, leadId: 1, role: 'A' },
    '1004',
  ],
]
for (const [title, object, record, code] of REFUSED)
  t.test(`${title} is refused with ${code}`, async (t) => {
    const { one } = await startWithObjects(t)
    t.equal(await one(object, record), code)
  })

t.test('a role needs its opportunity', async (t) => {
  const { one, leadId, marketo } = await startWithObjects(t)
  t.equal(await one('opportunities/roles', { externalOpportunityId: '006X', leadId, role: 'A' }), '1013')
  t.match(marketo.calls.violations(), [/comes before its opportunity/])
})

t.test('one unknown owner fails a whole call of opportunities with 718', async (t) => {
  const { sync, marketo } = await startWithObjects(t)
  const answer = await sync('opportunities', [
    { externalOpportunityId: 'A', name: 'A', externalSalesPersonId: OWNER },
    { externalOpportunityId: 'B', name: 'B', externalSalesPersonId: '005X' },
  ])
  t.equal(codeOf(answer), '718')
  t.equal(marketo.instance.opportunities.size, 1, 'nothing is executed')
  t.equal(marketo.calls.last()?.executed, false)
  t.match(marketo.calls.violations(), [/names the sales person 005X, who does not exist/])
})

t.test('a parent that Marketo lost is refused, but is no violation', async (t) => {
  const { one, leadId, marketo } = await startWithObjects(t)
  marketo.instance.lose('salesPersons', OWNER)
  marketo.instance.lose('opportunities', DEAL)
  marketo.instance.deleteLead(leadId)
  t.equal(
    await one('opportunities', { externalOpportunityId: 'A', name: 'A', externalSalesPersonId: OWNER }),
    '718',
  )
  t.equal(await one('opportunities/roles', { externalOpportunityId: DEAL, leadId, role: 'A' }), '1004')
  t.strictSame(marketo.calls.violations(), [])
})

t.test('native sync makes the four objects read-only with 1018', async (t) => {
  const { one, post, get } = await startWithObjects(t, { nativeSync: true })
  for (const object of ['salespersons', 'companies', 'opportunities', 'opportunities/roles']) {
    t.equal(await one(object, { externalCompanyId: 'A' }), '1018')
    t.equal(codeOf(await post(`${object}/delete.json`, { input: [{ externalCompanyId: 'A' }] })), '1018')
  }
  t.equal((await get('companies.json', { filterType: 'externalCompanyId', filterValues: 'A' })).success, true)
})

t.test('more than 300 records are refused as a whole', async (t) => {
  const { sync, post } = await startWithObjects(t)
  const records = Array.from({ length: 301 }, (_, n) => ({ externalCompanyId: `C${n}` }))
  t.equal(codeOf(await sync('companies', records)), '1003')
  t.equal(codeOf(await post('companies/delete.json', { input: records })), '1003')
})
