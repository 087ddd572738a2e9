import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSalesforce } from './index.ts'
import { loadExport } from './load-csv.ts'

async function load(t: Test, files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'export-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const sf = await startSalesforce()
  t.teardown(() => sf.close())
  const loaded = await loadExport(sf.org, folder)
  return { sf, org: sf.org, ...loaded }
}

const USER = '0055e000000024KAAQ'
const LEAD = '00Q5e000000024KEAQ'
const HEADER = 'Id,LastName,Company,OwnerId,DoNotCall,AnnualRevenue,Title,CreatedDate,SystemModstamp'

t.test('values are converted by the type of their field, without events', async (t) => {
  const { sf, org, counts } = await load(t, {
    'User.csv': `Id,LastName,IsActive,Email\n${USER},Lind,true,a@x.example\n`,
    'Lead.csv': `\uFEFF${HEADER}\n${LEAD.slice(0, 15)},"O""Kon","a,\nb",${USER},true,1.5,,2016-02-01T00:00:00.000+0000,2017-12-31T00:00:00.000Z\n`,
  })
  t.match(counts, { User: 1, Lead: 1, Account: 0 })
  t.match(org.get('Lead', LEAD), {
    Id: LEAD,
    LastName: 'O"Kon',
    Company: 'a,\nb',
    OwnerId: USER,
    DoNotCall: true,
    AnnualRevenue: 1.5,
    Title: null,
    CreatedDate: '2016-02-01T00:00:00.000+0000',
    SystemModstamp: '2017-12-31T00:00:00.000+0000',
    IsConverted: false,
  })
  t.equal(sf.events.published.length, 0)
})

t.test('a missing file is an empty object and a notice', async (t) => {
  const { org, notices } = await load(t, {})
  t.strictSame(
    notices.map(({ kind, file }) => `${kind} ${file}`),
    ['User', 'Account', 'Contact', 'Lead', 'Opportunity', 'OpportunityContactRole'].map(
      (object) => `missing-file ${object}.csv`,
    ),
  )
  t.equal(org.count('Lead'), 0)
})

t.test('unknown columns are ignored with one notice per file', async (t) => {
  const { org, notices } = await load(t, {
    'Lead.csv': `Id,LastName,Shoe_Size__c,Mood__c\n${LEAD},A,44,good\n`,
  })
  t.match(
    notices.filter(({ kind }) => kind === 'unknown-columns'),
    [{ file: 'Lead.csv', line: 1, reason: /Shoe_Size__c, Mood__c/ }],
  )
  t.equal(org.count('Lead'), 1)
})

t.test('a broken row is named with file, line and reason; its neighbours are loaded', async (t) => {
  const rows = [
    `${LEAD},"Good\nName",x`,
    'nonsense,A,x',
    ',A,x',
    '0015e000000024KAAQ,A,x',
    `${LEAD},Again,x`,
    '00Q5e000000024vEAA,too,many,values',
    '00Q5e000000024vEAA,B,x',
  ]
  const { org, notices } = await load(t, { 'Lead.csv': `Id,LastName,Company\n${rows.join('\n')}\n` })
  t.match(
    notices.filter(({ kind }) => kind === 'broken-row'),
    [
      { file: 'Lead.csv', line: 4, reason: 'nonsense is no Salesforce id' },
      { line: 5, reason: 'no Id' },
      { line: 6, reason: /is no id of Lead/ },
      { line: 7, reason: /is there already/ },
      { line: 8, reason: '4 values for 3 columns' },
    ],
  )
  t.equal(org.count('Lead'), 2)
})

t.test('wrong values and quotes break their row only', async (t) => {
  const { org, notices } = await load(t, {
    'Lead.csv': `${HEADER}\n${LEAD},A,x,,maybe,1,,,\n00Q5e000000024vEAA,B,x,,true,lots,,,\n00Q5e0000000256EAA,C,x,,true,1,,,\n`,
    'Account.csv': 'Id,Name\n0015e000000024KAAQ,a "quote" inside\n0015e000000024vAAA,B\n',
  })
  t.match(
    notices.filter(({ kind }) => kind === 'broken-row'),
    [{ file: 'Account.csv' }, { file: 'Lead.csv', reason: /maybe/ }, { file: 'Lead.csv', reason: /lots/ }],
  )
  t.equal(org.count('Lead'), 1)
  t.equal(org.count('Account'), 1)
})

t.test('an owner that is a queue makes a queue', async (t) => {
  const { org } = await load(t, { 'Lead.csv': `Id,LastName,OwnerId\n${LEAD},A,00G5e000000000BEAQ\n` })
  t.match(org.all('Group'), [{ Id: '00G5e000000000BEAQ', Type: 'Queue', Name: 'Queue 1' }])
})

t.test('the shared export loads whole', async (t) => {
  const folder = join(import.meta.dirname, '../../../../shared/data/crm')
  if (!existsSync(folder)) {
    t.comment(`skipped: there is no ${folder}`)
    return
  }
  const sf = await startSalesforce()
  t.teardown(() => sf.close())
  const { counts, notices } = await loadExport(sf.org, folder)
  t.strictSame(counts, {
    User: 41,
    Account: 85,
    Contact: 1_695,
    Lead: 2_400,
    Opportunity: 8_800,
    OpportunityContactRole: 9_845,
  })
  t.strictSame(notices, [])
})
