import * as fc from 'fast-check'
import t from 'tap'
import { startTester } from './tester.ts'

const POSTS = [
  'leads.json',
  'leads/delete.json',
  'leads/1/merge.json',
  'companies.json',
  'companies/delete.json',
  'opportunities.json',
  'opportunities/roles.json',
  'opportunities/roles/delete.json',
  'opportunities/roles.json?_method=GET',
  'salespersons.json?_method=GET',
]
const GETS = ['leads.json', 'companies.json', 'activities.json', 'activities/leadchanges.json', 'lead/1.json']
const NAMES = [
  'id',
  'email',
  'externalPersonId',
  'leadId',
  'role',
  'name',
  '__proto__',
  'constructor',
  'amount',
]

const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('', 'a@b.example', 1, null, '006A'))
const record = fc.dictionary(fc.constantFrom(...NAMES, 'externalCompanyId', 'externalOpportunityId'), value)
const body = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.record(
    {
      input: fc.oneof(fc.array(fc.oneof(record, value), { maxLength: 5 }), value),
      action: fc.oneof(fc.constantFrom('createOnly', 'updateOnly', 'createDuplicate'), value),
      lookupField: fc.oneof(fc.constantFrom('id', 'email', 'constructor', 'leadCompanyName'), value),
      dedupeBy: value,
      deleteBy: value,
      filterType: fc.oneof(fc.constant('dedupeFields'), value),
      fields: value,
      partitionName: value,
    },
    { requiredKeys: [] },
  ),
)
const params = fc.dictionary(
  fc.constantFrom(
    'filterType',
    'filterValues',
    'fields',
    'batchSize',
    'nextPageToken',
    'activityTypeIds',
    'leadIds',
  ),
  fc.oneof(fc.string(), fc.constantFrom('id', 'email', 'externalCompanyId', '46', '1', 'constructor')),
)

t.test('whatever is sent, the answer has the shape of an answer', async (t) => {
  const { send, marketo } = await startTester(t, { callsPer20Seconds: 1_000_000, dailyCalls: 1_000_000 })
  const check = async (path: string, init?: RequestInit) => {
    const response = await send(path, init)
    const answer = (await response.json()) as { success: unknown; errors?: { code: string }[] }
    return typeof answer.success === 'boolean' && answer.success === !answer.errors
  }
  const headers = { 'content-type': 'application/json' }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...POSTS), body, (path, sent) =>
      check(path, { method: 'POST', headers, body: JSON.stringify(sent) }),
    ),
    { numRuns: 250 },
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...GETS), params, (path, query) =>
      check(`${path}?${new URLSearchParams(query).toString()}`),
    ),
    { numRuns: 150 },
  )
  t.ok(marketo.calls.count() >= 400)
  t.ok(marketo.calls.entries.every((call) => call.endedAt !== undefined))
})
