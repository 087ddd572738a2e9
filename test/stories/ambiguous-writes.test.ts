// A write of unknown outcome never duplicates and never overwrites newer values (design §5, rule 8).
import { until } from '../fixtures/until.ts'
import type { Fault } from '../simulators/marketo/index.ts'
import { everyDatabaseTeller } from './fixtures/story.ts'

const { story, onEveryDatabase } = await everyDatabaseTeller()

/** Twice as long as the ambiguous wait of 2 s would be an outage; well within it is a late completion. */
const LATE: Fault = { kind: 'late', seconds: 1.2, answer: 'drop' }

const WAYS: [string, Fault][] = [
  ['the connection breaks and the work is done 1.2 s later', LATE],
  ['a gateway answers 504 and the work is done 1.2 s later', { ...LATE, answer: '504' }],
  ['a proxy answers 202 and the work is done 1.2 s later', { ...LATE, answer: '202' }],
  ['Marketo answers 604 and the work is done 1.2 s later', { ...LATE, answer: '604' }],
  ['the connection breaks after the work', { kind: 'drop', when: 'after' }],
  ['the connection breaks before the work', { kind: 'drop', when: 'before' }],
  ['the answer is cut in the middle', { kind: 'truncated' }],
  ['a page of HTML comes instead, and the work is done', { kind: 'html', executes: true }],
  ['a page of HTML comes instead, and nothing is done', { kind: 'html' }],
]

WAYS.forEach(([way, fault], n) =>
  (n === 0 ? onEveryDatabase : story)(
    `Every first write of each object fails so that ${way}: each record is in Marketo once`,
    {},
    async (t, { org, ids, marketo, inStep, instance, parked }) => {
      for (const endpoint of [
        'salespersons.json',
        'companies.json',
        'leads.json',
        'opportunities.json',
        'opportunities/roles.json',
      ])
        marketo.faults.add({
          ...fault,
          times: 1,
          match: { endpoint, where: ({ action }) => action !== undefined },
        })
      const owner = org.insert('User', {
        LastName: 'New',
        Email: 'new@org.example',
        Username: 'new@org.example',
        IsActive: true,
      })
      const account = org.insert('Account', { Name: 'New', OwnerId: owner })
      const contacts = org.insert(
        'Contact',
        [1, 2, 3].map((nth) => ({ LastName: `New ${nth}`, AccountId: account, OwnerId: owner })),
      )
      const deal = org.insert('Opportunity', {
        Name: 'New deal',
        AccountId: account,
        OwnerId: owner,
        StageName: 'Prospecting',
        CloseDate: '2027-01-01',
      })
      for (const ContactId of contacts)
        org.insert('OpportunityContactRole', { OpportunityId: deal, ContactId, Role: 'Evaluator' })
      org.update('Lead', ids.lena, { Title: 'Changed too' })
      await inStep({ deadlineMs: 40_000 })
      t.match(instance.counts(), {
        salesPersons: 3,
        companies: 2,
        leads: 2 + 3,
        opportunities: 2,
        roles: 1 + 3,
      })
      t.strictSame([...(await parked())], [])
    },
  ),
)

story(
  'What was carried out though its answer was lost is looked up, and not sent again',
  {},
  async (t, { org, ids, marketo, inStep, newCalls }) => {
    marketo.faults.add({ kind: 'drop', when: 'after', times: 1, match: { endpoint: 'leads.json' } })
    org.update('Lead', ids.lena, { Title: 'Sent once' })
    await inStep()
    const about = newCalls().filter(({ endpoint }) => endpoint === 'leads.json')
    t.equal(about.filter(({ records }) => JSON.stringify(records).includes('Sent once')).length, 1)
    t.equal(about.filter(({ method }) => method === 'GET').length, 1)
  },
)

onEveryDatabase(
  'A late completion of an old value never overwrites the newer one',
  { env: { MARKETO_AMBIGUOUS_WAIT_SECONDS: '6' } },
  async (t, { org, ids, marketo, inStep, person, instance }) => {
    // Later than anybody is who does not wait.
    const hit = marketo.faults.add({
      ...LATE,
      seconds: 4,
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Contact', ids.carl, { Title: 'Old' })
    await until('the write to be lost', () => hit.hits === 1)
    org.update('Contact', ids.carl, { Title: 'New' })
    await inStep({ deadlineMs: 25_000 })
    await until('the late work to be done', () =>
      [...marketo.calls].every((call) => call.codes.length > 0 || call.executed),
    )
    await inStep()
    t.equal(person(ids.carl).fields.title, 'New')
    t.equal(instance.leads.size, 2)
  },
)

story(
  'Deletes, merges and releases of unknown outcome are carried out once, and nothing that came back is taken away',
  {},
  async (t, { org, ids, marketo, inStep, person, instance, quiet, reconcile }) => {
    const leads = org.insert(
      'Lead',
      ['One', 'Two'].map((LastName) => ({ LastName, Company: 'X' })),
    )
    await inStep()
    const former = new Map([ids.carl, ...leads].map((id) => [id, person(id).id]))
    for (const endpoint of ['opportunities/roles/delete.json', 'leads/{id}/merge.json', 'leads.json'])
      marketo.faults.add({ ...LATE, times: 1, match: { endpoint, method: 'POST' } })
    org.merge('Lead', leads[0]!, [leads[1]!])
    org.delete('Contact', ids.carl)
    await until('the release to be under way', () => instance.roles.size === 0)
    org.undelete('Contact', ids.carl)
    await quiet(30_000)
    await reconcile()
    await inStep({ former, deadlineMs: 30_000 })
    t.equal(person(ids.carl).id, former.get(ids.carl))
    t.equal(person(leads[0]!).id, former.get(leads[0]!))
    t.match(instance.counts(), { leads: 3, roles: 1 })
  },
)

for (const [lost, answer] of [
  ['a create whose connection breaks', 'drop'],
  ['a create that a proxy answers with 202', '202'],
] as const)
  story(
    `Where persons are created without lookup field, ${lost} is looked up before it is repeated`,
    { marketo: { externalPersonIdLookup: false } },
    async (t, { org, marketo, inStep, instance }) => {
      const fault = marketo.faults.add({
        ...LATE,
        answer,
        match: { endpoint: 'leads.json', action: 'createDuplicate' },
        times: 2,
      })
      org.insert(
        'Lead',
        Array.from({ length: 30 }, (_, n) => ({ LastName: `L${n}`, Company: 'X', Email: `l${n}@x.example` })),
      )
      await inStep({ deadlineMs: 30_000, marketo: { externalPersonIdLookup: false } })
      t.equal(instance.leads.size, 32)
      t.ok(fault.hits > 0)
    },
  )

story(
  'A value that was perhaps sent is cleared when Salesforce has cleared it meanwhile, whatever marketers have changed',
  {},
  async (t, { org, marketo, inStep, instance }) => {
    const fault = marketo.faults.add({
      ...LATE,
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    const id = org.insert('Lead', { LastName: 'Late', Company: 'X', Title: 'Late', City: 'Rome' })
    await until('the write to be lost', () => fault.hits === 1)
    org.update('Lead', id, { Title: null })
    const lead = await until('the late work', () => instance.findLeads('externalPersonId', id)[0])
    // So the look-up does not find what was sent.
    instance.editLead(lead.id, { city: 'Paris' })
    await inStep({ deadlineMs: 20_000 })
    t.match(lead.fields, { title: null, city: 'Rome' })
  },
)

story(
  'Marketo refuses to be asked what became of a write: that is told with advice while all else goes on, and it ends with the trouble',
  {},
  async (t, { org, ids, marketo, inStep, instance, problem }) => {
    const denied = marketo.faults.add({
      kind: 'error',
      code: '603',
      match: { endpoint: 'leads.json', method: 'GET' },
    })
    marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Lead', ids.lena, { Title: 'Not known' })
    const told = await until('it to be told', () => problem('603'))
    t.match(told, { system: 'marketo', reason: /looked up/, advice: /Roles/ })
    org.update('Account', ids.acme, { Website: 'goes-on.example' })
    await until(
      'another record to go on',
      () => instance.findCompany(ids.acme)?.fields.website === 'goes-on.example',
    )
    t.ok(await problem('603'), 'it is told still')
    denied.remove()
    await inStep({ deadlineMs: 30_000 })
    await until('it to be over', async () => (await problem('603')) === undefined)
  },
)
