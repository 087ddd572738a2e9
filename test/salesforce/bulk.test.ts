import t from 'tap'
import type { BulkPage } from '../../src/salesforce/connect.ts'
import { connectScripted } from './fixtures/connection.ts'
import type { Asked, Reply } from './fixtures/scripted-server.ts'

const JOB = '7500000000000001AA'
const LEADS = { columns: ['Id'], from: 'Lead' }

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
  t.same(await all(salesforce.bulkQuery(LEADS, { deleted: true })), [
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
  const found = await all(salesforce.bulkQuery(LEADS, { jobId: JOB, locator: 'MTAw' }))
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
    const found = await all(salesforce.bulkQuery({ columns: ['Id', 'Name'], from: 'Account' }))
    t.same(found.at(-1)?.rows, [
      { Id: '1', Name: 'Acme' },
      { Id: '2', Name: 'Umbrella' },
    ])
  })

for (const [name, { text, headers = {} }] of [
  ['is a web page of a proxy', { text: '<html><body>Busy</body></html>\n' }],
  ['is a line of JSON', { text: '{"status":"ok"}\n' }],
  ['is cut between two rows and has no headers', { text: '"Id","Name"\n"1","Acme"\n' }],
  [
    'does not say how many rows it has',
    { text: '"Id","Name"\n"1","Acme"\n', headers: { 'sforce-locator': 'null' } },
  ],
  [
    'does not say whether another one follows',
    { text: '"Id","Name"\n"1","Acme"\n', headers: { 'sforce-numberofrecords': '1' } },
  ],
  [
    'has other columns',
    { text: '"Id"\n"1"\n', headers: { 'sforce-numberofrecords': '1', 'sforce-locator': 'null' } },
  ],
] as [string, { text: string; headers?: Record<string, string> }][])
  t.test(`a page that ${name} is no last page, but read again`, async (t) => {
    const whole = {
      text: '"Id","Name"\n"1","Acme"\n"2","Umbrella"\n',
      headers: { 'sforce-locator': 'null', 'sforce-numberofrecords': '2' },
    }
    const { salesforce } = await connectScripted(
      t,
      job({ page: (_, ask) => (ask === 1 ? { text, headers } : whole) }),
    )
    const found = await all(salesforce.bulkQuery({ columns: ['Id', 'Name'], from: 'Account' }))
    t.strictSame(
      found.flatMap(({ rows }) => rows),
      [
        { Id: '1', Name: 'Acme' },
        { Id: '2', Name: 'Umbrella' },
      ],
    )
  })

t.test('an answer that never is a page of results fails, and ends no walk', async (t) => {
  const { salesforce } = await connectScripted(t, job({ page: () => ({ text: '<html></html>\n' }) }))
  await t.rejects(all(salesforce.bulkQuery(LEADS)), {
    code: 'salesforce_unreachable',
    message: /a web page instead of data.*read results of bulk query/,
  })
})

for (const text of ['"Id"\n', ''])
  t.test(`no rows at all are ${text === '' ? 'nothing' : 'the columns alone'}`, async (t) => {
    const headers = { 'sforce-locator': 'null', 'sforce-numberofrecords': '0' }
    const { salesforce } = await connectScripted(t, job({ page: () => ({ text, headers }) }))
    t.strictSame((await all(salesforce.bulkQuery(LEADS))).at(-1), {
      rows: [],
      jobId: JOB,
      locator: null,
      done: true,
    })
  })

for (const state of ['Failed', 'Aborted'])
  t.test(`a job that is ${state} is told with Salesforce's words`, async (t) => {
    const { salesforce } = await connectScripted(t, job({ states: [state], errorMessage: 'query timed out' }))
    await t.rejects(all(salesforce.bulkQuery(LEADS)), {
      code: 'salesforce_bulk_failed',
      message: /query timed out/,
    })
  })

for (const [status, errorCode] of [
  [404, 'NOT_FOUND'],
  [409, 'INVALIDJOB'],
] as const)
  t.test(`a job whose results are not to be had any more (${status}) is told as expired`, async (t) => {
    const gone: Reply = { status, json: [{ errorCode, message: 'gone' }] }
    const { salesforce } = await connectScripted(t, () => gone)
    await t.rejects(all(salesforce.bulkQuery(LEADS, { jobId: JOB, locator: 'MTAw' })), {
      code: 'salesforce_bulk_expired',
    })
  })

t.test('a job that never ends is given up, and waiting ends when aborted', async (t) => {
  const { salesforce } = await connectScripted(t, job({ states: ['InProgress'] }), {
    bulk: { pollFirstMs: 5, pollCapMs: 10, giveUpMs: 60 },
  })
  await t.rejects(all(salesforce.bulkQuery(LEADS)), { code: 'salesforce_bulk_slow' })
  await t.rejects(all(salesforce.bulkQuery(LEADS, { signal: AbortSignal.timeout(20) })), {
    name: 'TimeoutError',
  })
})
