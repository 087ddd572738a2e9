// Several Marketo persons have the key of one record, which leaves before anybody has merged them: none keeps the key (design §5, rules 8 and 14).
import { until } from '../fixtures/until.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg, type SmallOrg } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

type Told = Story & { ids: SmallOrg }

const SETTING = 'Marketo_Object_Setting__mdt'
const outsideLeftOut = (org: Org): SmallOrg => {
  org.setCustomMetadata(SETTING, [{ Object__c: 'Lead', Active__c: true, Filter__c: "Title != 'Outside'" }])
  return smallOrg(org)
}
const leavesOut = (object: string, row: Record<string, unknown>): boolean =>
  object === 'Lead' && row['Title'] === 'Outside'

const LEAVES = {
  'is deleted': (org: Org, lead: string) => org.delete('Lead', lead),
  'is left out by the filter': (org: Org, lead: string) => org.update('Lead', lead, { Title: 'Outside' }),
  'is converted': (org: Org, lead: string) => void org.convertLead(lead),
} as const

/** A lead that the bridge has not heard of, and two persons that were imported with its key. */
function importTwice({ org, instance, ids }: Told): { lead: string; persons: number[] } {
  const lead = org.insert('Lead', { LastName: 'Twice', Company: 'X', OwnerId: ids.ann }, { silent: true })
  const persons = ['Lund', 'Umeå'].map(
    (city) => instance.createLead({ externalPersonId: lead, externalSalesPersonId: ids.ann, city }).id,
  )
  return { lead, persons }
}

const holdersOf = ({ instance }: Pick<Story, 'instance'>, lead: string): number[] =>
  instance.findLeads('externalPersonId', lead).map(({ id }) => id)

/** Looked for by their key before, or found several by Marketo itself. */
for (const externalPersonIdLookup of [false, true])
  for (const DELETE_POLICY of ['keep', 'delete'] as const)
    for (const [what, leave] of Object.entries(LEAVES))
      story(
        `Persons that were reported to have one key are let go of when its lead ${what} (${DELETE_POLICY}, ${externalPersonIdLookup ? 'Marketo takes' : 'Marketo takes no'} externalPersonId as lookup field)`,
        { org: outsideLeftOut, marketo: { externalPersonIdLookup }, env: { DELETE_POLICY } },
        async (t, told) => {
          const { org, instance, parked, inStep } = told
          const { lead, persons } = importTwice(told)
          org.update('Lead', lead, { Title: 'Reported' })
          await until('them to be reported', async () => (await parked()).get(lead)?.code === '1007')
          leave(org, lead)
          await inStep({ leavesOut, deletePolicy: DELETE_POLICY, made: new Set(persons) })
          t.strictSame(holdersOf(told, lead), [])
          t.strictSame([...(await parked())], [])
          for (const [n, id] of persons.entries()) {
            const { city, externalSalesPersonId } = instance.leads.get(id)?.fields ?? {}
            t.equal(city, ['Lund', 'Umeå'][n], 'nobody knows who made them, so they stay')
            t.notOk(externalSalesPersonId)
          }
        },
      )

story(
  'Persons that were reported to have one key are let go of when the census finds their lead deleted for good',
  {},
  async (t, told) => {
    const { org, parked, quiet, reconcile } = told
    const { lead } = importTwice(told)
    org.update('Lead', lead, { Title: 'Reported' })
    await until('them to be reported', async () => (await parked()).get(lead)?.code === '1007')
    org.hardDelete('Lead', lead)
    for (let census = 0; census < 3; census++) {
      await reconcile()
      await quiet()
    }
    t.strictSame(holdersOf(told, lead), [])
    t.strictSame([...(await parked())], [])
  },
)

for (const [how, fault] of [
  ['is refused', { kind: 'error', code: '1077' }],
  ['has no known outcome', { kind: 'drop', when: 'before' }],
] as const)
  story(
    `Persons with one key whose merge ${how} are let go of when its lead is deleted`,
    { env: { SEVERAL_PERSONS: 'merge' }, impatient: true },
    async (t, told) => {
      const { org, marketo, parked, quiet } = told
      const { lead } = importTwice(told)
      const merge = marketo.faults.add({ ...fault, match: { endpoint: 'leads/{id}/merge.json' } })
      org.update('Lead', lead, { Title: 'Twice' })
      await until('the merge to fail', () => merge.hits > 0)
      org.delete('Lead', lead)
      await quiet(30_000)
      t.strictSame(holdersOf(told, lead), [])
      t.strictSame([...(await parked())], [])
    },
  )

story(
  'Persons with the key of a lead whose values Marketo refuses are let go of when it is deleted',
  {},
  async (t, told) => {
    const { org, marketo, parked, inStep } = told
    const { lead, persons } = importTwice(told)
    marketo.faults.add({
      kind: 'record',
      code: '1003',
      match: { endpoint: 'leads.json', action: 'createOrUpdate' },
    })
    org.update('Lead', lead, { Title: 'Refused' })
    await until('it to be parked', async () => (await parked()).get(lead)?.code === '1003')
    org.delete('Lead', lead)
    await inStep({ made: new Set(persons) })
    t.strictSame(holdersOf(told, lead), [])
    t.strictSame([...(await parked())], [])
  },
)

story(
  'Persons with the key of a lead whose first push is lost are let go of when it was deleted before the next',
  { impatient: true },
  async (t, told) => {
    const { org, marketo, inStep } = told
    const { lead, persons } = importTwice(told)
    const lost = marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Lead', lead, { Title: 'New' })
    await until('the push to be lost', () => lost.hits === 1)
    org.delete('Lead', lead)
    await inStep({ made: new Set(persons), deadlineMs: 30_000 })
    t.strictSame(holdersOf(told, lead), [])
  },
)

story(
  'A person that the ledger knows is deleted with its record; the one that was imported with its key beside it is let go of',
  { env: { DELETE_POLICY: 'delete' }, marketo: { externalPersonIdLookup: false } },
  async (t, { org, ids, instance, marketo, person, parked, inStep }) => {
    const known = person(ids.lena).id
    marketo.faults.add({
      kind: 'record',
      code: '1004',
      times: 1,
      match: { endpoint: 'leads.json', action: 'updateOnly' },
    })
    const imported = instance.createLead({ externalPersonId: ids.lena }).id
    org.update('Lead', ids.lena, { Title: 'Seems lost' })
    await until('them to be reported', async () => (await parked()).get(ids.lena)?.code === '1007')
    org.delete('Lead', ids.lena)
    await inStep({
      made: new Set([imported]),
      former: new Map([[ids.lena, known]]),
      deletePolicy: 'delete',
    })
    t.notOk(instance.leads.has(known))
    t.ok(instance.leads.has(imported))
    t.strictSame([...(await parked())], [])
  },
)

story(
  'A lead with a person of its own leaves by one call, and nobody is looked up for it',
  {},
  async (t, { org, ids, newCalls, inStep, person }) => {
    const former = new Map([[ids.lena, person(ids.lena).id]])
    org.delete('Lead', ids.lena)
    await inStep({ former })
    const calls = newCalls().filter(({ endpoint }) => endpoint.startsWith('leads'))
    t.strictSame(
      calls.map(({ method, endpoint }) => `${method} ${endpoint}`),
      ['POST leads.json'],
    )
  },
)
