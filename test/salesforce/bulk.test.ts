import t from 'tap'
import type { BulkPage } from '../../src/salesforce/connect.ts'
import { connectScripted } from './fixtures/connection.ts'
import type { Asked, Reply } from './fixtures/scripted-server.ts'

const JOB = '7500000000000001AA'

interface Script {
  states?: string[]
  errorMessage?: string
  page?: (locator: string | null, ask: number) => Reply
}

/** A job over two pages: Ids 1 and 2, then 3. */
function job({
  states = ['UploadComplete', 'InProgress', 'JobComplete'],
  errorMessage,
  page = pages,
}: Script = {}) {
  let polls = 0
  let asks = 0
  return ({ method, path, query }: Asked): Reply => {
    if (method === 'POST') return { json: { id: JOB, state: 'UploadComplete' } }
    if (path.endsWith('/results')) return page(query.get('locator'), (asks += 1))
    const state = states[Math.min(polls, states.length - 1)]
    polls += 1
    return { json: { id: JOB, state, errorMessage } }
  }
}

function pages(locator: string | null): Reply {
  return locator === null
    ? { text: '"Id"\n"1"\n"2"\n', headers: { 'sforce-locator': 'MTAw', 'sforce-numberofrecords': '2' } }
    : { text: '"Id"\n"3"\n', headers: { 'sforce-locator': 'null', 'sforce-numberofrecords': '1' } }
}

async function all(iterable: AsyncIterable<BulkPage>): Promise<BulkPage[]> {
  const found: BulkPage[] = []
  for await (const page of iterable) found.push(page)
  return found
}

t.test('a bulk query is started, awaited, and read page by page', async (t) => {
  const { salesforce, server } = await connectScripted(t, job())
  t.same(await all(salesforce.bulkQuery('SELECT Id FROM Lead', { deleted: true })), [
    { rows: [], jobId: JOB, locator: null, done: false },
    { rows: [{ Id: '1' }, { Id: '2' }], jobId: JOB, locator: 'MTAw', done: false },
    { rows: [{ Id: '3' }], jobId: JOB, locator: null, done: true },
  ])
  t.match(JSON.parse(server.asked[1]!.body), {
    operation: 'queryAll',
    query: 'SELECT Id FROM Lead',
    columnDelimiter: 'COMMA',
  })
  t.equal(server.asked.at(-1)?.query.get('maxRecords'), '10000')
})

t.test('after a kill it goes on by job and locator, without a new job', async (t) => {
  const { salesforce, server } = await connectScripted(t, job())
  const found = await all(salesforce.bulkQuery('SELECT Id FROM Lead', { jobId: JOB, locator: 'MTAw' }))
  t.same(found, [{ rows: [{ Id: '3' }], jobId: JOB, locator: null, done: true }])
  t.notOk(server.asked.some(({ method, path }) => method === 'POST' && path.endsWith('/jobs/query')))
})

for (const [name, cut] of [
  ['in the middle of a row', { text: '"Id","Name"\n"1","Ac' }],
  ['between two rows', { text: '"Id","Name"\n"1","Acme"\n' }],
  ['by the connection', { text: '"Id","Name"\n"1","Acme"\n"2","Umbrella"\n', fate: 'cut' }],
  ['and is a web page', { text: '<html></html>' }],
] as [string, Reply][])
  t.test(`a page that is cut ${name} is read again`, async (t) => {
    const headers = { 'sforce-locator': 'null', 'sforce-numberofrecords': '2' }
    const { salesforce } = await connectScripted(
      t,
      job({
        page: (_, ask) =>
          ask < 3 ? { ...cut, headers } : { text: '"Id","Name"\n"1","Acme"\n"2","Umbrella"\n', headers },
      }),
    )
    const found = await all(salesforce.bulkQuery('SELECT Id, Name FROM Account'))
    t.same(found.at(-1)?.rows, [
      { Id: '1', Name: 'Acme' },
      { Id: '2', Name: 'Umbrella' },
    ])
  })

for (const state of ['Failed', 'Aborted'])
  t.test(`a job that is ${state} is told with Salesforce's words`, async (t) => {
    const { salesforce } = await connectScripted(t, job({ states: [state], errorMessage: 'query timed out' }))
    await t.rejects(all(salesforce.bulkQuery('SELECT Id FROM Lead')), {
      code: 'salesforce_bulk_failed',
      message: /query timed out/,
    })
  })

t.test('a job whose results are gone is told as expired', async (t) => {
  const gone: Reply = { status: 404, json: [{ errorCode: 'NOT_FOUND', message: 'gone' }] }
  const { salesforce } = await connectScripted(t, () => gone)
  await t.rejects(all(salesforce.bulkQuery('SELECT Id FROM Lead', { jobId: JOB, locator: 'MTAw' })), {
    code: 'salesforce_bulk_expired',
  })
})

t.test('a job that never ends is given up, and waiting ends when aborted', async (t) => {
  const { salesforce } = await connectScripted(t, job({ states: ['InProgress'] }), {
    bulk: { pollFirstMs: 5, pollCapMs: 10, giveUpMs: 60 },
  })
  await t.rejects(all(salesforce.bulkQuery('SELECT Id FROM Lead')), { code: 'salesforce_bulk_slow' })
  await t.rejects(all(salesforce.bulkQuery('SELECT Id FROM Lead', { signal: AbortSignal.timeout(20) })), {
    name: 'TimeoutError',
  })
})
