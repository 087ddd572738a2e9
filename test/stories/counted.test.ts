// Whoever watches /metrics sees a refusal for every record that is parked, whatever was refused of it.
import { askCounts, METRICS_TOKEN } from '../convergence/counts.ts'
import { until } from '../fixtures/until.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()
const env = { METRICS_TOKEN }

async function refusedOf({ url }: Pick<Story, 'url'>, object: string): Promise<number> {
  return (await askCounts(url))?.counts.get(`${object} refused`) ?? 0
}

const parkedAndCounted = async (told: Pick<Story, 'url' | 'parked'>, object: string, id: string) => {
  await until('the record to be parked', async () => (await told.parked()).has(id))
  await until('it to be counted', async () => (await refusedOf(told, object)) === 1)
}

story('A delete that Marketo refuses is counted as refused', { env }, async (t, told) => {
  const { org, ids, marketo } = told
  marketo.faults.add({ kind: 'record', code: '1003', match: { endpoint: 'opportunities/delete.json' } })
  org.delete('Opportunity', ids.deal)
  await parkedAndCounted(told, 'Opportunity', ids.deal)
  t.pass()
})

story('A merge that Marketo refuses is counted as refused', { env }, async (t, told) => {
  const { org, ids, marketo } = told
  marketo.faults.add({ kind: 'error', code: '712', match: { endpoint: 'leads/{id}/merge.json' } })
  org.convertLead(ids.lena, { contactId: ids.carl })
  await parkedAndCounted(told, 'Lead', ids.lena)
  t.pass()
})

for (const severalPersons of ['report', 'merge'])
  story(
    `A record whose key several persons have is counted as refused: ${severalPersons}`,
    { env: { ...env, SEVERAL_PERSONS: severalPersons }, marketo: { externalPersonIdLookup: false } },
    async (t, told) => {
      const { org, instance, marketo } = told
      marketo.faults.add({ kind: 'error', code: '712', match: { endpoint: 'leads/{id}/merge.json' } })
      const lead = org.insert('Lead', { LastName: 'Listed', Company: 'Acme' })
      for (const city of ['Lund', 'Umeå']) instance.createLead({ externalPersonId: lead, city })
      await parkedAndCounted(told, 'Lead', lead)
      t.pass()
    },
  )

story(
  'A record whose look-up alone is refused is counted as refused',
  { env, marketo: { externalPersonIdLookup: false } },
  async (t, told) => {
    const { org, marketo } = told
    // Of the first look-up on, the service knows whether it may leave it out.
    marketo.faults.add({ kind: 'error', code: '701', match: { endpoint: 'leads.json', method: 'GET' } })
    const lead = org.insert('Lead', { LastName: 'Unreadable', Company: 'Acme' })
    await parkedAndCounted(told, 'Lead', lead)
    t.pass()
  },
)
