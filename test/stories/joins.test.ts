// Persons with one key are made one (SEVERAL_PERSONS=merge), and nobody knows whether that was carried out when the record leaves.
import type { Org } from '../simulators/salesforce/org.ts'
import { until } from '../fixtures/until.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

const MERGE = 'leads/{id}/merge.json'

/** A lead that a list brought into Marketo twice, and whose merge there got no answer. */
async function joinedUnknown({ org, instance, marketo }: Pick<Story, 'org' | 'instance' | 'marketo'>) {
  marketo.faults.add({ kind: 'drop', when: 'after', times: 1, match: { endpoint: MERGE } })
  const lead = org.insert('Lead', { LastName: 'Listed', Company: 'Acme' })
  for (const city of ['Lund', 'Umeå']) instance.createLead({ externalPersonId: lead, city })
  await until('the two to be merged', async () => marketo.calls.count(MERGE) === 1)
  return lead
}

const contactOf = (org: Org, lead: string): string => String(org.get('Lead', lead)!['ConvertedContactId'])

story(
  'A lead that is converted while the merge of its persons has no known outcome leaves none behind',
  { env: { SEVERAL_PERSONS: 'merge' } },
  async (t, { org, instance, marketo, inStep, person }) => {
    const lead = await joinedUnknown({ org, instance, marketo })
    org.convertLead(lead)
    await inStep()
    t.match(person(contactOf(org, lead)).fields, { lastName: 'Listed' })
    t.strictSame(instance.findLeads('externalPersonId', lead), [])
  },
)

for (const policy of ['keep', 'delete'] as const)
  story(
    `A lead that is deleted while the merge of its persons has no known outcome leaves none with its key: ${policy}`,
    { env: { SEVERAL_PERSONS: 'merge', DELETE_POLICY: policy } },
    async (t, { org, instance, marketo, inStep }) => {
      const lead = await joinedUnknown({ org, instance, marketo })
      org.delete('Lead', lead)
      await inStep({ deletePolicy: policy })
      t.strictSame(instance.findLeads('externalPersonId', lead), [])
    },
  )
