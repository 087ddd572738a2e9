// Parents first (design §5, rule 5).
import { until } from '../fixtures/until.ts'
import { addUser } from './fixtures/organisation.ts'
import { everyDatabaseTeller } from './fixtures/story.ts'

const { story, onEveryDatabase } = await everyDatabaseTeller()

onEveryDatabase(
  'A family that appears at once goes to Marketo parents first, each once',
  {},
  async (t, { org, instance, inStep, newCalls }) => {
    const owner = addUser(org, 'Olga')
    const family = org.transaction()
    const account = family.insert('Account', { Name: 'Family', OwnerId: owner })
    const contacts = family.insert(
      'Contact',
      Array.from({ length: 5 }, (_, n) => ({ LastName: `C${n}`, AccountId: account, OwnerId: owner })),
    )
    const deal = family.insert('Opportunity', {
      Name: 'Family deal',
      AccountId: account,
      OwnerId: owner,
      StageName: 'Prospecting',
      CloseDate: '2027-01-01',
    })
    for (const ContactId of contacts)
      family.insert('OpportunityContactRole', { OpportunityId: deal, ContactId, Role: 'Influencer' })
    family.commit()
    await inStep()
    const order = [...new Set(newCalls().flatMap((call) => (call.action ? call.endpoint : [])))]
    t.strictSame(order.slice(0, 2), ['salespersons.json', 'companies.json'])
    t.strictSame(order.slice(2, 4).sort(), ['leads.json', 'opportunities.json'])
    t.equal(order[4], 'opportunities/roles.json')
    t.equal(instance.leads.size, 7)
  },
)

story(
  'Parents that no event told of are fetched and sent before their child',
  {},
  async (t, { org, salesforce, inStep, instance }) => {
    salesforce.faults.dropEventsAtSource(3)
    const owner = addUser(org, 'Inge', { IsActive: false })
    const account = org.insert('Account', { Name: 'Unheard', OwnerId: owner })
    const deal = org.insert('Opportunity', {
      Name: 'Unheard deal',
      AccountId: account,
      OwnerId: owner,
      StageName: 'Prospecting',
      CloseDate: '2027-01-01',
    })
    const contact = org.insert('Contact', { LastName: 'Heard', AccountId: account, OwnerId: owner })
    org.insert('OpportunityContactRole', { OpportunityId: deal, ContactId: contact, Role: 'Evaluator' })
    await inStep()
    t.ok(instance.findSalesPerson(owner), 'an inactive user who owns something is a sales person')
  },
)

onEveryDatabase(
  'A child waits visibly for a parent that is refused, and goes on when the parent is cured',
  {},
  async (t, { org, marketo, ids, inStep, waitsBecause, parked, status, api }) => {
    const isStrange = (record: Record<string, unknown>): boolean => record.company === 'Strange'
    const fault = marketo.faults.add({
      kind: 'record',
      code: '1003',
      message: 'no such thing',
      where: isStrange,
    })
    const account = org.insert('Account', { Name: 'Strange', OwnerId: ids.ann })
    const contact = org.insert('Contact', { LastName: 'Child', AccountId: account, OwnerId: ids.ann })
    const deal = org.insert('Opportunity', {
      Name: 'Strange deal',
      AccountId: account,
      OwnerId: ids.ann,
      StageName: 'Prospecting',
      CloseDate: '2027-01-01',
    })
    org.insert('OpportunityContactRole', { OpportunityId: deal, ContactId: contact, Role: 'Evaluator' })
    const why = await until('the contact to wait', async () =>
      (await waitsBecause(contact))?.includes('parked') === true ? waitsBecause(contact) : undefined,
    )
    t.match(why, /Account 001.* parked: .*1003: no such thing/)
    t.match((await parked()).get(account), { object: 'Account', code: '1003', attempts: 1 })
    await until('the role to wait', () => waitsBecause(org.all('OpportunityContactRole').at(-1)!.Id))
    const { waiting, parked: counts } = await until('the status to tell', async () => {
      const told = await status()
      return told.waiting.OpportunityContactRole === 1 ? told : undefined
    })
    t.match(waiting, { Contact: 1, Opportunity: 1, OpportunityContactRole: 1, Account: 0 })
    t.match(counts, { Account: 1 })

    fault.remove()
    t.match(await api('/api/parked/retry', { method: 'POST', body: { ids: [account] } }), {
      status: 202,
      body: { retried: 1 },
    })
    await inStep()
    t.strictSame([...(await parked())], [])
  },
)

story(
  'A parent that is cured in Salesforce frees its children by itself',
  {},
  async (t, { org, marketo, ids, inStep, waitsBecause, parked }) => {
    const isLong = (record: Record<string, unknown>): boolean => record.title === 'unbearable'
    marketo.faults.add({ kind: 'record', code: '1001', where: isLong })
    const user = addUser(org, 'Ulf', { Title: 'unbearable' })
    const lead = org.insert('Lead', { LastName: 'Waits', Company: 'C', OwnerId: user })
    await until('the lead to wait', async () => (await waitsBecause(lead))?.includes('parked'))
    org.update('User', user, { Title: 'fine' })
    await inStep()
    t.strictSame([...(await parked())], [])
    t.ok(ids)
  },
)

story(
  'A parent does not leave while a write that names it is under way',
  { impatient: true },
  async (t, { org, ids, marketo, instance, inStep, newCalls, db }) => {
    marketo.faults.add({
      kind: 'slow',
      ms: 3_000,
      times: 1,
      match: { endpoint: 'leads.json', method: 'POST' },
    })
    const lead = org.insert('Lead', { LastName: 'Late', Company: 'X', OwnerId: ids.bob })
    await until('the write to be under way', async () =>
      db.selectFrom('intents').select('id').where('id', '=', lead).executeTakeFirst(),
    )
    org.update('User', ids.bob, { IsActive: false })
    await until('the user to be looked at', async () =>
      db
        .selectFrom('changes')
        .select('id')
        .where('id', '=', ids.bob)
        .where('code', '=', 'busy')
        .executeTakeFirst(),
    )
    await inStep()
    t.ok(instance.findSalesPerson(ids.bob))
    t.strictSame(
      newCalls().filter(({ endpoint }) => endpoint === 'salespersons/delete.json'),
      [],
    )
  },
)
