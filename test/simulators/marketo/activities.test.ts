import t from 'tap'
import { codeOf, startTester } from './tester.ts'
import type { Answered, Tester } from './tester.ts'

const LONG_AGO = '2020-01-01T00:00:00Z'

async function tokenSince({ get }: Tester, sinceDatetime = LONG_AGO) {
  return (await get('activities/pagingtoken.json', { sinceDatetime })).nextPageToken!
}

/** Walks all pages, as a client does. */
async function walk(tester: Tester, path: string, params: Record<string, string>) {
  const pages: Answered[] = []
  let token = params.nextPageToken ?? (await tokenSince(tester))
  do {
    const page = await tester.get(path, { ...params, nextPageToken: token })
    pages.push(page)
    token = page.nextPageToken!
  } while (pages.at(-1)?.moreResult)
  return { pages, all: pages.flatMap((page) => page.result ?? []), token }
}

async function idOf(tester: Tester, name: string) {
  return (await tester.get('activities/types.json')).result?.find((type) => type.name === name)?.id
}

t.test('types are found by name, and their ids differ between instances', async (t) => {
  const usual = await startTester(t)
  t.equal(await idOf(usual, 'Interesting Moment'), 46)
  t.equal(await idOf(usual, 'Change Score'), 22)
  const other = await startTester(t, { interestingMomentTypeId: 41, changeScoreTypeId: 122 })
  t.equal(await idOf(other, 'Interesting Moment'), 41)
  t.equal(await idOf(other, 'Change Score'), 122)
  t.equal(await idOf(other, 'Click Sales Email'), undefined)
})

t.test('a paging token begins at a time, to the second', async (t) => {
  const base = Date.parse('2026-11-23T10:00:00.900Z')
  let now = base
  const tester = await startTester(t, { now: () => now })
  const { instance } = tester.marketo
  const { id } = instance.createLead({})
  instance.interestingMoment(id, { type: 'Web' })
  now += 10_000
  instance.interestingMoment(id, { type: 'Email' })
  const since = async (text: string) => {
    const nextPageToken = await tokenSince(tester, text)
    const { all } = await walk(tester, 'activities.json', { activityTypeIds: '46', nextPageToken })
    return all.map((activity) => activity.primaryAttributeValue)
  }
  t.strictSame(await since('2026-11-23T10:00:00.950Z'), ['Web', 'Email'])
  t.strictSame(await since('2026-11-23T15:00:01+05:00'), ['Email'])
  t.strictSame(await since('2026-11-23T10:00:11Z'), [])
  t.equal(codeOf(await tester.get('activities/pagingtoken.json')), '701')
  for (const sinceDatetime of ['yesterday', '2026-13-01', '1'])
    t.equal(codeOf(await tester.get('activities/pagingtoken.json', { sinceDatetime })), '704')
})

t.test('interesting moments and score changes, with the shapes of the documents', async (t) => {
  const tester = await startTester(t)
  const { instance } = tester.marketo
  const { id } = instance.createLead({ leadScore: 10 })
  instance.interestingMoment(id, { type: 'Web', description: 'Pricing', source: 'Campaign' })
  instance.changeScore(id, { priority: 3, relativeUrgency: 2, relativeScore: 1, leadScore: 25 })
  instance.optOut(id)
  const { all, pages } = await walk(tester, 'activities.json', { activityTypeIds: '22,46' })
  t.equal(pages.length, 1)
  t.match(all, [
    { leadId: id, activityTypeId: 46, primaryAttributeValue: 'Web', marketoGUID: String },
    {
      activityTypeId: 22,
      primaryAttributeValue: 'Person Score',
      attributes: [{ name: 'Change Value', value: '+15' }, { value: 25 }, { value: 10 }, { name: 'Reason' }],
    },
  ])
  t.strictSame(
    all.map((activity) => 'id' in activity),
    [true, false],
    'the old id may be missing',
  )
  t.match(all[0]?.activityDate, /Z$/)
  t.match(all[1]?.activityDate, /\+0000$/)
})

t.test('a walk sees every activity once, over full, short and empty pages', async (t) => {
  const tester = await startTester(t)
  const { instance } = tester.marketo
  const leads = Array.from({ length: 1000 }, () => instance.createLead({}).id)
  for (const id of leads) instance.interestingMoment(id, { type: 'Web' })
  const { pages, all, token } = await walk(tester, 'activities.json', { activityTypeIds: '46' })
  t.strictSame(
    all.map((activity) => activity.leadId),
    leads,
  )
  const sizes = pages.map((page) => page.result?.length ?? 0)
  t.ok(sizes.every((size) => size <= 300))
  t.ok(sizes.slice(0, -1).includes(0), 'an empty page with moreResult')
  t.ok(
    sizes.slice(0, -1).some((size) => size > 0 && size < 300),
    'a short page with moreResult',
  )
  instance.interestingMoment(leads[0]!, { type: 'Email' })
  const later = await walk(tester, 'activities.json', { activityTypeIds: '46', nextPageToken: token })
  t.equal(later.all.length, 1, 'the last token goes on from there')
  tester.marketo.options.shortPages = false
  t.equal((await walk(tester, 'activities.json', { activityTypeIds: '46' })).pages.length, 4)
})

t.test('a filter on leads thins out the pages', async (t) => {
  const tester = await startTester(t, { shortPages: false })
  const { instance } = tester.marketo
  const leads = Array.from({ length: 400 }, () => instance.createLead({}).id)
  for (const id of leads) instance.interestingMoment(id, { type: 'Web' })
  const leadIds = `${leads[0]},${leads[399]}`
  const { pages, all } = await walk(tester, 'activities.json', { activityTypeIds: '46', leadIds })
  t.strictSame([pages.length, all.length], [2, 2])
})

t.test('wrong questions about activities', async (t) => {
  const tester = await startTester(t)
  const nextPageToken = await tokenSince(tester)
  const code = async (params: Record<string, string>, path = 'activities.json') =>
    codeOf(await tester.get(path, params))
  t.equal(await code({ nextPageToken }), '701')
  t.equal(await code({ activityTypeIds: '46' }), '701')
  t.equal(await code({ activityTypeIds: '46', nextPageToken: 'x' }), '1003')
  t.equal(await code({ activityTypeIds: '46', nextPageToken: nextPageToken.replaceAll('=', '') }), '1003')
  t.equal(await code({ activityTypeIds: '999', nextPageToken }), '1001')
  t.equal(await code({ activityTypeIds: '1,2,3,4,5,6,7,8,9,10,11', nextPageToken }), '1003')
  const leadIds = Array.from({ length: 31 }, (_, n) => n + 1).join(',')
  t.equal(await code({ activityTypeIds: '46', nextPageToken, leadIds }), '1003')
  t.equal(await code({ nextPageToken }, 'activities/leadchanges.json'), '701')
  t.equal(await code({ nextPageToken, fields: 'nonsense' }, 'activities/leadchanges.json'), '1006')
})

t.test('changes of fields and new leads', async (t) => {
  const tester = await startTester(t)
  const { post } = tester
  const sync = (record: Record<string, unknown>) =>
    post('leads.json', { lookupField: 'externalPersonId', input: [{ externalPersonId: 'A', ...record }] })
  await sync({ city: 'Rome', title: 'CEO' })
  await sync({ city: 'Paris', title: 'CEO' })
  await sync({ title: 'CFO' })
  await sync({ title: 'CFO' })
  const { all } = await walk(tester, 'activities/leadchanges.json', { fields: 'city' })
  t.match(all, [
    { activityTypeId: 12, fields: [] },
    { activityTypeId: 13, fields: [{ name: 'city', oldValue: 'Rome', newValue: 'Paris' }] },
  ])
  t.equal(all.length, 2)
})

t.test('deleted leads', async (t) => {
  const tester = await startTester(t)
  const { instance } = tester.marketo
  const { id } = instance.createLead({ firstName: 'Ada', lastName: 'Lovelace' })
  instance.deleteLead(id)
  const { all } = await walk(tester, 'activities/deletedleads.json', {})
  t.match(all, [{ leadId: id, activityTypeId: 37, primaryAttributeValue: 'Ada Lovelace' }])
})
