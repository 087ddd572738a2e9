import t from 'tap'
import { describeMarketo } from '../../src/marketo/describe.ts'
import { startMarketo } from '../simulators/marketo/index.ts'
import { connectClient } from './fixtures/client.ts'
import { json, startScriptedMarketo, success, text } from './fixtures/scripted-marketo.ts'

t.test('five calls tell the fields, the searches, and the names of the Sales Insight fields', async (t) => {
  const marketo = await startMarketo()
  t.teardown(() => marketo.close())
  const { client } = connectClient(t, marketo)
  const schema = await describeMarketo(client)
  t.equal(marketo.calls.length, 5)
  t.equal(schema.canSearchExternalPersonId, true)
  t.same(schema.missing, [])
  t.same(schema.insights, {
    lastInterestingMomentType: 'msiLastInterestingMomentType',
    lastInterestingMomentDate: 'msiLastInterestingMomentDate',
    lastInterestingMomentDesc: 'msiLastInterestingMomentDesc',
    lastInterestingMomentSource: 'msiLastInterestingMomentSource',
    priority: 'priority',
    urgency: 'relativeUrgency',
    relativeScore: 'relativeScore',
  })
  t.match(schema.objects.Lead.fields.get('externalpersonid'), { name: 'externalPersonId', updateable: true })
  t.match(schema.objects.Company.fields.get('externalcompanyid'), { length: 100, updateable: false })
  t.match(schema.objects.OpportunityRole.fields.get('leadid'), { dataType: 'integer', length: undefined })
  t.ok(schema.objects.Opportunity.searchable.some(([field]) => field === 'externalOpportunityId'))
})

t.test('other instances have other names for the same', async (t) => {
  const marketo = await startMarketo({ scoreFieldName: 'relativeScoring', urgencyFieldName: 'urgency' })
  t.teardown(() => marketo.close())
  const { insights } = await describeMarketo(connectClient(t, marketo).client)
  t.match(insights, { relativeScore: 'relativeScoring', urgency: 'urgency' })
})

t.test('an instance without the MSI Non-Native feature is described, with what it lacks', async (t) => {
  const marketo = await startMarketo({ nonNativeFeature: false })
  t.teardown(() => marketo.close())
  const schema = await describeMarketo(connectClient(t, marketo).client)
  t.equal(schema.canSearchExternalPersonId, false)
  t.match(
    schema.missing.find(({ field }) => field === 'externalPersonId'),
    { object: 'Lead', reason: /externalPersonId/, advice: /MSI Non-Native/ },
  )
})

t.test('a field of the insights that is missing is named', async (t) => {
  const marketo = await startScriptedMarketo(t)
  marketo.script(
    success([{ name: 'x', fields: [{ name: 'priority' }], searchableFields: ['id', ['externalPersonId']] }]),
  )
  const schema = await describeMarketo(connectClient(t, marketo).client)
  t.ok(schema.missing.some(({ field }) => field === 'relativeScore or relativeScoring'))
  t.match(schema.objects.Lead.fields.get('priority'), {
    dataType: 'string',
    length: undefined,
    updateable: true,
  })
  t.same(schema.objects.Lead.searchable, [['id'], ['externalPersonId']])
})

t.test('what cannot be described is an error with a reason and advice', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(json({ success: false, errors: [{ code: '603', message: 'Access denied' }] }))
  await t.rejects(describeMarketo(client), {
    name: 'BridgeError',
    code: '603',
    advice: /Admin > Users & Roles/,
  })
  for (const nothing of [[], [{}], [{ fields: [] }], [{ fields: null }]]) {
    marketo.script(success(nothing))
    await t.rejects(describeMarketo(client), { code: 'not-marketo', message: /describe/ })
  }
  marketo.script(text('<html>', 200))
  await t.rejects(describeMarketo(client), { code: 'not-json' })
})
