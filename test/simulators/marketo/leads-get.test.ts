import t from 'tap'
import { codeOf, startTester } from './tester.ts'

t.test('a filter finds leads by id, e-mail, external or custom key', async (t) => {
  const { get, marketo } = await startTester(t)
  const { id } = marketo.instance.createLead({
    email: 'Ada@Example.com',
    externalPersonId: '00QA',
    leadCompanyName: 'Acme',
  })
  marketo.instance.createLead({ email: 'bob@example.com' })
  const found = async (filterType: string, filterValues: string) =>
    (await get('leads.json', { filterType, filterValues })).result?.map((lead) => lead.id)
  t.strictSame(await found('id', `${id},999`), [id])
  t.strictSame(await found('email', 'ada@example.com'), [id])
  t.strictSame(await found('externalPersonId', '00qa, 00qa'), [id], 'once, without case')
  t.strictSame(await found('leadCompanyName', 'acme'), [id])
  t.strictSame(await found('email', 'nobody@example.com'), [])
  t.equal((await found('leadPartitionId', '1'))?.length, 2)
})

t.test('default fields, asked fields, and nulls left out', async (t) => {
  const { get, marketo } = await startTester(t, { now: () => Date.parse('2026-11-23T10:00:00.789Z') })
  const { id } = marketo.instance.createLead({ email: 'a@b.example', title: null, leadScore: 0 })
  const by = { filterType: 'id', filterValues: String(id) }
  t.strictSame((await get('leads.json', by)).result, [
    { id, email: 'a@b.example', updatedAt: '2026-11-23T10:00:00Z', createdAt: '2026-11-23T10:00:00Z' },
  ])
  t.strictSame((await get('leads.json', { ...by, fields: 'title,leadScore,email' })).result, [
    { id, leadScore: 0, email: 'a@b.example' },
  ])
})

t.test('an unknown or unsupported filter, an unknown field, blanks: the whole call fails', async (t) => {
  const { get } = await startTester(t)
  const code = async (params: Record<string, string>) => codeOf(await get('leads.json', params))
  t.equal(await code({ filterType: 'userId', filterValues: '1' }), '1006')
  t.equal(await code({ filterType: 'createdAt', filterValues: '1' }), '1011')
  t.equal(await code({ filterType: 'email', filterValues: 'a', fields: 'email,relativeScoring' }), '1006')
  t.equal(await code({ filterType: 'email' }), '701')
  t.equal(await code({ filterValues: 'a' }), '701')
  t.equal(await code({ filterType: 'email', filterValues: 'a', batchSize: 'x' }), '1001')
  t.equal(await code({ filterType: 'email', filterValues: 'a', nextPageToken: 'x' }), '1003')
  const values = Array.from({ length: 301 }, (_, n) => n).join(',')
  t.equal(await code({ filterType: 'id', filterValues: values }), '1003')
})

t.test('more than 1,000 matches are too many', async (t) => {
  const { get, marketo } = await startTester(t)
  for (let n = 0; n < 1001; n += 1) marketo.instance.createLead({ email: 'shared@example.com' })
  const answer = await get('leads.json', { filterType: 'email', filterValues: 'shared@example.com' })
  t.match(answer.errors, [{ code: '1003', message: 'Too many results match the filter' }])
})

t.test('a page has at most 300 leads, and the token leads to the rest', async (t) => {
  const { get, marketo } = await startTester(t)
  for (let n = 0; n < 650; n += 1) marketo.instance.createLead({ email: 'shared@example.com' })
  const by = { filterType: 'email', filterValues: 'shared@example.com', batchSize: '1000' }
  const seen = new Set<unknown>()
  const sizes: number[] = []
  let token: string | undefined
  do {
    const page = await get('leads.json', { ...by, ...(token ? { nextPageToken: token } : {}) })
    for (const lead of page.result ?? []) seen.add(lead.id)
    sizes.push(page.result?.length ?? 0)
    t.equal(page.moreResult, page.nextPageToken === undefined ? undefined : true)
    token = page.nextPageToken
  } while (token)
  t.strictSame(sizes, [300, 300, 50])
  t.equal(seen.size, 650)
  const first = await get('leads.json', { ...by, batchSize: '5' })
  t.equal(first.result?.length, 5)
  const other = {
    filterType: 'email',
    filterValues: 'other@example.com',
    nextPageToken: first.nextPageToken!,
  }
  t.equal(codeOf(await get('leads.json', other)), '1003', 'a token belongs to its filter')
})

t.test('one lead by id', async (t) => {
  const { get, marketo } = await startTester(t)
  const { id } = marketo.instance.createLead({ email: 'a@b.example', city: 'Rome' })
  t.match((await get(`lead/${id}.json`)).result, [{ id, email: 'a@b.example' }])
  t.strictSame((await get(`lead/${id}.json`, { fields: 'city' })).result, [{ id, city: 'Rome' }])
  t.equal(codeOf(await get('lead/7.json')), '1004')
  t.equal(codeOf(await get(`lead/${id}.json`, { fields: 'nonsense' })), '1006')
})

t.test('a lead shows the values of its company', async (t) => {
  const { get, post, marketo } = await startTester(t)
  await post('companies.json', { input: [{ externalCompanyId: '001A', company: 'Acme', industry: 'Steel' }] })
  const { id } = marketo.instance.createLead({ externalCompanyId: '001A', company: 'Own' })
  const free = marketo.instance.createLead({ company: 'Own' })
  t.strictSame((await get(`lead/${id}.json`, { fields: 'company,industry' })).result, [
    { id, company: 'Acme', industry: 'Steel' },
  ])
  t.strictSame((await get(`lead/${free.id}.json`, { fields: 'company' })).result, [
    { id: free.id, company: 'Own' },
  ])
})

t.test('a plus in an e-mail has to be encoded', async (t) => {
  const { send, marketo } = await startTester(t)
  marketo.instance.createLead({ email: 'a+b@example.com' })
  const count = async (value: string) => {
    const body = (await (await send(`leads.json?filterType=email&filterValues=${value}`)).json()) as {
      result: []
    }
    return body.result.length
  }
  t.equal(await count('a+b@example.com'), 0)
  t.equal(await count('a%2Bb@example.com'), 1)
})

t.test('the last interesting moment comes in all forms of dates', async (t) => {
  const { get, marketo } = await startTester(t)
  const ids = [0, 1, 2].map(() => marketo.instance.createLead({}).id)
  const date = new Date('2026-11-23T10:00:00Z')
  for (const id of ids) marketo.instance.interestingMoment(id, { type: 'Web', date })
  const raw = marketo.instance.createLead({}).id
  marketo.instance.interestingMoment(raw, { type: 'Web', date: '2026-11-23T10:00:00Z+0000' })
  const fields = 'msiLastInterestingMomentDate'
  const filterValues = [...ids, raw].join(',')
  const { result } = await get('leads.json', { filterType: 'id', filterValues, fields })
  t.strictSame(result?.map((lead) => lead.msiLastInterestingMomentDate).sort(), [
    '2026-11-23T02:00:00-08:00',
    '2026-11-23T10:00:00+0000',
    '2026-11-23T10:00:00Z',
    '2026-11-23T10:00:00Z+0000',
  ])
})
