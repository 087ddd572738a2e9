// What the mapping is read from: both describes, and the admin's rows, however many pages they come in.
import t from 'tap'
import type { MarketoSchema } from '../../src/marketo/describe.ts'
import { readMapping } from '../../src/sync/read-mapping.ts'
import { connectSimulated } from '../salesforce/fixtures/simulated.ts'
import { everyField } from './fixtures/mappings.ts'

function schemaOfEveryField(): MarketoSchema {
  const objects = Object.fromEntries(
    Object.entries(everyField().marketo).map(([object, fields]) => [object, { fields, searchable: [] }]),
  ) as unknown as MarketoSchema['objects']
  return { objects, canSearchExternalPersonId: true, insights: {}, missing: [] }
}

t.test('a filter that lets no record through is told from others', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  simulator.org.insert('Lead', { LastName: 'L', Company: 'X', Country: 'Germany' }, { silent: true })
  simulator.org.insert('Contact', { LastName: 'C' }, { silent: true })
  simulator.org.setCustomMetadata('Marketo_Object_Setting__mdt', [
    { Object__c: 'Lead', Active__c: true, Filter__c: "Country = 'Grmany'" },
    { Object__c: 'Contact', Active__c: true, Filter__c: "LastName = 'C'" },
    { Object__c: 'Account', Active__c: false, Filter__c: "Name = 'None'" },
  ])
  const mapping = await readMapping({
    salesforce,
    schema: async () => schemaOfEveryField(),
    before: undefined,
    fresh: false,
    signal: AbortSignal.timeout(10_000),
  })
  t.strictSame(mapping.passesNothing, ['Lead'])
})

t.test('rows beyond the first page of the query count too', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t, { batchSize: 200 })
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
    schema: async () => schemaOfEveryField(),
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
