import t from 'tap'
import { startTester } from './tester.ts'

const VALUES = 'priority,urgency,relativeUrgency,relativeScore'

t.test('scores and moments show in the fields that MSI reads back', async (t) => {
  const { get, marketo } = await startTester(t)
  const { id } = marketo.instance.createLead({ externalPersonId: '00QA' })
  marketo.instance.changeScore(id, { priority: 7, relativeUrgency: 0, relativeScore: 3 })
  marketo.instance.interestingMoment(id, { type: 'Milestone', description: 'Line\nbreak 😀', source: 'Form' })
  const fields = `${VALUES},msiLastInterestingMomentType,msiLastInterestingMomentDesc,msiLastInterestingMomentSource`
  t.strictSame((await get(`lead/${id}.json`, { fields })).result, [
    {
      id,
      priority: 7,
      urgency: 4.25,
      relativeUrgency: 0,
      relativeScore: 3,
      msiLastInterestingMomentType: 'Milestone',
      msiLastInterestingMomentDesc: 'Line\nbreak 😀',
      msiLastInterestingMomentSource: 'Form',
    },
  ])
})

t.test('an instance with other names keeps the values under those', async (t) => {
  const { get, marketo } = await startTester(t, {
    scoreFieldName: 'relativeScoring',
    urgencyFieldName: 'urgency',
  })
  const { id } = marketo.instance.createLead({})
  marketo.instance.changeScore(id, { relativeUrgency: 2, relativeScore: 3 })
  t.strictSame((await get(`lead/${id}.json`, { fields: 'urgency,relativeScoring' })).result, [
    { id, urgency: 2, relativeScoring: 3 },
  ])
})

t.test('the nightly ranking changes tiers and leaves no trace', async (t) => {
  let now = Date.parse('2026-11-23T10:00:00Z')
  const { marketo } = await startTester(t, { now: () => (now += 1000) })
  const { instance } = marketo
  const leads = Array.from({ length: 8 }, () => instance.createLead({}))
  const before = leads.map((lead) => lead.updatedAt)
  const activities = instance.counts().activities
  instance.rankNightly()
  const first = leads.map((lead) => lead.fields.relativeUrgency)
  instance.rankNightly()
  t.ok(leads.every((lead, nth) => lead.fields.relativeUrgency !== first[nth]))
  t.ok(leads.every((lead) => [0, 1, 2, 3].includes(Number(lead.fields.relativeScore))))
  t.strictSame(
    leads.map((lead) => lead.updatedAt),
    before,
  )
  t.equal(instance.counts().activities, activities)
  instance.rankNightly((lead) => (lead === leads[0] ? { relativeScore: 0 } : undefined))
  t.equal(leads[0]?.fields.relativeScore, 0)
})

t.test('people opt out, leave the sync, are edited, merged and deleted', async (t) => {
  const { marketo } = await startTester(t)
  const { instance } = marketo
  const { id } = instance.createLead({ externalPersonId: '00QA', email: 'a@b.example' })
  instance.optOut(id)
  instance.editLead(id, { email: 'new@b.example' })
  t.match(instance.findLeads('email', 'NEW@b.example')[0]?.fields, { unsubscribed: true })
  t.strictSame(instance.findLeads('email', 'a@b.example'), [])
  instance.makeNonMember(id)
  t.strictSame(instance.findLeads('externalPersonId', '00QA'), [])
  const other = instance.createLead({ city: 'Rome' })
  instance.mergeLeads(id, [other.id])
  t.equal(instance.findLeads('id', id)[0]?.fields.city, 'Rome')
  instance.deleteLead(id)
  t.match(instance.counts(), { leads: 0 })
  t.throws(() => instance.deleteLead(id), { message: `Marketo simulator: there is no lead ${id}` })
  t.throws(() => instance.lose('companies', '001X'), { message: /there is no Company 001X/ })
})

t.test('a field that an admin takes away is neither described nor taken nor read', async (t) => {
  const { get, post, marketo } = await startTester(t)
  const { id } = marketo.instance.createLead({ title: 'Gone' })
  marketo.instance.dropLeadField('title')
  const [described] = (await get('leads/describe2.json')).result as [{ fields: { name: string }[] }]
  t.notOk(described.fields.some(({ name }) => name === 'title'))
  t.match(await get(`lead/${id}.json`, { fields: 'title' }), { success: false, errors: [{ code: '1006' }] })
  t.match(
    await post('leads.json', { action: 'updateOnly', lookupField: 'id', input: [{ id, title: 'Back' }] }),
    {
      result: [{ status: 'skipped', reasons: [{ code: '1006' }] }],
    },
  )
})
