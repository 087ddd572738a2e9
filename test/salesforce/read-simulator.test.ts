// Reading against the simulated org: what the scripted server can't say is whether Salesforce would accept the queries.
import t from 'tap'
import { OBJECTS } from '../../src/salesforce/ids.ts'
import { createReader } from '../../src/salesforce/read.ts'
import { connectSimulated } from './fixtures/simulated.ts'

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(page)
  return found
}

t.test('every object can be described, counted, walked and listed', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { org } = simulator
  const account = org.insert('Account', { Name: 'Acme' })
  const contact = org.insert('Contact', { LastName: 'Doe', AccountId: account })
  const opportunity = org.insert('Opportunity', {
    Name: 'Deal',
    StageName: 'New',
    CloseDate: '2026-12-31',
    AccountId: account,
  })
  org.insert('OpportunityContactRole', { OpportunityId: opportunity, ContactId: contact, Role: 'Buyer' })
  org.insert('Lead', { LastName: 'Roe', Company: 'Umbrella' })
  const reader = createReader(salesforce)
  for (const object of OBJECTS) {
    t.ok(
      (await salesforce.describe(object)).fields.some(({ name }) => name === 'SystemModstamp'),
      object,
    )
    const count = await reader.count(object, new Date(0))
    t.ok(count >= 1, `${object}: ${count}`)
    for (const deleted of [true, false]) {
      const pages = await all(reader.changedSince(object, new Date(0), { deleted }))
      t.equal(pages.flatMap(({ rows }) => rows).length, count)
    }
    const pages = await all(reader.allIds(object))
    t.equal(pages.flatMap(({ ids }) => ids).length, count)
    t.equal(pages.at(-1)?.done, true)
  }
})

t.test('deleted, merged, undeleted, hidden and hard deleted records are told apart', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { org } = simulator
  const ids = org.insert(
    'Contact',
    ['live', 'deleted', 'master', 'loser', 'undeleted', 'hidden', 'erased'].map((LastName) => ({ LastName })),
  )
  const [live, deleted, master, loser, undeleted, hidden, erased] = ids as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  org.delete('Contact', [deleted, undeleted])
  org.undelete('Contact', undeleted)
  org.merge('Contact', master, [loser])
  org.hide('Contact', hidden)
  org.hardDelete('Contact', erased)
  const readings = await createReader(salesforce).read('Contact', ids, ['LastName'])
  t.match(readings.get(live), { state: 'live', row: { LastName: 'live' } })
  t.match(readings.get(deleted), { state: 'deleted', masterRecordId: null })
  t.match(readings.get(loser), { state: 'deleted', masterRecordId: master })
  t.match(readings.get(undeleted), { state: 'live' })
  t.match(readings.get(hidden), { state: 'unreadable' })
  t.match(readings.get(erased), { state: 'unreadable' })
})

t.test('a conversion is found from the Lead and from the Contact', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const lead = simulator.org.insert('Lead', { LastName: 'Roe', Company: 'Umbrella' })
  const { contactId } = simulator.org.convertLead(lead)
  const reader = createReader(salesforce)
  t.match((await reader.read('Lead', [lead], ['LastName'])).get(lead), {
    state: 'live',
    row: { IsConverted: true, ConvertedContactId: contactId },
  })
  t.same(await reader.convertedFrom([contactId, lead]), new Map([[contactId, [lead]]]))
})

t.test('changes are walked in small pages, deletes included, and go on where they ended', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { org } = simulator
  const ids = org.insert(
    'Account',
    Array.from({ length: 55 }, (_, i) => ({ Name: `A ${i}` })),
  )
  org.delete('Account', ids[7]!)
  const reader = createReader(salesforce)
  const pages = await all(reader.changedSince('Account', new Date(0), { deleted: true, pageSize: 10 }))
  const rows = pages.flatMap(({ rows }) => rows)
  t.same(new Set(rows.map(({ id }) => id)), new Set(ids))
  t.same(
    rows.filter(({ deleted }) => deleted).map(({ id }) => id),
    [ids[7]],
  )
  t.equal(rows.length, 55)
  const later = await all(reader.changedSince('Account', pages[2]!.last, { deleted: true, pageSize: 10 }))
  t.equal(later.flatMap(({ rows }) => rows).length, 25)
  const scoped = await all(
    reader.changedSince('Account', new Date(0), { deleted: false, scope: "Name LIKE 'A 1%'" }),
  )
  t.equal(scoped.flatMap(({ rows }) => rows).length, 11)
})

t.test(
  'above 10,000 rows ids come by bulk query, also when a page is cut and after a kill in the middle',
  async (t) => {
    const { simulator, salesforce } = await connectSimulated(t)
    const ids = simulator.org.insert(
      'Lead',
      Array.from({ length: 10_500 }, (_, i) => ({ LastName: `L ${i}`, Company: 'C' })),
      { silent: true },
    )
    const reader = createReader(salesforce)
    simulator.faults.cutBulkCsv()
    simulator.faults.cutBulkCsv({ drop: true })
    simulator.faults.cutBulkCsv({ bare: true })
    const pages = await all(reader.allIds('Lead'))
    t.same(
      pages.map((page) => page.ids.length),
      [0, 10_000, 500],
    )
    t.same(new Set(pages.flatMap((page) => page.ids)), new Set(ids))
    const { jobId, locator } = pages[1]!
    const rest = await all(reader.allIds('Lead', undefined, { jobId: jobId!, locator: locator! }))
    t.same(
      rest.flatMap((page) => page.ids),
      pages[2]!.ids,
    )
    simulator.faults.failBulkJob()
    await t.rejects(all(reader.allIds('Lead')), { code: 'salesforce_bulk_failed' })
  },
)

t.test(
  'a missing field, a missing object, used-up requests and a bad filter are told in plain words',
  async (t) => {
    const { simulator, salesforce } = await connectSimulated(t)
    const lead = simulator.org.insert('Lead', { LastName: 'Roe', Company: 'Umbrella' })
    const reader = createReader(salesforce)
    await t.rejects(reader.read('Lead', [lead], ['Nope__c']), {
      code: 'salesforce_field_missing',
      field: 'Nope__c',
    })
    await t.rejects(reader.count('Lead', undefined, 'Country ='), {
      code: 'salesforce_query_refused',
      advice: /Filter/,
    })
    const fault = simulator.faults.withhold('Lead')
    await t.rejects(reader.count('Lead'), { code: 'salesforce_object_missing' })
    await t.rejects(salesforce.describe('Lead'), { code: 'salesforce_object_missing' })
    fault.remove()
    simulator.faults.requestLimitExceeded()
    await t.rejects(reader.count('Lead'), { code: 'salesforce_request_limit', advice: /Company Information/ })
  },
)

t.test('an expired token, HTML, half answers and drops are outlived', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const lead = simulator.org.insert('Lead', { LastName: 'Roe', Company: 'Umbrella' })
  const reader = createReader(salesforce)
  const { faults } = simulator
  for (const fault of [
    () => faults.expireTokens(),
    () => faults.html200(),
    () => faults.truncate(),
    () => faults.status(503, { html: true }),
    () => faults.dropConnection(),
    () => faults.dropConnection({ moment: 'mid-body' }),
    () => faults.dropConnection({ moment: 'after' }),
    () => faults.contentType('text/plain'),
  ]) {
    fault()
    t.match((await reader.read('Lead', [lead], ['LastName'])).get(lead), { state: 'live' })
  }
})

t.test('deletions of the last days and limits are listed', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const lead = simulator.org.insert('Lead', { LastName: 'Roe', Company: 'Umbrella' })
  simulator.org.hardDelete('Lead', lead)
  const now = Date.now()
  t.match(await salesforce.deletedIds('Lead', new Date(now - 3_600_000), new Date(now + 60_000)), {
    ids: [lead],
  })
  t.match((await salesforce.limits()).DailyApiRequests, { Max: 100_000 })
  t.ok(salesforce.apiUsage()!.used > 0)
  const off = (await salesforce.serverTime()).getTime() - Date.now()
  t.ok(off > -2_000 && off < 100, `off by ${off}`)
})
