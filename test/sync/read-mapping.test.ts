// What the mapping is read from: both describes, and the admin's rows, however many pages they come in.
import t from 'tap'
import type { MarketoSchema } from '../../src/marketo/describe.ts'
import { readMapping } from '../../src/sync/read-mapping.ts'
import { connectSimulated } from '../salesforce/fixtures/simulated.ts'
import { everyField } from './fixtures/mappings.ts'

t.test('rows beyond the first page of the query count too', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t, { batchSize: 200 })
  const { marketo } = everyField()
  const objects = Object.fromEntries(
    Object.entries(marketo).map(([object, fields]) => [object, { fields, searchable: [] }]),
  ) as unknown as MarketoSchema['objects']
  const row = (field: string, Marketo_Field__c: string) => ({
    Object__c: 'Lead',
    Salesforce_Field__c: field,
    Marketo_Field__c,
    Active__c: true,
  })
  simulator.org.setCustomMetadata('Marketo_Field_Mapping__mdt', [
    ...Array.from({ length: 250 }, (_, n) => row(`Nowhere${n}__c`, 'title')),
    row('Company', 'title'),
  ])
  const mapping = await readMapping({
    salesforce,
    schema: async () => ({ objects, canSearchExternalPersonId: true, insights: {}, missing: [] }),
    before: undefined,
    fresh: false,
    signal: AbortSignal.timeout(10_000),
  })
  t.equal(mapping.bad.length, 250)
  t.match(
    mapping.objects.Lead.fields.filter(({ to }) => to.name === 'title'),
    [{ from: 'Company', source: 'custom' }],
  )
})
