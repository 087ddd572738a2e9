import { Connection } from 'jsforce'
import t, { type Test } from 'tap'
import { startSalesforce, type SalesforceOptions } from './index.ts'
import { createRest, getToken, soql } from './wire.ts'

async function start(t: Test, options: SalesforceOptions = {}) {
  const sf = await startSalesforce(options)
  t.teardown(() => sf.close())
  return { sf, org: sf.org, rest: await createRest(sf) }
}

t.test('without a session: 401 INVALID_SESSION_ID', async (t) => {
  const { sf } = await start(t)
  const response = await fetch(`${sf.url}/services/data/v67.0/limits`, {
    headers: { Authorization: 'Bearer x' },
  })
  t.equal(response.status, 401)
  t.strictSame(await response.json(), [
    { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
  ])
})

t.test('answers carry the limit in use and a truthful Date', async (t) => {
  const { rest } = await start(t, { now: () => Date.parse('2026-11-23T10:00:00Z'), dailyApiRequests: 2 })
  const { headers } = await rest('limits')
  t.equal(headers.get('sforce-limit-info'), 'api-usage=1/2')
  t.equal(headers.get('date'), 'Mon, 23 Nov 2026 10:00:00 GMT')
  t.match((await rest('limits')).json, { DailyApiRequests: { Max: 2, Remaining: 0 } })
  t.match(await rest('limits'), { status: 403, json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }] })
})

t.test('versions are listed; old, new and unknown resources are refused', async (t) => {
  const { rest } = await start(t)
  t.match((await rest('/services/data')).json, [{ version: '31.0' }])
  t.match(await rest('/services/data/v30.0/limits'), {
    status: 410,
    json: [{ errorCode: 'UNSUPPORTED_API_VERSION' }],
  })
  t.match(await rest('/services/data/v68.0/limits'), { status: 404, json: [{ errorCode: 'NOT_FOUND' }] })
  t.match(await rest('nothing'), { status: 404, json: [{ errorCode: 'NOT_FOUND' }] })
  t.match(await rest('sobjects/Nothing/describe'), { status: 404 })
  t.match(await rest(soql('SELECT Id FROM Lead'), { method: 'DELETE' }), {
    status: 405,
    json: [{ errorCode: 'METHOD_NOT_ALLOWED' }],
  })
  t.match((await rest('')).json, { query: '/services/data/v67.0/query' })
})

t.test('describe tells types, lengths, references and what may be written', async (t) => {
  const { rest } = await start(t)
  const { json } = await rest('sobjects/contact/describe')
  const { fields, keyPrefix } = json as { keyPrefix: string; fields: Array<Record<string, unknown>> }
  const field = (name: string) => fields.find((field) => field['name'] === name)
  t.equal(keyPrefix, '003')
  t.match(field('Email'), { type: 'email', length: 80, updateable: true, nillable: true })
  t.match(field('Description'), { type: 'textarea', length: 32_000, filterable: false })
  t.match(field('AccountId'), { type: 'reference', referenceTo: ['Account'], relationshipName: 'Account' })
  t.match(field('IsDeleted'), { type: 'boolean', updateable: false, nillable: false })
  t.match(field('mkto_si__Priority__c'), { type: 'double', label: 'Engagement', precision: 18, custom: true })
  t.equal(field('IsPersonAccount'), undefined, 'only with the feature')
  const { sobjects } = (await rest('sobjects')).json as { sobjects: Array<{ name: string }> }
  t.ok(sobjects.some(({ name }) => name === 'Marketo_Field_Mapping__mdt'))
})

t.test('retrieve keeps the order of the ids, null for what is not to be had', async (t) => {
  const { org, rest } = await start(t)
  const [a = '', b = '', c = ''] = org.insert(
    'Lead',
    ['A', 'B', 'C'].map((LastName) => ({ LastName, Company: 'x' })),
  )
  org.delete('Lead', b)
  org.hide('Lead', c)
  const retrieve = (json: unknown, object = 'Lead') => rest(`composite/sobjects/${object}`, { json })
  const { json } = await retrieve({
    ids: [c, b, a.slice(0, 15), '00Q5g0000000zzzEAA'.slice(0, 15)],
    fields: ['Id', 'LastName'],
  })
  t.match(json, [null, null, { Id: a, LastName: 'A', attributes: { type: 'Lead' } }, null])
  org.reveal('Lead', c)
  t.match((await retrieve({ ids: [c], fields: ['LastName'] })).json, [{ Id: c, LastName: 'C' }])
  t.match(await retrieve({ ids: [a], fields: ['Nothing'] }), {
    status: 400,
    json: [{ errorCode: 'INVALID_FIELD' }],
  })
  t.match(
    await retrieve({ ids: [a], fields: ['Owner.Name'] }),
    { status: 400 },
    'fields of parents are for SOQL',
  )
  t.match(await retrieve({ ids: ['x'], fields: ['Id'] }), {
    status: 400,
    json: [{ errorCode: 'MALFORMED_ID' }],
  })
  t.match(await retrieve({ ids: Array(2_001).fill(a), fields: ['Id'] }), { status: 400 })
  t.match(await retrieve({ ids: [a], fields: ['Id'] }, 'Nothing'), { status: 404 })
  t.match((await rest('composite/sobjects/Lead', { method: 'POST' })).json, [
    { errorCode: 'JSON_PARSER_ERROR' },
  ])
})

t.test('jsforce reads and writes', async (t) => {
  const { sf, org } = await start(t)
  const conn = new Connection({ version: '67.0', instanceUrl: sf.url, accessToken: await getToken(sf) })
  const made = await conn.create('Lead', [{ LastName: 'A', Company: 'x' }, { LastName: 'B' }])
  t.match(made, [{ success: true }, { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] }])
  const id = made[0]!.id!
  t.match(await conn.update('Lead', { Id: id, Title: 'CEO' }), { success: true })
  t.match(await conn.retrieve('Lead', id), { Title: 'CEO', LastName: 'A' })
  t.match(
    await conn.update('Lead', [
      { Id: id, Title: 'CTO' },
      { Id: '00Q5g0000000zzz', Title: 'x' },
    ]),
    [{ success: true }, { success: false, errors: [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY' }] }],
  )
  const together = [
    { Id: id, Title: 'gone' },
    { Id: id, LastName: '' },
  ]
  t.match(await conn.update('Lead', together, { allOrNone: true }), [
    { success: false, errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
    { success: false },
  ])
  t.equal(org.get('Lead', id)?.['Title'], 'CTO')
  t.match(await conn.destroy('Lead', [id]), [{ success: true, id }])
  await t.rejects(Promise.resolve(conn.retrieve('Lead', id)), { message: 'entity is deleted' })
  t.match(conn.limitInfo.apiUsage, { used: Number, limit: 100_000 })
  t.strictSame(
    sf.events.published.map((event) => (event.payload as Record<string, string>)['Change_Type__c']),
    ['CREATE', 'UPDATE', 'UPDATE', 'DELETE'],
    'REST fires the same triggers',
  )
})

t.test('jsforce pages through a query, deleted rows with scanAll', async (t) => {
  const { sf, org } = await start(t, { batchSize: 200 })
  const ids = org.insert(
    'Account',
    Array.from({ length: 500 }, (_, i) => ({ Name: `A${i}` })),
    { silent: true },
  )
  org.delete('Account', ids.slice(0, 10))
  const conn = new Connection({ version: '67.0', instanceUrl: sf.url, accessToken: await getToken(sf) })
  const living = await conn.query('SELECT Id FROM Account', { autoFetch: true, maxFetch: 10_000 })
  t.equal(living.records.length, 490)
  const all = await conn.query('SELECT Id FROM Account', { autoFetch: true, maxFetch: 10_000, scanAll: true })
  t.equal(all.records.length, 500)
  t.equal(sf.calls.count('queryMore'), 4)
})

t.test('getDeleted lists soft and hard deletes of its window', async (t) => {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const { org, rest } = await start(t, { now: () => time })
  const [a = '', b = '', c = ''] = org.insert(
    'Lead',
    ['A', 'B', 'C'].map((LastName) => ({ LastName, Company: 'x' })),
  )
  org.delete('Lead', a)
  time += 3_600_000
  org.delete('Lead', b)
  org.hardDelete('Lead', c)
  const window = (start: string, end: string) =>
    rest(`sobjects/Lead/deleted?start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`)
  const { json } = await window('2026-11-23T10:30:00+00:00', '2026-11-23T12:00:00+00:00')
  t.match(json, {
    deletedRecords: [{ id: b, deletedDate: '2026-11-23T11:00:00.000+0000' }, { id: c }],
    earliestDateAvailable: String,
    latestDateCovered: String,
  })
  t.match(await window('x', 'y'), { status: 400, json: [{ errorCode: 'INVALID_REPLICATION_DATE' }] })
  t.match(await window('2026-08-01T00:00:00Z', '2026-11-23T00:00:00Z'), { status: 400 })
  t.equal((await rest(soql('SELECT Id FROM Lead').replace('query', 'queryAll'))).text.includes(c), false)
})

t.test('withheld objects and fields are as if they were not there', async (t) => {
  const { sf, rest } = await start(t)
  const object = sf.faults.withhold('Opportunity')
  t.match((await rest(soql('SELECT Id FROM Opportunity'))).json, [{ errorCode: 'INVALID_TYPE' }])
  t.equal((await rest('sobjects/Opportunity/describe')).status, 404)
  const field = sf.faults.withhold('Lead', 'Email')
  t.match((await rest(soql('SELECT Email FROM Lead'))).json, [{ errorCode: 'INVALID_FIELD' }])
  t.notMatch((await rest('sobjects/Lead/describe')).text, '"name":"Email"')
  object.remove()
  field.remove()
  t.equal((await rest(soql('SELECT Id FROM Opportunity'))).status, 200)
  t.equal((await rest(soql('SELECT Email FROM Lead'))).status, 200)
})

t.test('hidden rows are in no answer, not even through a parent', async (t) => {
  const { org, rest } = await start(t)
  const account = org.insert('Account', { Name: 'Secret' })
  org.insert('Contact', { LastName: 'A', AccountId: account })
  org.hide('Account', account)
  t.match((await rest(soql('SELECT Id FROM Account').replace('query', 'queryAll'))).json, { totalSize: 0 })
  t.match((await rest(soql('SELECT Account.Name FROM Contact'))).json, { records: [{ Account: null }] })
})
