import t from 'tap'
import { codeOf, outcomes, startTester } from './tester.ts'
import type { MarketoOptions } from './index.ts'

const OWNER = '0055e000001AbCdAAK'
const COMPANY = '0015e000001AbCdAAK'
const DEAL = '0065e000001AbCdAAK'

/** A sales person, a company, a lead and an opportunity, and the calls to work on them. */
async function start(t: Parameters<typeof startTester>[0], options: MarketoOptions = {}) {
  const tester = await startTester(t, options)
  const { post, marketo } = tester
  const sync = async (object: string, input: unknown[], more: Record<string, unknown> = {}) =>
    post(`${object}.json`, { input, ...more })
  const one = async (object: string, record: unknown, more: Record<string, unknown> = {}) => {
    const answer = await sync(object, [record], more)
    return outcomes(answer)?.[0] ?? codeOf(answer)
  }
  const remove = async (object: string, record: unknown, more: Record<string, unknown> = {}) =>
    outcomes(await post(`${object}/delete.json`, { input: [record], ...more }))?.[0]
  if (!options.nativeSync) {
    await sync('salespersons', [{ externalSalesPersonId: OWNER, email: 'ann@example.com' }])
    await sync('companies', [{ externalCompanyId: COMPANY, company: 'Acme' }])
    await sync('opportunities', [{ externalOpportunityId: DEAL, name: 'Deal' }])
  }
  const leadId = marketo.instance.createLead({ email: 'a@b.example' }).id
  return { ...tester, sync, one, remove, leadId }
}

t.test('results carry seq, a status and the id of the object', async (t) => {
  const { sync, leadId } = await start(t)
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
  const { one, marketo } = await start(t)
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
  const { sync, marketo } = await start(t)
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
  const { one, get } = await start(t)
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
    const { one } = await start(t)
    t.equal(await one(object, record), code)
  })

t.test('a role needs its opportunity', async (t) => {
  const { one, leadId, marketo } = await start(t)
  t.equal(await one('opportunities/roles', { externalOpportunityId: '006X', leadId, role: 'A' }), '1013')
  t.match(marketo.calls.violations(), [/comes before its opportunity/])
})

t.test('one unknown owner fails a whole call of opportunities with 718', async (t) => {
  const { sync, marketo } = await start(t)
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
  const { one, leadId, marketo } = await start(t)
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
  const { one, post, get } = await start(t, { nativeSync: true })
  for (const object of ['salespersons', 'companies', 'opportunities', 'opportunities/roles']) {
    t.equal(await one(object, { externalCompanyId: 'A' }), '1018')
    t.equal(codeOf(await post(`${object}/delete.json`, { input: [{ externalCompanyId: 'A' }] })), '1018')
  }
  t.equal((await get('companies.json', { filterType: 'externalCompanyId', filterValues: 'A' })).success, true)
})

t.test('what is read: defaults, asked fields, amounts as text, times in one form', async (t) => {
  const { one, get } = await start(t, { now: () => Date.parse('2026-11-23T10:00:00.5Z') })
  await one('opportunities', {
    externalOpportunityId: DEAL,
    amount: 1604.47,
    expectedRevenue: '20',
    probability: 0,
    isClosed: false,
    closeDate: '2026-12-31',
    externalCreatedDate: '2016-02-01T08:30:00.000+0200',
    nextStep: '',
  })
  const by = { filterType: 'dedupeFields', filterValues: DEAL }
  const { result } = await get('opportunities.json', by)
  t.strictSame(Object.keys(result![0]!).sort(), [
    'createdAt',
    'externalOpportunityId',
    'marketoGUID',
    'seq',
    'updatedAt',
  ])
  const fields = 'amount,expectedRevenue,probability,isClosed,closeDate,externalCreatedDate,nextStep,name'
  const { marketoGUID, ...rest } = (await get('opportunities.json', { ...by, fields })).result![0]!
  t.strictSame(rest, {
    seq: 0,
    amount: '1604.47',
    expectedRevenue: '20',
    probability: 0,
    isClosed: false,
    closeDate: '2026-12-31',
    externalCreatedDate: '2016-02-01T06:30:00Z',
    name: 'Deal',
  })
  const byId = { filterType: 'idField', filterValues: String(marketoGUID), fields: 'name' }
  t.match((await get('opportunities.json', byId)).result, [{ name: 'Deal' }])
  t.match((await get('companies.json', { filterType: 'company', filterValues: 'acme' })).result, [
    { seq: 0, id: Number, externalCompanyId: COMPANY, createdAt: '2026-11-23T10:00:00Z' },
  ])
  t.match((await get('salespersons.json', { filterType: 'email', filterValues: 'ann@example.com' })).result, [
    { externalSalesPersonId: OWNER, email: 'ann@example.com', id: Number },
  ])
})

t.test('pages of an object', async (t) => {
  const { sync, get } = await start(t)
  const ids = Array.from({ length: 8 }, (_, n) => `C${n}`)
  await sync(
    'companies',
    ids.map((externalCompanyId) => ({ externalCompanyId })),
  )
  const query = { filterType: 'externalCompanyId', filterValues: ids.join(','), batchSize: '5' }
  const first = await get('companies.json', query)
  t.equal(first.moreResult, true)
  const rest = await get('companies.json', { ...query, nextPageToken: first.nextPageToken! })
  t.strictSame([first.result?.length, rest.result?.length, rest.moreResult], [5, 3, undefined])
})

t.test('filters that are refused fail the call', async (t) => {
  const { get } = await start(t)
  const code = async (path: string, params: Record<string, string>) => codeOf(await get(path, params))
  t.equal(await code('companies.json', { filterType: 'industry', filterValues: 'a' }), '1011')
  t.equal(await code('companies.json', { filterType: 'colour', filterValues: 'a' }), '1006')
  t.equal(await code('companies.json', { filterType: 'id', filterValues: '1', fields: 'colour' }), '1006')
  t.equal(await code('companies.json', { filterValues: '1' }), '701')
  t.equal(await code('companies.json', { filterType: 'id' }), '701')
  t.equal(await code('opportunities/roles.json', { filterType: 'dedupeFields', filterValues: 'a' }), '1003')
  const values = Array.from({ length: 301 }, (_, n) => n).join(',')
  t.equal(await code('companies.json', { filterType: 'id', filterValues: values }), '1003')
})

t.test('roles are found by lead, by opportunity, and by their compound key in a JSON body', async (t) => {
  const { sync, get, post, leadId } = await start(t)
  const role = { externalOpportunityId: DEAL, leadId, role: 'Buyer' }
  await sync('opportunities/roles', [role, { ...role, role: 'User' }])
  const by = async (filterType: string, filterValues: string) =>
    (await get('opportunities/roles.json', { filterType, filterValues })).result?.length
  t.equal(await by('leadId', String(leadId)), 2)
  t.equal(await by('externalOpportunityId', DEAL), 2)
  const body = {
    filterType: 'dedupeFields',
    fields: ['marketoGuid', 'role'],
    input: [role, { ...role, role: 'None' }],
  }
  const found = await post('opportunities/roles.json?_method=GET', body)
  t.match(found.result, [{ seq: 0, role: 'Buyer', marketoGUID: String }])
  t.equal(found.result?.length, 1)
})

t.test('deletes by key or id; what is gone is 1013', async (t) => {
  const { remove, post, sync, marketo, leadId } = await start(t)
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), 'deleted')
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), '1013')
  const { id } = marketo.instance.findSalesPerson(OWNER)!
  t.equal(await remove('salespersons', { id }, { deleteBy: 'idField' }), 'deleted')
  t.equal(await remove('salespersons', {}), '1002')
  t.equal(await remove('salespersons', { colour: 1 }), '1006')
  t.equal(codeOf(await post('salespersons/delete.json', { input: [{ id }], deleteBy: 'email' })), '1003')
  const role = { externalOpportunityId: DEAL, leadId, role: 'Buyer' }
  await sync('opportunities/roles', [role])
  t.equal(await remove('opportunities/roles', role), 'deleted')
  t.equal(marketo.instance.roles.size, 0)
})

t.test('what is in use stays, with 1022', async (t) => {
  const { remove, sync, marketo, leadId } = await start(t)
  const { editLead } = marketo.instance
  editLead(leadId, { externalSalesPersonId: OWNER, externalCompanyId: COMPANY })
  t.equal(await remove('salespersons', { externalSalesPersonId: OWNER }), '1022')
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), '1022')
  const role = { externalOpportunityId: DEAL, leadId, role: 'Buyer' }
  await sync('opportunities/roles', [role])
  t.equal(await remove('opportunities', { externalOpportunityId: DEAL }), '1022')
  await remove('opportunities/roles', role)
  t.equal(await remove('opportunities', { externalOpportunityId: DEAL }), 'deleted')
  marketo.instance.deleteLead(leadId)
  t.equal(await remove('companies', { externalCompanyId: COMPANY }), 'deleted')
  t.equal(await remove('salespersons', { externalSalesPersonId: OWNER }), 'deleted')
})

t.test('the sales person of a deleted company can not be deleted', async (t) => {
  const { remove, one } = await start(t)
  await one('companies', { externalCompanyId: COMPANY, externalSalesPersonId: OWNER })
  await remove('companies', { externalCompanyId: COMPANY })
  t.equal(await remove('salespersons', { externalSalesPersonId: OWNER }), '1022')
})

t.test('more than 300 records are refused as a whole', async (t) => {
  const { sync, post } = await start(t)
  const records = Array.from({ length: 301 }, (_, n) => ({ externalCompanyId: `C${n}` }))
  t.equal(codeOf(await sync('companies', records)), '1003')
  t.equal(codeOf(await post('companies/delete.json', { input: records })), '1003')
})
