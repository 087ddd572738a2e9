// Persons never duplicate, and adopting one erases nothing (design §5, rules 4, 7 and 8).
import { until } from '../fixtures/until.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg, type SmallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

story(
  'A person that marketers made is adopted by its e-mail; nothing is erased and nobody is opted in',
  {},
  async (t, { org, ids, instance, inStep, person, db }) => {
    const made = instance.createLead({
      email: 'Nora@x.example',
      firstName: 'Eleonora',
      title: 'CEO',
      phone: '+46 8 1',
      unsubscribed: true,
      doNotCall: true,
    })
    const lead = org.insert('Lead', {
      LastName: 'New',
      Company: 'X',
      Email: 'nora@x.example',
      OwnerId: ids.ann,
      HasOptedOutOfEmail: false,
    })
    await inStep({ made: new Set([made.id]) })
    t.equal(person(lead).id, made.id)
    t.match(person(lead).fields, {
      firstName: 'Eleonora',
      lastName: 'New',
      title: 'CEO',
      phone: '+46 8 1',
      unsubscribed: true,
      doNotCall: true,
    })
    const entry = await db.selectFrom('ledger').selectAll().where('id', '=', lead).executeTakeFirst()
    t.match(entry, { state: 'confirmed', adopted: true, marketo_id: String(made.id) })

    org.update('Lead', lead, { Title: 'CTO', Phone: null, HasOptedOutOfEmail: true })
    await inStep({ made: new Set([made.id]) })
    t.match(person(lead).fields, { title: 'CTO', phone: '+46 8 1' }, 'only what had been sent is cleared')
    org.update('Lead', lead, { Title: null, HasOptedOutOfEmail: false })
    await inStep({ made: new Set([made.id]) })
    t.match(person(lead).fields, { title: null, unsubscribed: true }, 'opting in again is their own act')
  },
)

story(
  'Of several records with one e-mail a single one adopts the person; each record is a person of its own',
  {},
  async (t, { org, ids, instance, inStep, person }) => {
    const made = instance.createLead({ email: 'shared@x.example', city: 'Malmö' })
    const twins = [
      instance.createLead({ email: 'twin@x.example' }),
      instance.createLead({ email: 'twin@x.example' }),
    ]
    const taken = instance.createLead({ email: 'taken@x.example', externalPersonId: 'crm-1' })
    const insert = (name: string, Email: string): string =>
      org.insert('Lead', { LastName: name, Company: 'X', Email, OwnerId: ids.ann })
    const leads = ['One', 'Two', 'Three'].map((name) => insert(name, 'shared@x.example'))
    const contact = org.insert('Contact', {
      LastName: 'Four',
      Email: 'shared@x.example',
      AccountId: ids.acme,
    })
    const twin = insert('Twin', 'twin@x.example')
    const other = insert('Taken', 'taken@x.example')
    await inStep({ made: new Set([made, taken, ...twins].map((lead) => lead.id)) })
    const persons = [...leads, contact].map((id) => person(id).id)
    t.equal(new Set(persons).size, 4)
    t.ok(persons.includes(made.id), 'one of them is the adopted person')
    t.equal(instance.leads.get(made.id)?.fields.city, 'Malmö')
    t.notOk(
      twins.some(({ id }) => id === person(twin).id),
      'of two persons none is adopted',
    )
    t.not(person(other).id, taken.id, 'a person with a key of somebody else is not adopted')
    t.equal(instance.leads.size, 2 + 3 + 1 + 2 + 1 + 1 + 1)
  },
)

/** A lead that no event tells of yet, with two persons in Marketo that carry its key. */
const severalPersons = (org: Org) => ({
  ...smallOrg(org),
  sam: org.insert(
    'Lead',
    { LastName: 'Several', Company: 'X', Email: 'sam@x.example', Title: 'One' },
    { bypass: true },
  ),
})

story(
  'Several persons with one key are reported, and sent when somebody has merged them',
  {
    org: severalPersons,
    before: ({ instance }, { org }) => {
      const sam = org.all('Lead').find((row) => row['LastName'] === 'Several')!.Id
      for (const city of ['Lund', 'Umeå']) instance.createLead({ externalPersonId: sam, city })
    },
  },
  async (t, { ids, instance, inStep, person, parked, api, newCalls }) => {
    const refused = (await parked()).get(ids.sam)
    t.match(refused, { object: 'Lead', code: '1007', reason: /1007|persons/, advice: /Merge/ })
    t.equal(instance.findLeads('externalPersonId', ids.sam).length, 2, 'nothing was merged unasked')
    t.strictSame(
      newCalls().filter(({ endpoint }) => endpoint.includes('merge')),
      [],
    )
    const [winner, loser] = instance.findLeads('externalPersonId', ids.sam)
    instance.mergeLeads(winner!.id, [loser!.id])
    await api('/api/parked/retry', { method: 'POST', body: { code: '1007' } })
    await until('the record to be cured', async () => (await parked()).size === 0)
    await inStep({ made: new Set([winner!.id]) })
    t.match(person(ids.sam), { id: winner!.id, fields: { title: 'One', city: 'Lund' } })
  },
)

story(
  'Several persons with one key are merged into the newest where the admin wants it',
  {
    env: { SEVERAL_PERSONS: 'merge' },
    org: severalPersons,
    before: ({ instance, options, faults }, { org }) => {
      const endpoint = 'leads/{id}/merge.json'
      faults.add({ kind: 'late', seconds: 1.2, answer: 'drop', times: 1, match: { endpoint } })
      const sam = org.all('Lead').find((row) => row['LastName'] === 'Several')!.Id
      const now = Date.now()
      for (const [n, city] of ['Lund', 'Umeå', 'Kiruna'].entries()) {
        options.now = () => now - 60_000 + n * 10_000
        instance.createLead({ externalPersonId: sam, city })
      }
      options.now = Date.now
    },
  },
  async (t, { ids, instance, inStep, person, parked, marketo }) => {
    t.strictSame([...(await parked())], [])
    const merges = [...marketo.calls].filter(({ endpoint }) => endpoint === 'leads/{id}/merge.json')
    t.equal(merges.length, 1, 'its outcome was unknown, and it was not sent again')
    await inStep({ made: new Set(instance.findLeads('externalPersonId', ids.sam).map(({ id }) => id)) })
    t.equal(instance.leads.size, 3)
    t.match(person(ids.sam).fields, { title: 'One', city: 'Kiruna' })
  },
)

story(
  'Several persons with one key whose merge Marketo refuses are told after one call, and sent when somebody has merged them',
  {
    env: { SEVERAL_PERSONS: 'merge' },
    impatient: true,
    org: severalPersons,
    before: ({ instance, faults }, { org }) => {
      faults.add({ kind: 'error', code: '1077', match: { endpoint: 'leads/{id}/merge.json' } })
      const sam = org.all('Lead').find((row) => row['LastName'] === 'Several')!.Id
      for (const city of ['Lund', 'Umeå']) instance.createLead({ externalPersonId: sam, city })
    },
  },
  async (t, { ids, instance, inStep, person, parked, api, marketo }) => {
    t.match((await parked()).get(ids.sam), {
      object: 'Lead',
      code: '1077',
      reason: /1077/,
      advice: /Merge People/,
      attempts: 1,
    })
    t.equal(marketo.calls.count('leads/{id}/merge.json'), 1)
    const [winner, loser] = instance.findLeads('externalPersonId', ids.sam)
    instance.mergeLeads(winner!.id, [loser!.id])
    await api('/api/parked/retry', { method: 'POST', body: { ids: [ids.sam] } })
    await until('the record to be cured', async () => (await parked()).size === 0)
    await inStep({ made: new Set([winner!.id]) })
    t.match(person(ids.sam), { id: winner!.id, fields: { title: 'One', city: 'Lund' } })
    t.equal(marketo.calls.count('leads/{id}/merge.json'), 1)
  },
)

story(
  'Where Marketo takes no externalPersonId as lookup field, persons are looked up before they are created',
  {
    marketo: { externalPersonIdLookup: false },
    before: ({ instance }) => void instance.createLead({ email: 'lena@acme.example', city: 'Lund' }),
  },
  async (t, { org, ids, instance, inStep, person, marketo }) => {
    const made = instance.findLeads('email', 'lena@acme.example')[0]!
    const fresh = org.insert('Lead', { LastName: 'Fresh', Company: 'X', Email: 'carl@acme.example' })
    await inStep({ made: new Set([made.id]), marketo: { externalPersonIdLookup: false } })
    t.equal(person(ids.lena).id, made.id, 'adopted')
    t.not(person(fresh).id, person(ids.carl).id, 'the same e-mail is no reason to be the same person')
    org.update('Lead', fresh, { Title: 'Known' })
    await inStep({ made: new Set([made.id]), marketo: { externalPersonIdLookup: false } })
    t.equal(instance.leads.size, 3)
    t.equal(marketo.calls.codes()['1011'], 1, 'it was found out once')
  },
)

story(
  'With MATCH_BY_EMAIL off nobody is adopted',
  { env: { MATCH_BY_EMAIL: 'false' } },
  async (t, { org, instance, inStep, person }) => {
    const made = instance.createLead({ email: 'solo@x.example', city: 'Lund' })
    const lead = org.insert('Lead', { LastName: 'Solo', Company: 'X', Email: 'solo@x.example' })
    await inStep({ made: new Set([made.id]) })
    t.not(person(lead).id, made.id)
  },
)

let before: SmallOrg

story(
  'Beside the person that has the key already, none with the e-mail is adopted: no key is given twice',
  {
    org: (org) => (before = smallOrg(org)),
    before: ({ instance }) => {
      instance.createLead({ email: 'former@x.example', externalPersonId: before.lena })
      instance.createLead({ email: 'lena@acme.example' })
    },
  },
  async (t, { ids, inStep, person, instance }) => {
    await inStep()
    t.equal(person(ids.lena).fields.email, 'lena@acme.example')
    t.equal(instance.leads.size, 3)
  },
)

story(
  'An e-mail that more persons have than Marketo lists adopts nobody, and keeps no other record back',
  {
    before: ({ instance }) => {
      for (let n = 0; n < 1_001; n++) instance.createLead({ email: 'info@crowd.example' })
    },
  },
  async (t, { org, inStep, parked, instance }) => {
    const prospect = instance.createLead({ email: 'alone@x.example' })
    const [alone, crowd] = org.insert(
      'Lead',
      ['alone@x.example', 'info@crowd.example'].map((Email) => ({ LastName: 'L', Company: 'X', Email })),
    )
    await inStep({ deadlineMs: 20_000 })
    t.strictSame([...(await parked())], [])
    const keyOf = (id: string | undefined) =>
      instance.findLeads('externalPersonId', id ?? '').map((lead) => lead.id)
    t.strictSame(keyOf(alone), [prospect.id])
    t.equal(keyOf(crowd).length, 1)
  },
)
