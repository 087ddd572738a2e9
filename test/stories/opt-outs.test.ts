// Nobody who opted out in Marketo is ever opted in by us, also not by a merge: Marketo keeps the winner's value, and "no" is a value.
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

const withTwins = (org: Org) => ({
  ...smallOrg(org),
  twins: org.insert(
    'Contact',
    ['One', 'Other'].map((LastName) => ({ LastName, Email: `${LastName}@twins.example` })),
  ) as [string, string],
})

const IN = { unsubscribed: false, doNotCall: false }
const OUT = { unsubscribed: true, doNotCall: true }

story(
  'Whoever opted out in Marketo stays so when merged in Salesforce, or converted into somebody who did not',
  { org: withTwins },
  async (t, { org, ids, instance, person, inStep, newCalls }) => {
    const [one, other] = ids.twins
    const former = new Map([one, other, ids.lena, ids.carl].map((id) => [id, person(id).id]))
    for (const id of [one, ids.carl]) instance.editLead(former.get(id)!, IN)
    instance.editLead(former.get(other)!, { ...IN, unsubscribed: true })
    instance.editLead(former.get(ids.lena)!, { ...IN, doNotCall: true })
    newCalls()
    org.merge('Contact', one, [other])
    org.convertLead(ids.lena, { contactId: ids.carl })
    await inStep({ former })
    t.match(person(one).fields, { ...IN, unsubscribed: true })
    t.match(person(ids.carl).fields, { ...IN, doNotCall: true })
    t.equal(newCalls().filter(({ endpoint }) => endpoint === 'leads/{id}/merge.json').length, 2)
  },
)

story(
  'Whoever opted out in Marketo stays so when several persons with one key are merged',
  { env: { SEVERAL_PERSONS: 'merge' } },
  async (t, { org, ids, instance, person, inStep }) => {
    const lead = org.insert('Lead', { LastName: 'Twice', Company: 'X', OwnerId: ids.ann }, { silent: true })
    for (const values of [IN, OUT]) instance.createLead({ externalPersonId: lead, ...values })
    org.update('Lead', lead, { Title: 'Known' })
    await inStep()
    t.match(person(lead).fields, OUT)
  },
)

story(
  'A merge waits as long as nobody knows who opted out',
  { org: withTwins, impatient: true },
  async (t, { org, ids, instance, marketo, person, inStep }) => {
    const [one, other] = ids.twins
    const former = new Map([one, other].map((id) => [id, person(id).id]))
    instance.editLead(former.get(one)!, IN)
    instance.editLead(former.get(other)!, OUT)
    const down = [
      marketo.faults.add({
        kind: 'http',
        status: 503,
        times: 1,
        match: { endpoint: 'leads.json', method: 'GET' },
      }),
      marketo.faults.add({
        kind: 'error',
        code: '1006',
        times: 1,
        match: { endpoint: 'leads.json', method: 'GET' },
      }),
      marketo.faults.add({ kind: 'drop', when: 'after', times: 1, match: { action: 'updateOnly' } }),
    ]
    org.merge('Contact', one, [other])
    await inStep({ former, deadlineMs: 40_000 })
    t.match(person(one).fields, OUT)
    t.strictSame(
      down.map(({ hits }) => hits),
      [1, 1, 1],
    )
  },
)

story(
  'Where Marketo has lost one of the opt-outs, new persons come and merges tell of the other',
  { org: withTwins, impatient: true },
  async (t, { org, ids, instance, person, inStep, newCalls }) => {
    const [one, other] = ids.twins
    const former = new Map([one, other].map((id) => [id, person(id).id]))
    instance.editLead(former.get(one)!, IN)
    instance.editLead(former.get(other)!, OUT)
    instance.dropLeadField('doNotCall')
    newCalls()
    const late = org.insert('Lead', { LastName: 'Late', Company: 'X', Email: 'late@x.example' })
    org.merge('Contact', one, [other])
    await inStep({ former, deadlineMs: 30_000 })
    t.ok(person(late))
    t.equal(person(one).fields.unsubscribed, true)
  },
)
