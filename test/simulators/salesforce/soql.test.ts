import t, { type Test } from 'tap'
import { startSalesforce } from './index.ts'
import { createRest, soql } from './wire.ts'

interface Page {
  totalSize: number
  done: boolean
  nextRecordsUrl?: string
  records: Array<Record<string, unknown>>
}

async function start(t: Test) {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const sf = await startSalesforce({ now: () => time })
  t.teardown(() => sf.close())
  const rest = await createRest(sf)
  const { org } = sf
  const [anna = '', bo = ''] = org.insert('User', [
    { FirstName: 'Anna', LastName: 'Lind', Username: 'a@x.example', Email: 'a@x.example' },
    { FirstName: 'Bo', LastName: 'Ek', Username: 'b@x.example', Email: 'b@x.example' },
  ])
  const tick = (ms = 1_000) => (time += ms)
  const query = async (text: string, resource = 'query') => {
    const answer = await rest(soql(text).replace('query', resource))
    return { ...answer, page: answer.json as Page }
  }
  const names = async (where: string) => {
    const { page, json } = await query(`SELECT LastName FROM Lead WHERE ${where} ORDER BY LastName`)
    if (!page.records) throw new Error(JSON.stringify(json))
    return page.records.map((record) => record['LastName']).join(' ')
  }
  const code = async (text: string) => {
    const { status, json } = await query(text)
    const [error] = json as Array<{ errorCode: string; message: string }>
    return { status, ...error }
  }
  return { sf, org, rest, query, names, code, tick, anna, bo }
}

t.test('conditions find what they say', async (t) => {
  const { org, names, anna, bo } = await start(t)
  org.insert('Lead', [
    { LastName: 'Alpha', Company: 'Acme', Email: 'alpha@x.example', AnnualRevenue: 10, OwnerId: anna },
    { LastName: 'beta', Company: "O'Kon", DoNotCall: true, AnnualRevenue: 20, OwnerId: bo },
    { LastName: 'Gamma', Company: '100% wool_', Title: 'x\ny', OwnerId: bo },
  ])
  t.equal(await names("LastName = 'ALPHA'"), 'Alpha', 'text compares without case')
  t.equal(await names("LastName != 'alpha'"), 'beta Gamma')
  t.equal(await names('AnnualRevenue > 10'), 'beta')
  t.equal(await names('AnnualRevenue >= 10 AND AnnualRevenue < 20.0'), 'Alpha')
  t.equal(await names('AnnualRevenue <= 10 OR DoNotCall = true'), 'Alpha beta')
  t.equal(await names('NOT DoNotCall = true'), 'Alpha Gamma')
  t.equal(await names('DoNotCall = false'), 'Alpha Gamma')
  t.equal(await names('AnnualRevenue = null'), 'Gamma')
  t.equal(await names('AnnualRevenue != null'), 'Alpha beta')
  t.equal(await names("Email = ''"), 'beta Gamma', 'an empty text is null')
  t.equal(await names("Company = 'O\\'Kon'"), 'beta', 'escapes')
  t.equal(await names("Title = 'x\\ny'"), 'Gamma')
  t.equal(await names("Company LIKE '%K__'"), 'beta')
  t.equal(await names("Company LIKE '100\\% wool\\_'"), 'Gamma')
  t.equal(await names("LastName IN ('alpha', 'GAMMA')"), 'Alpha Gamma')
  t.equal(await names("Title NOT IN ('nothing')"), 'Alpha beta Gamma', 'NOT IN finds null too')
  t.equal(await names(`OwnerId = '${anna.slice(0, 15)}'`), 'Alpha', 'ids of 15 characters')
  t.equal(
    await names(`OwnerId IN ('${anna}', '${bo}') AND (DoNotCall = true OR AnnualRevenue = 10)`),
    'Alpha beta',
  )
  t.equal(await names("Owner.Name LIKE 'bo%'"), 'beta Gamma', 'through a parent')
  t.equal(await names(`OwnerId IN (SELECT Id FROM User WHERE FirstName = 'Anna')`), 'Alpha', 'semi-join')
  t.equal(await names('CreatedDate = TODAY AND CreatedDate = LAST_N_DAYS:3'), 'Alpha beta Gamma')
  t.equal(await names('CreatedDate < TODAY'), '')
})

t.test('parents show as nested records, absent ones as null', async (t) => {
  const { org, query, anna } = await start(t)
  const account = org.insert('Account', { Name: 'Acme', OwnerId: anna })
  org.insert('Contact', [
    { LastName: 'A', AccountId: account, OwnerId: anna },
    { LastName: 'B', OwnerId: anna },
  ])
  const { page } = await query(
    'SELECT LastName, Account.Name, Account.Owner.Email FROM Contact ORDER BY LastName',
  )
  t.match(page.records[0], {
    attributes: { type: 'Contact', url: /^\/services\/data\/v67\.0\/sobjects\/Contact\/003/ },
    Account: {
      attributes: { type: 'Account' },
      Name: 'Acme',
      Owner: { attributes: { type: 'User' }, Email: 'a@x.example' },
    },
  })
  t.equal(page.records[1]!['Account'], null)
})

t.test('rows come in the order asked for, nulls first', async (t) => {
  const { org, query } = await start(t)
  org.insert('Lead', [
    { LastName: 'B', Company: 'x', AnnualRevenue: 1 },
    { LastName: 'a', Company: 'x', AnnualRevenue: 1 },
    { LastName: 'C', Company: 'y' },
  ])
  const order = async (clause: string) => {
    const { page } = await query(`SELECT LastName FROM Lead ORDER BY ${clause}`)
    return page.records.map((record) => record['LastName']).join('')
  }
  t.equal(await order('AnnualRevenue, LastName'), 'CaB')
  t.equal(await order('AnnualRevenue ASC NULLS LAST, LastName DESC'), 'BaC')
  t.equal(await order('LastName LIMIT 2'), 'aB')
  t.equal(await order('LastName LIMIT 2 OFFSET 1'), 'BC')
  t.equal(await order('Id DESC'), 'CaB')
})

t.test('paging by (SystemModstamp, Id) reads each row once', async (t) => {
  const { org, query, tick } = await start(t)
  const all: string[] = []
  for (let i = 0; i < 6; i++) {
    all.push(...org.insert('Account', [{ Name: `${i}a` }, { Name: `${i}b` }, { Name: `${i}c` }]))
    tick(i % 2 === 0 ? 0 : 1_000)
  }
  org.update('Account', all[0]!, { Name: 'moved' })
  const seen: string[] = []
  let where = 'SystemModstamp >= 2026-11-23T09:40:00.000Z'
  for (;;) {
    const { page } = await query(
      `SELECT Id, SystemModstamp FROM Account WHERE ${where} ORDER BY SystemModstamp ASC, Id ASC LIMIT 4`,
    )
    seen.push(...page.records.map((record) => String(record['Id'])))
    const last = page.records.at(-1)
    if (!last || page.records.length < 4) break
    const stamp = String(last['SystemModstamp']).replace('+0000', 'Z')
    where = `(SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > '${String(last['Id'])}'))`
  }
  t.strictSame([...seen].sort(), [...all].sort())
  t.equal(seen.at(-1), all[0])
})

t.test('a span of SystemModstamp holds its edges and nothing else', async (t) => {
  const { org, query, tick } = await start(t)
  for (const name of ['A', 'B', 'C', 'D', 'E']) {
    org.insert('Account', { Name: name })
    tick()
  }
  const span = async (where: string) => {
    const { page } = await query(`SELECT Name FROM Account WHERE ${where}`)
    return page.records.map((record) => record['Name']).join('')
  }
  const at = (second: number) => `2026-11-23T10:00:0${second}Z`
  t.equal(await span(`SystemModstamp >= ${at(1)} AND SystemModstamp <= ${at(3)}`), 'BCD')
  t.equal(await span(`SystemModstamp > ${at(1)} AND SystemModstamp < ${at(3)}`), 'C')
  t.equal(await span(`SystemModstamp = ${at(2)}`), 'C')
  t.equal(await span(`(SystemModstamp < ${at(1)} OR SystemModstamp >= ${at(4)}) AND Name != 'x'`), 'AE')
  t.equal(await span(`SystemModstamp >= ${at(1)} AND (Name = 'A' OR Name = 'B')`), 'B')
})

t.test('pages follow nextRecordsUrl; batchSize is kept between 200 and 2,000', async (t) => {
  const { org, rest } = await start(t)
  org.insert(
    'Account',
    Array.from({ length: 450 }, (_, i) => ({ Name: `A${i}` })),
    { silent: true },
  )
  const first = await rest(soql('SELECT Id FROM Account'), {
    headers: { 'Sforce-Query-Options': 'batchSize=20' },
  })
  const page = first.json as Page
  t.match(page, {
    totalSize: 450,
    done: false,
    nextRecordsUrl: /^\/services\/data\/v67\.0\/query\/0r8\w+-200$/,
  })
  t.equal(page.records.length, 200)
  const second = (await rest(page.nextRecordsUrl!)).json as Page
  const third = (await rest(second.nextRecordsUrl!)).json as Page
  t.match(third, { done: true, nextRecordsUrl: undefined })
  t.equal(new Set([...page.records, ...second.records, ...third.records].map((r) => r['Id'])).size, 450)
  t.match((await rest('query/0r8xxnothing-200')).json, [{ errorCode: 'INVALID_QUERY_LOCATOR' }])
})

t.test('aggregates count, group and compare', async (t) => {
  const { org, query } = await start(t)
  const stage = (StageName: string, Amount: number) => ({
    Name: 'x',
    StageName,
    Amount,
    CloseDate: '2026-12-01',
  })
  org.insert('Opportunity', [stage('Prospecting', 1), stage('Prospecting', 2), stage('Closed Won', 5)])
  t.match((await query('SELECT COUNT() FROM Opportunity')).page, { totalSize: 3, done: true, records: [] })
  t.match((await query('SELECT COUNT(Id), MAX(Amount) most FROM Opportunity')).page.records, [
    { attributes: { type: 'AggregateResult' }, expr0: 3, most: 5 },
  ])
  t.match((await query('SELECT StageName, SUM(Amount) s FROM Opportunity GROUP BY StageName')).page.records, [
    { StageName: 'Prospecting', s: 3 },
    { StageName: 'Closed Won', s: 5 },
  ])
})

t.test('query leaves deleted rows out, queryAll has them', async (t) => {
  const { org, query } = await start(t)
  const [a = ''] = org.insert('Account', [{ Name: 'A' }, { Name: 'B' }])
  org.delete('Account', a)
  t.equal((await query('SELECT Id FROM Account')).page.totalSize, 1)
  const { page } = await query('SELECT Id, IsDeleted FROM Account WHERE IsDeleted = true', 'queryAll')
  t.match(page.records, [{ Id: a, IsDeleted: true }])
})

t.test('malformed statements are refused with their codes', async (t) => {
  const { code } = await start(t)
  const malformed = [
    'SELECT FROM Lead',
    'SELECT Id Lead',
    'SELECT Id FROM Lead WHERE',
    "SELECT Id FROM Lead WHERE LastName = 'x",
    "SELECT Id FROM Lead WHERE LastName = 'x' AND Title = 'y' OR City = 'z'",
    "SELECT Id FROM Lead WHERE LastName = '\\q'",
    'SELECT Id FROM Lead LIMIT x',
    'SELECT Id, Id FROM Lead',
    'SELECT Id FROM Lead ALL ROWS',
    'SELECT Id FROM Lead OFFSET 2001',
    `SELECT Id FROM Lead WHERE LastName = '${'x'.repeat(4_001)}'`,
  ]
  for (const text of malformed) t.match(await code(text), { status: 400, errorCode: 'MALFORMED_QUERY' }, text)
  t.match(await code('SELECT Nothing FROM Lead'), {
    errorCode: 'INVALID_FIELD',
    message: /^No such column 'Nothing'/,
  })
  t.match(await code('SELECT Nobody.Name FROM Lead'), {
    errorCode: 'INVALID_FIELD',
    message: /relationship 'Nobody'/,
  })
  t.match(await code('SELECT Id FROM Nothing'), { errorCode: 'INVALID_TYPE' })
  t.match(
    await code('SELECT Id, IsDeleted FROM User'),
    { errorCode: 'INVALID_FIELD' },
    'users have no IsDeleted',
  )
  t.match(await code("SELECT Id FROM Lead WHERE AnnualRevenue = '1'"), {
    message: /should not be enclosed in quotes/,
  })
  t.match(await code('SELECT Id FROM Lead WHERE LastName = 1'), { message: /should be enclosed in quotes/ })
  t.match(await code("SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01'"), { message: /type dateTime/ })
  t.match(await code("SELECT Id FROM Lead WHERE OwnerId = 'x'"), {
    errorCode: 'INVALID_QUERY_FILTER_OPERATOR',
  })
  t.match(await code("SELECT Id FROM Lead WHERE Description = 'x'"), { message: /can not be filtered/ })
  t.match(await code('SELECT Id FROM Lead ORDER BY Description'), { message: /can not be sorted/ })
})

t.test('a URL over 16,384 bytes is 414, a statement over 100,000 characters is malformed', async (t) => {
  const { rest, org } = await start(t)
  const ids = org.insert(
    'Account',
    Array.from({ length: 800 }, () => ({ Name: 'A' })),
    { silent: true },
  )
  const list = ids.map((id) => `'${id}'`).join(',')
  t.equal((await rest(soql(`SELECT Id FROM Account WHERE Id IN (${list})`))).status, 414)
  const job = await rest('jobs/query', {
    json: {
      operation: 'query',
      query: `SELECT Id FROM Account WHERE Id IN (${Array(6).fill(list).join(',')})`,
    },
  })
  t.match(job.json, [{ errorCode: 'MALFORMED_QUERY' }])
})
