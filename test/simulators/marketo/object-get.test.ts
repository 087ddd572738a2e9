import t from 'tap'
import { COMPANY, DEAL, OWNER, startWithObjects } from './object-tester.ts'
import { codeOf } from './tester.ts'

t.test('what is read: defaults, asked fields, amounts as text, times in one form', async (t) => {
  const { one, get } = await startWithObjects(t, { now: () => Date.parse('2026-11-23T10:00:00.5Z') })
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
  const { sync, get } = await startWithObjects(t)
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
  const { get } = await startWithObjects(t)
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
  const { sync, get, post, leadId } = await startWithObjects(t)
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
