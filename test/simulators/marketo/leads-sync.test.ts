import t from 'tap'
import { codeOf, outcomes, startTester } from './tester.ts'
import type { MarketoOptions } from './index.ts'

const records = (n: number) => Array.from({ length: n }, (_, nth) => ({ externalPersonId: `P${nth}` }))
const PERSON = '00Q5e000001AbCdEAV'

async function start(t: Parameters<typeof startTester>[0], options: MarketoOptions = {}) {
  const tester = await startTester(t, options)
  const { post, marketo } = tester
  const sync = (input: unknown[], more: Record<string, unknown> = {}) =>
    post('leads.json', { lookupField: 'externalPersonId', input, ...more })
  const one = async (record: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    outcomes(await sync([{ externalPersonId: PERSON, ...record }], more))?.[0]
  const lead = (id = PERSON) => marketo.instance.findLeads('externalPersonId', id)[0]
  return { ...tester, sync, one, lead }
}

t.test('results come in the order of the input, without seq', async (t) => {
  const { sync } = await start(t)
  await sync([{ externalPersonId: 'B' }])
  const { result } = await sync([
    { externalPersonId: 'A' },
    { externalPersonId: 'B' },
    { email: 'x@y.example' },
  ])
  t.match(result, [{ status: 'created' }, { status: 'updated' }, { status: 'skipped' }])
  t.ok(result?.every((record) => !('seq' in record)))
  t.match(result?.[2], { reasons: [{ code: '1002', message: /externalPersonId/ }] })
})

t.test('createOrUpdate and e-mail are the defaults, and keys compare without case', async (t) => {
  const { post, marketo } = await start(t)
  t.strictSame(outcomes(await post('leads.json', { input: [{ email: 'Ada@Example.com' }] })), ['created'])
  t.strictSame(outcomes(await post('leads.json', { input: [{ email: 'ada@example.com', city: 'Paris' }] })), [
    'updated',
  ])
  t.equal(marketo.instance.leads.size, 1)
  t.equal(marketo.instance.findLeads('email', 'ADA@example.COM')[0]?.fields.city, 'Paris')
})

t.test('each action does what it says', async (t) => {
  const { one, marketo } = await start(t)
  t.equal(await one({}, { action: 'updateOnly' }), '1004')
  t.equal(await one({}, { action: 'createOnly' }), 'created')
  t.equal(await one({}, { action: 'createOnly' }), '1005')
  t.equal(await one({ city: 'Rome' }, { action: 'updateOnly' }), 'updated')
  t.equal(await one({}, { action: 'createDuplicate' }), 'created')
  t.equal(marketo.instance.leads.size, 2)
  t.equal(await one({}), '1007', 'several leads have the key now')
})

t.test('an unknown action fails the call', async (t) => {
  const { sync } = await start(t)
  t.equal(codeOf(await sync([{ externalPersonId: 'A' }], { action: 'upsert' })), '1003')
})

t.test('id goes with updateOnly alone', async (t) => {
  const { post, one, lead } = await start(t)
  await one({ email: 'old@example.com' })
  const { id } = lead()!
  t.equal(await one({ id }), '1003')
  t.equal(await one({ id }, { action: 'createOnly' }), '1003')
  const body = { action: 'updateOnly', lookupField: 'id' }
  const moved = await post('leads.json', { ...body, input: [{ id, externalPersonId: '003A' }, { id: 7 }] })
  t.strictSame(outcomes(moved), ['updated', '1004'])
  t.equal(lead(), undefined)
  t.match(lead('003A'), { id, fields: { email: 'old@example.com' } }, 'and has a new external key')
})

t.test('the look-up field is a documented key or a custom field', async (t) => {
  const { sync, marketo } = await start(t)
  const code = async (lookupField: unknown) => codeOf(await sync([{ email: 'a@b.example' }], { lookupField }))
  t.equal(await code('firstName'), '1011')
  t.equal(await code('userId'), '1006')
  t.equal(await code(7), '1006')
  t.equal(await code('email'), undefined)
  const custom = await sync([{ leadCompanyName: 'Acme' }], { lookupField: 'leadCompanyName' })
  t.strictSame(outcomes(custom), ['created'])
  marketo.options.externalPersonIdLookup = false
  t.equal(await code('externalPersonId'), '1011')
})

t.test('without the MSI feature externalPersonId does not exist', async (t) => {
  const { sync, post } = await start(t, { nonNativeFeature: false })
  t.equal(codeOf(await sync([{ externalPersonId: 'A' }])), '1006')
  const skipped = await post('leads.json', { input: [{ email: 'a@b.example', externalPersonId: 'A' }] })
  t.strictSame(outcomes(skipped), ['1006'])
})

t.test('one bad record is skipped and its neighbours are not', async (t) => {
  const { sync, marketo } = await start(t)
  const answer = await sync([{ externalPersonId: 'A', nonsense: 1 }, { externalPersonId: 'B' }, 7, null])
  t.strictSame(outcomes(answer), ['1006', 'created', '1003', '1003'])
  t.equal(marketo.instance.leads.size, 1)
})

const REFUSED: [string, Record<string, unknown>, string][] = [
  ['an unknown field', { favouriteColour: 'red' }, '1006'],
  ['a field of the company', { company: 'Acme' }, '1021'],
  ['a field of the company, as null', { billingCity: null }, '1021'],
  ['a calculated field', { priority: 3 }, '1003'],
  ['the time of creation', { createdAt: '2026-01-01T00:00:00Z' }, '1003'],
  ['an e-mail that is not ASCII', { email: 'jürgen@example.com' }, '1003'],
  ['a text that is too long', { firstName: 'x'.repeat(256) }, '1077'],
  ['a text area over 30,000 bytes', { unsubscribedReason: '€'.repeat(10_001) }, '1077'],
  ['a text for a boolean', { doNotCall: 'perhaps' }, '1001'],
  ['a text for a score', { leadScore: 'high' }, '1001'],
  ['a fraction for an integer', { leadScore: 1.5 }, '1001'],
  ['a day that does not exist', { dateOfBirth: '2026-02-30' }, '1001'],
  ['an object', { city: { name: 'Paris' } }, '1001'],
  ['a list', { city: ['Paris'] }, '1001'],
  ['an unknown sales person', { externalSalesPersonId: '005X' }, '1013'],
  ['an unknown company', { externalCompanyId: '001X' }, '1013'],
]
for (const [title, record, code] of REFUSED)
  t.test(`${title} is refused with ${code}`, async (t) => {
    const { one, marketo } = await start(t)
    t.equal(await one(record), code)
    t.equal(marketo.instance.leads.size, 0)
  })

t.test('values are taken in the forms that clients send', async (t) => {
  const { one, lead } = await start(t)
  const record = {
    firstName: '😀'.repeat(255),
    lastName: 7,
    unsubscribed: 'true',
    leadScore: '12',
    dateOfBirth: '1990-05-01',
    title: '',
    city: 'null',
  }
  t.equal(await one(record), 'created')
  t.match(lead()?.fields, { lastName: '7', unsubscribed: true, leadScore: 12, title: null, city: 'null' })
})

t.test('null and an empty text clear a field', async (t) => {
  const { one, lead } = await start(t)
  await one({ city: 'Rome', title: 'CEO', phone: '1' })
  await one({ city: null, title: '' })
  t.match(lead()?.fields, { city: null, title: null, phone: '1' })
})

t.test('a lead can be moved to another company, never detached', async (t) => {
  const { one, post, lead } = await start(t)
  await post('companies.json', { input: [{ externalCompanyId: '001A' }, { externalCompanyId: '001B' }] })
  await one({ externalCompanyId: '001A' })
  t.equal(await one({ externalCompanyId: null }), 'updated')
  t.equal(lead()?.fields.externalCompanyId, '001A')
  await one({ externalCompanyId: '001B' })
  t.equal(lead()?.fields.externalCompanyId, '001B')
})

t.test('a sales person can be taken from a lead', async (t) => {
  const { one, post, lead } = await start(t)
  await post('salespersons.json', { input: [{ externalSalesPersonId: '005A' }] })
  await one({ externalSalesPersonId: '005A' })
  await one({ externalSalesPersonId: null })
  t.equal(lead()?.fields.externalSalesPersonId, null)
})

t.test('partitions: an unknown one is no place to create in', async (t) => {
  const { one } = await start(t)
  t.equal(await one({}, { partitionName: 'Elsewhere' }), '1008')
  t.equal(await one({}, { partitionName: 'Default' }), 'created')
})

t.test('more than 300 records are refused as a whole', async (t) => {
  const { sync, marketo } = await start(t)
  t.equal(codeOf(await sync(records(301))), '1003')
  t.match(marketo.calls.violations(), [/301 records, more than 300/])
  t.equal((await sync(records(300))).result?.length, 300)
})

t.test('overlapping upserts of one new key create duplicates', async (t) => {
  const { sync, marketo } = await start(t)
  await sync([{ externalPersonId: 'known' }])
  marketo.options.latencyMs = 200
  await Promise.all([
    sync([{ externalPersonId: 'new' }, { externalPersonId: 'known' }]),
    sync([{ externalPersonId: 'new' }, { externalPersonId: 'known' }]),
  ])
  t.equal(marketo.instance.findLeads('externalPersonId', 'new').length, 2)
  t.equal(marketo.instance.findLeads('externalPersonId', 'known').length, 1)
  t.match(marketo.calls.violations(), [/new is in two calls at once/, /known is in two calls at once/])
})

t.test('createOnly and calls one after another make no duplicates', async (t) => {
  const { sync, marketo } = await start(t, { latencyMs: 50 })
  await sync([{ externalPersonId: 'first' }])
  await sync([{ externalPersonId: 'first' }])
  const action = 'createOnly'
  await Promise.all([
    sync([{ externalPersonId: 'B' }], { action }),
    sync([{ externalPersonId: 'B' }], { action }),
  ])
  t.equal(marketo.instance.leads.size, 2)
})

t.test('a key twice in one call is a violation, and the second updates what the first created', async (t) => {
  const { sync, marketo } = await start(t)
  const answer = await sync([{ externalPersonId: 'A' }, { externalPersonId: 'a', city: 'Rome' }])
  t.strictSame(outcomes(answer), ['created', 'updated'])
  await sync([{ externalPersonId: 'A' }, { externalPersonId: 'A' }])
  t.match(marketo.calls.violations(), [/externalPersonId A is twice in one call/])
})

t.test('native sync closes the other objects, not the leads', async (t) => {
  const { one } = await start(t, { nativeSync: true })
  t.equal(await one({}), 'created')
})
