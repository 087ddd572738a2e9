// 8,550 rows of five objects: the first load, and a second one of which nothing differs.
import type { DatabaseName } from '../database.ts'
import { leadRows, times, userRows } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { MINUTE, REAL, refusalsOf, startSystem, writesOf } from '../system.ts'
import type { SalesforceWorld } from '../worlds.ts'
import { floorOf } from './leads.ts'

export const objects: Scenario = {
  name: 'objects',
  title: '8,550 rows of five objects: first load, and a second one unchanged',
  counts: true,
  async run(bench) {
    for (const database of bench.databases) await load(bench, database)
  },
}

interface Sizes {
  users: number
  accounts: number
  contacts: number
  opportunities: number
  roles: number
}

const FULL: Sizes = { users: 50, accounts: 1_000, contacts: 3_000, opportunities: 1_500, roles: 3_000 }
const SMALL: Sizes = { users: 10, accounts: 350, contacts: 600, opportunities: 350, roles: 650 }

async function fill(salesforce: SalesforceWorld, sizes: Sizes): Promise<void> {
  const load = (
    object: string,
    count: number,
    row: (n: number) => Record<string, unknown>,
  ): Promise<string[]> => salesforce.insert(object, times(count, 0, row), { silent: true })
  const users = await salesforce.insert('User', userRows(sizes.users), { silent: true })
  const owner = (n: number): string | undefined => users[n % users.length]
  const accounts = await load('Account', sizes.accounts, (n) => ({
    Name: `Company ${n}`,
    OwnerId: owner(n),
    Industry: 'Manufacturing',
  }))
  const people = leadRows(sizes.contacts).map(({ FirstName, LastName, Email, Phone, Title }, n) => ({
    FirstName,
    LastName,
    Email,
    Phone,
    Title,
    OwnerId: owner(n),
    AccountId: accounts[n % accounts.length],
  }))
  const contacts = await salesforce.insert('Contact', people, { silent: true })
  const opportunities = await load('Opportunity', sizes.opportunities, (n) => ({
    Name: `Deal ${n}`,
    StageName: 'Prospecting',
    CloseDate: '2027-01-31',
    Amount: 1_000 + n,
    OwnerId: owner(n),
    AccountId: accounts[n % accounts.length],
  }))
  await load('OpportunityContactRole', sizes.roles, (n) => ({
    OpportunityId: opportunities[n % opportunities.length],
    ContactId: contacts[(n + Math.floor(n / opportunities.length)) % contacts.length],
    Role: 'Decision Maker',
    IsPrimary: n < opportunities.length,
  }))
}

async function load(bench: Bench, database: DatabaseName): Promise<void> {
  await using open = bench.resources()
  const sizes = bench.small ? SMALL : FULL
  const rows = Object.values(sizes).reduce((sum, count) => sum + count, 0)
  const floor = Object.values(sizes).reduce((sum, count) => sum + floorOf(count), 0)
  const startedAt = performance.now()
  const { marketo, service } = await startSystem(open, bench, {
    database,
    marketo: REAL,
    environment: { MATCH_BY_EMAIL: 'false' },
    fill: (salesforce) => fill(salesforce, sizes),
  })
  await service.settled(5 * MINUTE)
  const first = await marketo.calls()
  bench.report({
    what: `writes of the first load, ${database}`,
    value: writesOf(first),
    unit: 'calls',
    floor: { value: floor, from: 'records / 300 a call, of each object' },
    atMost: 1.3 * floor,
    kind: 'count',
  })
  const { salesPersons, companies, leads, opportunities, roles } = await marketo.counts()
  const there = salesPersons + companies + leads + opportunities + roles
  bench.report({ what: `lost, ${database}`, value: rows - there, unit: 'rows', atMost: 0, kind: 'count' })
  bench.report({
    what: `606, 615 and never-events, ${database}`,
    value: refusalsOf(first) + first.violations.length,
    unit: '',
    atMost: 0,
    kind: 'count',
  })
  bench.report({
    what: `start to settled, ${database}`,
    value: (performance.now() - startedAt) / 1_000,
    unit: 's',
    kind: 'cost',
  })
  await service.post('/api/backfill')
  await service.settled(5 * MINUTE)
  bench.report({
    what: `writes of the second load, ${database}`,
    value: writesOf(await marketo.calls()) - writesOf(first),
    unit: 'calls',
    floor: { value: 0, from: 'nothing differs' },
    atMost: 0,
    kind: 'count',
  })
}
