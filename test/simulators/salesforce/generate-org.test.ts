import t, { type Test } from 'tap'
import { generateOrg } from './generate-org.ts'
import { startSalesforce } from './index.ts'
import { livingOrg } from './live-org.ts'
import { createRandom } from './random.ts'

const NOW = Date.parse('2026-11-23T10:00:00Z')

async function start(t: Test) {
  const sf = await startSalesforce({ now: () => NOW })
  t.teardown(() => sf.close())
  return sf
}

t.test('the organisation has the size asked for and the oddities of real ones', async (t) => {
  const sf = await start(t)
  const { org } = sf
  const counts = generateOrg(org, { now: () => NOW })
  t.match(counts, { User: 25, Account: 300, Opportunity: 800 })
  t.equal(counts['Lead']! + counts['Contact']!, 2_000)
  t.equal(sf.events.published.length, 0, 'nothing is published')

  const people = [...org.all('Lead'), ...org.all('Contact')]
  const emails = people.map((person) => person['Email']).filter((email) => email !== null)
  t.ok(emails.length < people.length, 'some have no e-mail')
  t.ok(new Set(emails).size < emails.length, 'some share one')
  t.ok(
    org.all('Lead').some((lead) => String(lead['OwnerId']).startsWith('00G')),
    'queues own leads',
  )
  t.ok(
    org.all('Lead').some((lead) => lead['IsConverted'] === true),
    'some are converted',
  )
  t.ok(
    org.all('Contact').some((contact) => contact['AccountId'] === null),
    'some contacts have no account',
  )
  t.ok(
    org.all('OpportunityContactRole').some((role) => role['Role'] === null),
    'some roles are blank',
  )
  t.ok(
    people.some((person) => /[\u0370-\uFFFF]/.test(String(person['Name']))),
    'other scripts',
  )
  t.ok(
    org.all('User').some((user) => user['IsActive'] === false),
    'somebody has left',
  )
})

t.test('the same seed gives the same rows, another seed others', async (t) => {
  const rows = async (seed: number) => {
    const { org } = await start(t)
    generateOrg(org, { seed, users: 3, accounts: 5, people: 30, opportunities: 6, now: () => NOW })
    return [...org.all('Lead'), ...org.all('OpportunityContactRole')]
  }
  t.strictSame(await rows(5), await rows(5))
  t.notSame(await rows(5), await rows(6))
})

t.test('a living org does one plausible thing at a time and says so', async (t) => {
  const sf = await start(t)
  generateOrg(sf.org, { people: 200, accounts: 30, opportunities: 60, now: () => NOW })
  const live = livingOrg(sf.org, { random: createRandom(3), now: () => NOW })
  const told = Array.from({ length: 300 }, () => live.step())
  t.ok(
    told.every((sentence) => /\(\w+ [0-9A-Za-z]{18}\)/.test(sentence)),
    'each names its record',
  )
  const types = new Set(
    sf.events.published.map((event) => Reflect.get(Object(event.payload), 'Change_Type__c')),
  )
  for (const type of ['CREATE', 'UPDATE', 'CONVERT', 'MERGE', 'DELETE']) t.ok(types.has(type), type)
  t.ok(told.some((sentence) => /converted to a contact of/.test(sentence)))
})

t.test('an empty org comes to life with new leads', async (t) => {
  const sf = await start(t)
  t.match(livingOrg(sf.org).step(), /is a new lead/)
})
