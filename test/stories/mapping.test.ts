import t from 'tap'
import { startBridge } from '../fixtures/bridge.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { until } from '../fixtures/until.ts'
import { smallOrg, type SmallOrg } from './fixtures/organisation.ts'
import { skipRests } from './fixtures/words.ts'

const kind = (await databaseKinds()).at(-1)!
t.setTimeout(100_000)

interface Pair {
  marketoField: string
  loss: string | null
}

const row = (object: string, salesforce: string, marketo: string) => ({
  Object__c: object,
  Salesforce_Field__c: salesforce,
  Marketo_Field__c: marketo,
  Active__c: true,
})

t.test('a newly mapped field reaches the persons that are in Marketo already, alone', async (t) => {
  let ids: SmallOrg
  const { salesforce, marketo, api, status, settled, db } = await startBridge(t, {
    kind: kind,
    org: (org) => {
      org.schema.addField('Lead', 'Interests__c multipicklist(4099)')
      org.schema.addField('Lead', 'Due__c datetime')
      ids = smallOrg(org)
      org.update('Lead', ids.lena, { Interests__c: 'Tea;Coffee', Due__c: '2026-11-23T09:15:00.000+0000' })
    },
  })
  skipRests(t, { db })
  await settled(30_000)
  const [lena] = marketo.instance.findLeads('externalPersonId', ids!.lena)
  const before = marketo.calls.last()!.n

  // The fields are made in Marketo after the bridge has described it.
  marketo.instance.addLeadField({ name: 'interests', dataType: 'string', length: 255 })
  marketo.instance.addLeadField({ name: 'dueOn', dataType: 'date' })
  salesforce.org.setCustomMetadata('Marketo_Field_Mapping__mdt', [
    row('Lead', 'Interests__c', 'interests'),
    row('Lead', 'Due__c', 'dueOn'),
    row('Lead', 'Nowhere__c', 'nowhere'),
  ])
  const { body } = await api('/api/mapping/reload', { method: 'POST' })
  t.match(body, { bad: [{ salesforceField: 'Nowhere__c', reason: /no field Lead\.Nowhere__c/ }] })
  const { fields } = (body.objects as { object: string; fields: Pair[] }[]).find(
    ({ object }) => object === 'Lead',
  )!
  const lossOf = (name: string) => fields.find(({ marketoField }) => marketoField === name)?.loss
  t.match(lossOf('dueOn'), /time of day/)
  t.match(lossOf('interests'), /more than 255/)
  t.equal(lossOf('lastName'), null)
  await until('the new fields to arrive', async () => lena!.fields.interests === 'Tea;Coffee', 30_000)
  t.equal(lena!.fields.dueOn, '2026-11-23')
  await settled(30_000)
  const sent = marketo.calls.since(before).filter(({ action }) => action !== undefined)
  t.strictSame(
    sent.map(({ endpoint, records }) => [endpoint, records]),
    [['leads.json', [{ id: lena!.id, interests: 'Tea;Coffee', dueOn: '2026-11-23' }]]],
    'only the new fields of the only lead',
  )
  t.match((await status()).problems, [{ system: 'mapping', code: 'bad-rows', reason: /Nowhere__c/ }])
})

t.test('another filter is held against every record at once; a broken one changes nothing', async (t) => {
  let ids: SmallOrg
  const { salesforce, marketo, api, status, settled, db } = await startBridge(t, {
    kind: kind,
    org: (org) => {
      ids = smallOrg(org)
      org.insert('Lead', { LastName: 'Other', Company: 'X', Title: 'Chief' })
    },
  })
  skipRests(t, { db })
  await settled(30_000)
  const inMarketo = (): boolean => marketo.instance.findLeads('externalPersonId', ids!.lena).length === 1
  const filter = async (text: string): Promise<void> => {
    salesforce.org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Lead', Active__c: true, Filter__c: text },
    ])
    t.equal((await api('/api/mapping/reload', { method: 'POST' })).status, 200, text)
  }
  await filter("Title != 'Engineer'")
  await until('the lead to leave', async () => !inMarketo(), 30_000)
  await filter("Title = 'Engineer'")
  await until('the lead to come back', async () => inMarketo(), 30_000)
  await filter('Title = = ')
  t.match((await status()).problems, [
    { system: 'mapping', code: 'bad-settings', reason: /Lead, filter Title = =/ },
  ])
  salesforce.org.update('Lead', ids!.lena, { City: 'Berlin' })
  await until('the lead to be sent as before', async () =>
    marketo.instance.findLeads('externalPersonId', ids!.lena).some(({ fields }) => fields.city === 'Berlin'),
  )
  for (const endpoint of ['leads/describe2.json', 'companies/describe.json'])
    marketo.faults.add({ kind: 'slow', ms: 30_000, match: { endpoint } })
  // Marketo hangs: what it described before holds.
  await filter("Title = 'Engineer'")
  t.strictSame((await status()).problems, [])
})

t.test('fields that Marketo takes away leave the mapping, and nothing stays refused for them', async (t) => {
  let leads: string[] = []
  const { salesforce, marketo, api, settled, db } = await startBridge(t, {
    kind,
    marketo: { customLeadFields: [{ name: 'interests', dataType: 'string', length: 255 }] },
    org: (org) => {
      smallOrg(org)
      org.schema.addField('Lead', 'Interests__c string(255)')
      org.setCustomMetadata('Marketo_Field_Mapping__mdt', [row('Lead', 'Interests__c', 'interests')])
      leads = org.insert(
        'Lead',
        Array.from({ length: 40 }, (_, n) => ({ LastName: `L${n}`, Company: 'X', Interests__c: 'Tea' })),
      )
    },
  })
  skipRests(t, { db })
  await settled(30_000)
  const edit = (City: string): void => {
    for (const id of leads) salesforce.org.update('Lead', id, { City, Title: City, Interests__c: City })
  }
  const arrived = (city: string): boolean =>
    leads.every((id) => marketo.instance.findLeads('externalPersonId', id)[0]?.fields.city === city)
  const described = (): number => marketo.calls.count('leads/describe2.json')
  const before = described()

  marketo.instance.dropLeadField('interests')
  marketo.instance.dropLeadField('title')
  edit('Rome')
  // One that was on its way with the former mapping waits for the next look, a minute later.
  await until('the edits to arrive', () => arrived('Rome'), 80_000)
  const { problems, parked } = await settled(30_000)
  t.strictSame(parked.Lead, 0)
  t.match(problems, [{ system: 'mapping', code: 'bad-rows', reason: /no field interests on Lead/ }])
  t.ok(described() - before <= 4, 'described a few times, whatever the number of records')

  const refused = marketo.calls.codes()['1006']
  edit('Oslo')
  await until('the next edits to arrive', () => arrived('Oslo'), 30_000)
  t.equal(marketo.calls.codes()['1006'], refused, 'what is gone is not sent any more')
  const { body } = await api('/api/mapping/reload', { method: 'POST' })
  const { fields } = (body.objects as { object: string; fields: Pair[] }[]).find(
    ({ object }) => object === 'Lead',
  )!
  t.notOk(fields.some(({ marketoField }) => ['title', 'interests'].includes(marketoField)))
})

t.test('a field that Marketo lacks is told once, in plain words', async (t) => {
  const { status } = await startBridge(t, { kind, org: smallOrg, marketo: { nonNativeFeature: false } })
  const told = await until('the problem', async () => {
    const { problems } = await status()
    const found = problems.filter(({ reason }) => reason.includes('no field externalPersonId'))
    return found.length > 0 ? found : undefined
  })
  t.match(told, [{ system: 'mapping', code: 'missing:Lead.externalPersonId', advice: /MSI Non-Native/ }])
  t.equal(told.length, 1)
})

for (const [what, fields] of [
  ['no fields at all', []],
  ['only some of its fields', [{ name: 'email', dataType: 'email' }]],
] as const)
  t.test(
    `Marketo describes ${what}, all of a sudden: the former description holds, and that is told`,
    async (t) => {
      let ids: SmallOrg
      const { db, salesforce, marketo, settled, api, status } = await startBridge(t, {
        kind,
        org: (org) => void (ids = smallOrg(org)),
      })
      skipRests(t, { db })
      await settled(30_000)
      const lena = marketo.instance.findLeads('externalPersonId', ids!.lena)[0]!
      const described = marketo.faults.add({
        kind: 'http',
        status: 200,
        contentType: 'application/json',
        body: JSON.stringify({ success: true, result: [{ name: 'API Lead', fields, searchableFields: [] }] }),
        match: { endpoint: 'leads/describe2.json' },
      })
      const { body } = await api('/api/mapping/reload', { method: 'POST' })
      const mapped = (body.objects as { object: string; fields: Pair[] }[]).find(
        ({ object }) => object === 'Lead',
      )
      t.ok(mapped!.fields.some(({ marketoField }) => marketoField === 'title'))
      t.match((await status()).problems, [
        { system: 'marketo', code: 'description', reason: /the former one still holds/, advice: /\w/ },
      ])
      salesforce.org.update('Lead', ids!.lena, { Title: 'Sent all the same' })
      const late = salesforce.org.insert('Lead', { LastName: 'Late', Company: 'X', Title: 'Whole' })
      await until('the edit to arrive', () => lena.fields.title === 'Sent all the same', 30_000)
      await until(
        'the new one to arrive whole',
        () => marketo.instance.findLeads('externalPersonId', late)[0]?.fields.title === 'Whole',
        30_000,
      )
      described.remove()
      await api('/api/mapping/reload', { method: 'POST' })
      t.strictSame((await status()).problems, [])
    },
  )

t.test('a mapping that can not be read anew is told, and the former filter holds meanwhile', async (t) => {
  const { salesforce, api, status, settled } = await startBridge(t, { kind, org: smallOrg })
  await settled(30_000)
  const withheld = salesforce.faults.withhold('Opportunity')
  await api('/api/mapping/reload', { method: 'POST' })
  const told = async () => (await status()).problems.find(({ code }) => code === 'mapping-not-read')
  t.match(await until('the problem', told), {
    system: 'mapping',
    reason: /Opportunity/,
    advice: /permission/i,
  })
  withheld.remove()
  await api('/api/mapping/reload', { method: 'POST' })
  await until('the problem to be over', async () => (await told()) === undefined)
})
