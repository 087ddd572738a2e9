import t from 'tap'
import { codeOf, startTester } from './tester.ts'
import type { MarketoOptions } from './index.ts'

interface Described {
  name: string
  idField?: string
  dedupeFields?: string[]
  searchableFields: string[][]
  fields: { name: string; dataType: string; length?: number; updateable: boolean; crmManaged?: boolean }[]
}

async function describe(t: Parameters<typeof startTester>[0], path: string, options: MarketoOptions = {}) {
  const { get } = await startTester(t, options)
  const described = (await get(path)).result?.[0] as unknown as Described
  const field = (name: string) => described.fields.find((one) => one.name === name)
  return { described, field }
}

t.test('describe2 lists the fields of a lead and what it can be found by', async (t) => {
  const { described, field } = await describe(t, 'leads/describe2.json')
  t.equal(described.name, 'API Lead')
  for (const name of ['email', 'id', 'externalPersonId', 'sfdcLeadId', 'leadCompanyName'])
    t.ok(
      described.searchableFields.some((names) => names[0] === name && names.length === 1),
      name,
    )
  t.notOk(described.searchableFields.some((names) => names.includes('firstName')))
  t.match(field('email'), { dataType: 'email', length: 255, updateable: true, crmManaged: false })
  t.match(field('externalPersonId'), { dataType: 'string', updateable: true })
  t.match(field('unsubscribed'), { dataType: 'boolean', updateable: true })
  for (const name of [
    'id',
    'createdAt',
    'priority',
    'relativeUrgency',
    'relativeScore',
    'msiLastInterestingMomentDate',
  ])
    t.equal(field(name)?.updateable, false, `${name} is read-only`)
  t.equal(field('relativeScoring'), undefined)
})

t.test('names of the value fields and the MSI feature differ between instances', async (t) => {
  const other = await describe(t, 'leads/describe2.json', {
    scoreFieldName: 'relativeScoring',
    urgencyFieldName: 'urgency',
    nonNativeFeature: false,
    customLeadFields: [{ name: 'crmKey', dataType: 'string', length: 40 }],
  })
  t.ok(other.field('relativeScoring'))
  t.equal(other.field('relativeScore'), undefined)
  t.equal(other.field('relativeUrgency'), undefined)
  t.equal(other.field('urgency')?.dataType, 'integer')
  t.equal(other.field('externalPersonId'), undefined)
  t.match(other.field('crmKey'), { length: 40, updateable: true })
  t.ok(other.described.searchableFields.some((names) => names[0] === 'crmKey'))
})

t.test('the superseded describe names every field for REST', async (t) => {
  const { get } = await startTester(t)
  const { result } = await get('leads/describe.json')
  t.match(
    result?.find((field) => (field.rest as { name: string }).name === 'company'),
    { displayName: 'Company Name', dataType: 'string', length: 255, rest: { readOnly: false } },
  )
})

t.test('each of the four objects tells its keys', async (t) => {
  const expected: Record<string, Partial<Described>> = {
    'salespersons/describe.json': { idField: 'id', dedupeFields: ['externalSalesPersonId'] },
    'companies/describe.json': { idField: 'id', dedupeFields: ['externalCompanyId'] },
    'opportunities/describe.json': { idField: 'marketoGUID', dedupeFields: ['externalOpportunityId'] },
    'opportunities/roles/describe.json': {
      idField: 'marketoGUID',
      dedupeFields: ['externalOpportunityId', 'leadId', 'role'],
    },
  }
  for (const [path, part] of Object.entries(expected)) {
    const { described, field } = await describe(t, path)
    t.match(described, part)
    for (const key of part.dedupeFields ?? [])
      t.equal(field(key)?.updateable, false, `${key} is set on create only`)
  }
})

t.test('the e-mail of a sales person may be described as not updateable', async (t) => {
  const usual = await describe(t, 'salespersons/describe.json')
  t.equal(usual.field('email')?.updateable, true)
  const sample = await describe(t, 'salespersons/describe.json', { salesPersonEmailUpdateable: false })
  t.equal(sample.field('email')?.updateable, false)
})

t.test('partitions are listed', async (t) => {
  const { get } = await startTester(t, { partitions: ['Default', 'Europe'] })
  t.match((await get('leads/partitions.json')).result, [
    { id: 1, name: 'Default' },
    { id: 2, name: 'Europe' },
  ])
  t.equal(codeOf(await get('leads/partition.json')), '610')
})
