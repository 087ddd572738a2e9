import t from 'tap'
import { createReader, type Position } from '../../src/salesforce/read.ts'
import { toId18 } from '../../src/salesforce/ids.ts'
import { connectScripted } from './fixtures/connection.ts'
import type { Asked, Reply } from './fixtures/scripted-server.ts'

function id(prefix: string, n: number): string {
  return toId18(prefix + String(n).padStart(12, '0'))!
}

function found(records: object[], totalSize = records.length): Reply {
  return { json: { totalSize, done: true, records } }
}

function idsIn({ query }: Asked): string[] {
  return [...(query.get('q') ?? '').matchAll(/'(\w{18})'/g)].map((match) => match[1]!)
}

t.test('what retrieve does not show is told apart: deleted, merged, unreadable', async (t) => {
  const [live, deleted, merged, gone, master] = [1, 2, 3, 4, 5].map((n) => id('003', n)) as [
    string,
    string,
    string,
    string,
    string,
  ]
  const { salesforce, server } = await connectScripted(t, ({ method, body }) => {
    if (method === 'POST') {
      const { ids } = JSON.parse(body) as { ids: string[] }
      return { json: ids.map((one) => (one === live ? { Id: live, Email: 'a@b.example' } : null)) }
    }
    return found([
      { Id: deleted, IsDeleted: true, MasterRecordId: null },
      { Id: merged, IsDeleted: true, MasterRecordId: master.slice(0, 15) },
    ])
  })
  const readings = await createReader(salesforce).read('Contact', [live, deleted, merged, gone], ['Email'])
  t.match(readings.get(live), { state: 'live', row: { Email: 'a@b.example' } })
  t.match(readings.get(deleted), { state: 'deleted', masterRecordId: null })
  t.match(readings.get(merged), { state: 'deleted', masterRecordId: master })
  t.same(readings.get(gone), { state: 'unreadable' })
  const query = server.asked.at(-1)!
  t.equal(query.path, '/services/data/v67.0/queryAll')
  t.match(query.query.get('q'), 'SELECT Id, IsDeleted, MasterRecordId FROM Contact WHERE Id IN (')
  t.same(idsIn(query), [deleted, merged, gone])
})

t.test('a record that was undeleted in between is read again', async (t) => {
  const one = id('00Q', 1)
  let retrieves = 0
  const { salesforce } = await connectScripted(t, ({ method }) => {
    if (method !== 'POST') return found([{ Id: one, IsDeleted: false, MasterRecordId: null }])
    retrieves += 1
    return { json: [retrieves === 1 ? null : { Id: one, Email: 'x@y.example' }] }
  })
  t.match((await createReader(salesforce).read('Lead', [one], ['Email'])).get(one), { state: 'live' })
})

t.test('a record that a query shows but that can not be retrieved is not called deleted', async (t) => {
  const one = id('00Q', 1)
  const { salesforce } = await connectScripted(t, ({ method }) =>
    method === 'POST' ? { json: [null] } : found([{ Id: one, IsDeleted: false, MasterRecordId: null }]),
  )
  t.same((await createReader(salesforce).read('Lead', [one], [])).get(one), { state: 'unreadable' })
})

t.test('only the ids that a condition lets in match it', async (t) => {
  const [one, two] = [id('00Q', 1), id('00Q', 2)]
  const { salesforce, server } = await connectScripted(t, () => found([{ Id: two }]))
  t.same(await createReader(salesforce).matching('Lead', [one, two], "Country = 'DE'"), new Set([two]))
  t.match(server.asked.at(-1)?.query.get('q'), `WHERE Id IN ('${one}','${two}') AND (Country = 'DE')`)
})

t.test('conversion is read with every Lead', async (t) => {
  const one = id('00Q', 1)
  const { salesforce, server } = await connectScripted(t, () => ({ json: [{ Id: one, IsConverted: true }] }))
  await createReader(salesforce).read('Lead', [one], ['Email'])
  t.match((JSON.parse(server.asked.at(-1)!.body) as { fields: string[] }).fields, [
    'Id',
    'Email',
    'IsConverted',
    'ConvertedContactId',
    'ConvertedAccountId',
    'ConvertedOpportunityId',
  ])
})

t.test(
  'deleted rows of users and of objects without a master are asked for without fields they lack',
  async (t) => {
    const { salesforce, server } = await connectScripted(t, ({ method }) =>
      method === 'POST' ? { json: [null] } : found([]),
    )
    const reader = createReader(salesforce)
    await reader.read('User', [id('005', 1)], [])
    t.match(server.asked.at(-1)?.query.get('q'), 'SELECT Id FROM User')
    await reader.read('OpportunityContactRole', [id('00K', 1)], [])
    t.match(server.asked.at(-1)?.query.get('q'), 'SELECT Id, IsDeleted FROM OpportunityContactRole')
  },
)

t.test(
  'ids go into queries in chunks below the limit of a condition, and nothing but ids goes in',
  async (t) => {
    const { salesforce, server } = await connectScripted(t, (asked) =>
      found(idsIn(asked).map((contact, i) => ({ Id: id('00Q', i), ConvertedContactId: contact }))),
    )
    const contacts = Array.from({ length: 401 }, (_, i) => id('003', i))
    const leads = await createReader(salesforce).convertedFrom([...contacts, "x' OR Id != '", contacts[0]!])
    t.equal(leads.size, 401)
    t.same(leads.get(contacts[3]!), [id('00Q', 3)])
    const queries = server.asked.slice(1).map(({ query }) => query.get('q') ?? '')
    t.equal(queries.length, 3)
    for (const query of queries) {
      t.match(query, 'IsConverted = true AND ConvertedContactId IN (')
      t.notMatch(query, ' OR ')
      t.ok(query.length < 4_000)
    }
  },
)

t.test(
  'changes are walked by time and id, across rows with one time, and go on from any position',
  async (t) => {
    const stamps = ['10:00:00.000', '10:00:00.000', '10:00:00.000', '10:00:05.000', '10:00:06.000']
    const rows = stamps.map((time, i) => ({
      Id: id('00Q', i),
      SystemModstamp: `2026-11-23T${time}+0000`,
      IsDeleted: i === 4,
    }))
    const { salesforce, server } = await connectScripted(t, ({ query }) => {
      const soql = query.get('q') ?? ''
      const after = /SystemModstamp > (\S+) .* Id > '(\w+)'/.exec(soql)
      const left = rows.filter((row) => {
        if (!after) return true
        const stamp = new Date(row.SystemModstamp.replace('+0000', 'Z')).toISOString()
        return stamp > after[1]! || (stamp === after[1] && row.Id > after[2]!)
      })
      return found(left.slice(0, 2))
    })
    const reader = createReader(salesforce)
    const walk = async (from: Date | Position): Promise<{ ids: string[]; last: unknown }> => {
      const ids: string[] = []
      let last: unknown
      for await (const page of reader.changedSince('Lead', from, {
        deleted: true,
        pageSize: 2,
        scope: "Country = 'DE'",
      })) {
        ids.push(...page.rows.map((row) => `${row.id}${row.deleted ? ' deleted' : ''}`))
        last = page.last
      }
      return { ids, last }
    }
    const whole = await walk(new Date('2026-11-23T09:00:00Z'))
    t.same(whole.ids, [0, 1, 2, 3].map((n) => id('00Q', n)).concat(`${id('00Q', 4)} deleted`))
    t.same(whole.last, { stamp: '2026-11-23T10:00:06.000Z', id: id('00Q', 4) })
    t.equal(
      server.asked[1]?.query.get('q'),
      "SELECT Id, SystemModstamp, IsDeleted FROM Lead WHERE (SystemModstamp >= 2026-11-23T09:00:00.000Z) AND (Country = 'DE') ORDER BY SystemModstamp, Id LIMIT 2",
    )
    const rest = await walk({ stamp: '2026-11-23T10:00:00.000Z', id: id('00Q', 1) })
    t.equal(rest.ids.length, 3)
  },
)

t.test(
  'rows that can not be understood stop the walk instead of ending it as if all were read',
  async (t) => {
    const { salesforce } = await connectScripted(t, () => found([{ Id: 'x', SystemModstamp: null }]))
    const walk = async (): Promise<void> => {
      for await (const page of createReader(salesforce).changedSince('Lead', new Date(0), { deleted: false }))
        void page
    }
    await t.rejects(walk(), { code: 'salesforce_unreachable' })
  },
)

t.test('all ids come in pages while they are few, and go on from the last one', async (t) => {
  const ids = Array.from({ length: 4_500 }, (_, i) => id('001', i))
  const { salesforce, server } = await connectScripted(t, ({ query }) => {
    const soql = query.get('q') ?? ''
    if (soql.includes('COUNT()')) return found([], ids.length)
    const after = /Id > '(\w+)'/.exec(soql)?.[1] ?? ''
    return found(
      ids
        .filter((one) => one > after)
        .slice(0, 2_000)
        .map((Id) => ({ Id })),
    )
  })
  const reader = createReader(salesforce)
  const read = async (options: {
    locator?: string
  }): Promise<{ ids: string[]; locators: (string | null)[] }> => {
    const all: string[] = []
    const locators: (string | null)[] = []
    for await (const page of reader.allIds('Account', undefined, options)) {
      all.push(...page.ids)
      locators.push(page.locator)
      t.equal(page.jobId, null)
    }
    return { ids: all, locators }
  }
  const whole = await read({})
  t.same(whole.ids, ids)
  t.same(whole.locators, [ids[1_999], ids[3_999], null])
  t.same((await read({ locator: ids[3_999]! })).ids, ids.slice(4_000))
  t.equal(await reader.count('Account', new Date(0), 'IsPersonAccount = false'), 4_500)
  t.equal(
    server.asked.at(-1)?.query.get('q'),
    'SELECT COUNT() FROM Account WHERE (SystemModstamp >= 1970-01-01T00:00:00.000Z) AND (IsPersonAccount = false)',
  )
})

t.test('above 10,000 rows all ids come from a bulk job', async (t) => {
  const { salesforce } = await connectScripted(t, ({ method, path }): Reply => {
    if (method === 'POST') return { json: { id: '7501', state: 'UploadComplete' } }
    if (path.endsWith('/results'))
      return {
        text: `"Id"\n"${id('001', 1)}"\n`,
        headers: { 'sforce-locator': 'null', 'sforce-numberofrecords': '1' },
      }
    if (path.includes('/jobs/')) return { json: { id: '7501', state: 'JobComplete' } }
    return found([], 10_001)
  })
  const pages = []
  for await (const page of createReader(salesforce).allIds('Account')) pages.push(page)
  t.same(pages, [
    { ids: [], jobId: '7501', locator: null, done: false },
    { ids: [id('001', 1)], jobId: '7501', locator: null, done: true },
  ])
})
