import { parse } from 'csv-parse/sync'
import { Connection } from 'jsforce'
import t, { type Test } from 'tap'
import { startSalesforce, type SalesforceOptions } from './index.ts'
import { createRest, getToken } from './wire.ts'

async function start(t: Test, options: SalesforceOptions = {}) {
  const sf = await startSalesforce({ bulkStepMs: 5, ...options })
  t.teardown(() => sf.close())
  const rest = await createRest(sf)
  const create = async (query: string, more = {}) =>
    (await rest('jobs/query', { json: { operation: 'query', query, ...more } })).json as {
      id: string
      state: string
    }
  const finish = async (id: string) => {
    for (let i = 0; i < 200; i++) {
      const { state } = (await rest(`jobs/query/${id}`)).json as { state: string }
      if (state !== 'UploadComplete' && state !== 'InProgress') return state
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return 'never'
  }
  return { sf, org: sf.org, rest, create, finish }
}

const accounts = (count: number) => Array.from({ length: count }, (_, i) => ({ Name: `A${i}` }))

t.test('a job goes from UploadComplete over InProgress to JobComplete', async (t) => {
  const { sf, org, rest, create } = await start(t, { bulkStepMs: 1_000_000 })
  org.insert('Account', accounts(3))
  const job = await create('SELECT Id FROM Account')
  t.match(job, {
    id: /^750/,
    state: 'UploadComplete',
    operation: 'query',
    object: 'Account',
    contentType: 'CSV',
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
  })
  const look = async () => ((await rest(`jobs/query/${job.id}`)).json as { state: string }).state
  t.match(await rest(`jobs/query/${job.id}/results`), {
    status: 400,
    json: [{ errorCode: 'INVALIDJOBSTATE' }],
  })
  t.equal(await look(), 'UploadComplete')
  await new Promise((resolve) => setTimeout(resolve, 20))
  const { totalProcessingTime: elapsed } = (await rest(`jobs/query/${job.id}`)).json as Record<string, number>
  // Longer ago than one step, however slow this machine is, not as long as two.
  sf.options.bulkStepMs = elapsed! - 1
  const states = [await look()]
  sf.options.bulkStepMs = 0
  states.push(await look())
  t.equal(states[1], 'JobComplete')
  t.ok(states[0] === 'InProgress' || elapsed! < 2, 'seen on the way')
})

t.test('results are quoted CSV in pages with locators; the last says null', async (t) => {
  const { org, rest, create, finish } = await start(t, { now: () => Date.parse('2026-11-23T10:00:00Z') })
  org.insert('Account', [{ Name: 'Say "hi",\nyou' }, { Name: 'B', NumberOfEmployees: 0 }, { Name: 'C' }])
  const { id } = await create('SELECT Name, NumberOfEmployees, IsDeleted, CreatedDate FROM Account')
  t.equal(await finish(id), 'JobComplete')
  const first = await rest(`jobs/query/${id}/results?maxRecords=2`)
  t.equal(first.headers.get('sforce-numberofrecords'), '2')
  t.match(first.headers.get('content-type'), 'text/csv')
  t.equal(
    first.text,
    [
      '"Name","NumberOfEmployees","IsDeleted","CreatedDate"',
      '"Say ""hi"",\nyou","","false","2026-11-23T10:00:00.000Z"',
      '"B","0","false","2026-11-23T10:00:00.000Z"',
      '',
    ].join('\n'),
  )
  const locator = first.headers.get('sforce-locator')
  t.not(locator, 'null')
  const second = await rest(`jobs/query/${id}/results?maxRecords=2&locator=${locator}`)
  t.equal(second.headers.get('sforce-locator'), 'null')
  t.equal(parse<{ Name: string }>(second.text, { columns: true })[0]!.Name, 'C')
  t.match(await rest(`jobs/query/${id}/results?locator=x`), { status: 400 })
})

// jsforce 3.10.26 pipes every page with `end`, so a second page is "write after end": one page only.
t.test('jsforce reads a page; queryAll includes deleted rows', async (t) => {
  const { sf, org } = await start(t)
  const ids = org.insert('Account', accounts(1_000), { silent: true })
  org.delete('Account', ids[0]!)
  const conn = new Connection({ version: '67.0', instanceUrl: sf.url, accessToken: await getToken(sf) })
  const read = async (scanAll: boolean) => {
    const stream = await conn.bulk2.query('SELECT Id, Name FROM Account', { pollInterval: 5, scanAll })
    return (await stream.toArray()).length
  }
  t.equal(await read(false), 999)
  t.equal(await read(true), 1_000)
})

t.test('bad statements and aggregates are refused at once', async (t) => {
  const { create, rest } = await start(t)
  t.match(await create('SELECT Nothing FROM Account'), [{ errorCode: 'INVALID_FIELD' }])
  t.match(await create('nonsense'), [{ errorCode: 'MALFORMED_QUERY' }])
  t.match(await create('SELECT COUNT() FROM Account'), [{ errorCode: 'INVALIDJOB' }])
  t.match(await create('SELECT Id FROM Account', { operation: 'insert' }), [{ errorCode: 'INVALIDJOB' }])
  t.match(await rest('jobs/query/750xx0000000zzzAAA'), { status: 404 })
})

t.test('jobs can be aborted, and deleted when they are done', async (t) => {
  const { rest, create, finish } = await start(t, { bulkStepMs: 500 })
  const slow = await create('SELECT Id FROM Account')
  t.match(await rest(`jobs/query/${slow.id}`, { method: 'DELETE' }), { status: 400 })
  t.match((await rest(`jobs/query/${slow.id}`, { method: 'PATCH', json: { state: 'Aborted' } })).json, {
    state: 'Aborted',
  })
  t.equal(await finish(slow.id), 'Aborted')
  t.equal((await rest(`jobs/query/${slow.id}`, { method: 'DELETE' })).status, 204)
  t.equal((await rest(`jobs/query/${slow.id}`)).status, 404)
})

t.test('a job can fail, a page can be cut in the middle of a row', async (t) => {
  const { sf, org, rest, create, finish } = await start(t)
  org.insert('Account', accounts(100), { silent: true })
  sf.faults.failBulkJob({ errorMessage: 'InternalServerError' })
  const failed = await create('SELECT Id FROM Account')
  t.equal(await finish(failed.id), 'Failed')
  t.match((await rest(`jobs/query/${failed.id}`)).json, { errorMessage: 'InternalServerError' })

  const { id } = await create('SELECT Id, Name FROM Account')
  await finish(id)
  sf.faults.cutBulkCsv()
  const cut = await rest(`jobs/query/${id}/results`)
  t.equal(cut.headers.get('sforce-numberofrecords'), '100')
  t.ok(cut.text.split('\n').length < 60)
  t.notMatch(cut.text, /\n$/)
  sf.faults.cutBulkCsv({ bare: true })
  const bare = await rest(`jobs/query/${id}/results`)
  t.equal(bare.headers.get('sforce-numberofrecords'), null)
  t.equal(bare.headers.get('sforce-locator'), null)
  t.equal(bare.text.split('\n').length, 52, 'whole rows, as if they were all')
  t.match(bare.text, /\n$/)
  sf.faults.cutBulkCsv({ drop: true })
  await t.rejects(rest(`jobs/query/${id}/results`))
  t.equal((await rest(`jobs/query/${id}/results`)).text.split('\n').length, 102)
})
