// What Marketo says of one record of a call is judged by what became of that record before, not by its neighbours.
import t from 'tap'
import { mark, postpone, PRIORITY } from '../../src/database/changes.ts'
import { readLedger } from '../../src/database/ledger.ts'
import { outward } from './fixtures/outward.ts'

t.test(
  'a record that is told to wait for the first time is not parked for a neighbour that waited often',
  async (t) => {
    const { db, org, marketo, round } = await outward(t)
    const [old, fresh] = org.insert(
      'Account',
      ['Old', 'Fresh'].map((Name) => ({ Name })),
    ) as [string, string]
    const mine = (records: readonly unknown[] = []): boolean => JSON.stringify(records).includes(fresh)
    await mark(
      db,
      [old, fresh].map((id) => ({ object: 'Account', id, priority: PRIORITY.live })),
    )
    for (let attempt = 0; attempt < 5; attempt++)
      await postpone(db, [{ id: old, afterMs: 0, code: 'busy', reason: 'another write is under way' }])
    marketo.faults.add({
      kind: 'record',
      code: '1014',
      times: 1,
      where: (record) => mine([record]),
      match: { endpoint: 'companies.json', action: 'createOrUpdate' },
    })
    // The owner comes first.
    for (let n = 0; n < 3; n++) await round()
    t.strictSame(await db.selectFrom('parked').select(['id', 'code']).execute(), [])
    t.match(await db.selectFrom('changes').select(['id', 'code']).execute(), [{ id: fresh, code: '1014' }])
  },
)

t.test('a call about roles that Marketo answers with "not there" is about their parents', async (t) => {
  const { db, org, marketo, round } = await outward(t)
  const AccountId = org.insert('Account', { Name: 'Acme' })
  const contact = org.insert('Contact', { LastName: 'Carl', AccountId })
  const deal = { Name: 'Deal', AccountId, StageName: 'Prospecting', CloseDate: '2027-03-01' }
  const opportunity = org.insert('Opportunity', deal)
  const role = org.insert('OpportunityContactRole', {
    OpportunityId: opportunity,
    ContactId: contact,
    Role: 'User',
  })
  const send = async (id: string, object: string): Promise<void> => {
    await mark(db, [{ object, id, priority: PRIORITY.live, force: true }])
    for (let n = 0; n < 3; n++) await round()
  }
  await send(AccountId, 'Account')
  await send(contact, 'Contact')
  await send(opportunity, 'Opportunity')
  await send(role, 'OpportunityContactRole')
  const before = (await readLedger(db, [role])).get(role)!
  t.equal(before.state, 'confirmed')
  marketo.faults.add({
    kind: 'error',
    code: '1004',
    times: 1,
    match: { endpoint: 'opportunities/roles.json' },
  })
  await mark(db, [{ object: 'OpportunityContactRole', id: role, priority: PRIORITY.asked, force: true }])
  await round()
  t.match(await db.selectFrom('changes').select('code').where('id', '=', role).execute(), [{ code: '1004' }])
  t.equal(
    (await readLedger(db, [role])).get(role)?.roleKey,
    before.roleKey,
    'a rename has to find its old key',
  )
})

t.test(
  'where all of an object are refused alike, one of many writes goes out after a pause, and what needs none is done at once',
  async (t) => {
    const clock = { now: 1_000_000 }
    const { db, org, marketo, round } = await outward(t, { now: () => clock.now })
    const [same, ...changed] = org.insert(
      'Account',
      ['Same', 'A', 'B', 'C'].map((Name) => ({ Name })),
    ) as [string, ...string[]]
    const want = (...ids: string[]): Promise<void> =>
      mark(
        db,
        ids.map((id) => ({ object: 'Account', id, priority: PRIORITY.asked })),
      )
    const left = () => db.selectFrom('changes').select(['id', 'attempts']).orderBy('attempts').execute()
    await want(same)
    for (let n = 0; n < 3; n++) await round()
    const wall = marketo.faults.add({
      kind: 'http',
      status: 400,
      match: { endpoint: 'companies.json', method: 'POST' },
    })
    await want(...changed)
    await round()
    const { hits } = wall
    t.ok(hits > 1)
    await want(same, ...changed)
    await round()
    t.equal(wall.hits, hits, 'a pause')
    t.strictSame((await left()).map(({ id }) => id).sort(), changed.sort())
    clock.now += 1_000
    for (let n = 0; n < 2; n++) {
      await want(same, ...changed)
      await round()
      t.equal(wall.hits, hits + 1)
    }
    t.strictSame(
      (await left()).map(({ attempts }) => attempts),
      [1, 1, 2],
      'who is not sent has not failed',
    )
    wall.remove()
    clock.now += 2_000
    for (const companies of [2, 4]) {
      await want(...changed)
      await round()
      t.equal(marketo.instance.companies.size, companies)
    }
  },
)
