// A marketer merges two persons of ours, and Marketo takes the loser's opportunity roles to the winner, under other keys. None stays behind
// there without a contact role that stands for it.
import type { Org } from '../simulators/salesforce/org.ts'
import { until } from '../fixtures/until.ts'
import { smallOrg, type SmallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

const ROLE = 'Decision Maker'
/** The sweep that misses the loser comes a few seconds after whatever is done at once. */
const env = { INSIGHTS_EVERY_MINUTES: '0.01', INSIGHTS_SWEEP_EVERY_HOURS: '0.001' }

const withMore = (org: Org) => {
  const small = smallOrg(org)
  const { ann, acme, deal } = small
  const [dora, emil] = org.insert(
    'Contact',
    ['Dora', 'Emil'].map((LastName) => ({
      LastName,
      Email: `${LastName}@acme.example`,
      AccountId: acme,
      OwnerId: ann,
    })),
  ) as [string, string]
  const other = org.insert('OpportunityContactRole', {
    OpportunityId: deal,
    ContactId: dora,
    Role: 'Evaluator',
  })
  return { ...small, dora, emil, other }
}

const CHANGES: Record<string, (org: Org, ids: SmallOrg) => void> = {
  'is deleted': (org, { role }) => org.delete('OpportunityContactRole', role),
  'is renamed': (org, { role }) => org.update('OpportunityContactRole', role, { Role: 'Economic Buyer' }),
  'goes with its opportunity': (org, { deal }) => org.delete('Opportunity', deal),
  'goes with its contact': (org, { carl }) => org.delete('Contact', carl),
  'gets a lead that is converted': (org, { lena, carl }) => org.convertLead(lena, { contactId: carl }),
}

for (const [what, change] of Object.entries(CHANGES))
  story(
    `A contact role whose person a marketer merged into another leaves that one when it ${what}`,
    { org: withMore, env },
    async (t, { org, ids, instance, person, inStep }) => {
      const former = new Map([ids.carl, ids.lena, ids.dora].map((id) => [id, person(id).id]))
      const winner = former.get(ids.dora)!
      const loser = former.get(ids.carl)!
      instance.mergeLeads(winner, [loser])
      t.equal(instance.rolesOf(winner).length, 2, 'Marketo moves the role')
      change(org, ids)
      await inStep({ former, unmade: new Set([loser]) })
      t.strictSame(
        instance.rolesOf(winner).map(({ fields }) => fields.role),
        what === 'goes with its opportunity' ? [] : ['Evaluator'],
      )
    },
  )

story(
  'A marketer merges a person into one whose contact role has the same name, and that one stays',
  { org: withMore, env },
  async (t, { org, ids, instance, person, inStep, newCalls }) => {
    org.update('OpportunityContactRole', ids.other, { Role: ROLE })
    await inStep()
    const former = new Map([ids.carl, ids.dora].map((id) => [id, person(id).id]))
    const loser = former.get(ids.carl)!
    instance.mergeLeads(former.get(ids.dora)!, [loser])
    newCalls()
    org.delete('OpportunityContactRole', ids.role)
    await inStep({ former, unmade: new Set([loser]) })
    t.equal(instance.rolesOf(former.get(ids.dora)!).length, 1)
    const deletes = newCalls().filter(({ endpoint }) => endpoint === 'opportunities/roles/delete.json')
    t.equal(deletes.length, 1)
  },
)

story(
  'A contact merged in Salesforce into one, and by a marketer before into another, leaves the other its own roles only',
  { org: withMore, env },
  async (t, { org, ids, instance, person, inStep }) => {
    const former = new Map([ids.carl, ids.dora, ids.emil].map((id) => [id, person(id).id]))
    const loser = former.get(ids.carl)!
    instance.mergeLeads(former.get(ids.dora)!, [loser])
    org.merge('Contact', ids.emil, [ids.carl])
    await inStep({ former, unmade: new Set([loser]) })
    t.equal(instance.rolesOf(former.get(ids.dora)!).length, 1)
    t.equal(instance.rolesOf(former.get(ids.emil)!).length, 1)
  },
)

story(
  'A person that a marketer merged is made anew with its roles, which the winner keeps no longer',
  { org: withMore, env },
  async (t, { ids, instance, person, inStep }) => {
    const former = new Map([ids.carl, ids.dora].map((id) => [id, person(id).id]))
    const loser = former.get(ids.carl)!
    instance.mergeLeads(former.get(ids.dora)!, [loser])
    await until('its new person', () => instance.findLeads('externalPersonId', ids.carl).length === 1, 25_000)
    await inStep({ former, unmade: new Set([loser]) })
    t.equal(instance.rolesOf(former.get(ids.dora)!).length, 1)
    t.equal(instance.rolesOf(person(ids.carl).id).length, 1)
  },
)
