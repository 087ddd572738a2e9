// Failures have a verdict: one record never blocks its neighbours, and what is refused says why (design §5, rule 10).
import { until } from '../fixtures/until.ts'
import type { LoggedCall } from '../simulators/marketo/index.ts'
import { addUser, smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()
const BATCH = 256
/** Halving down to one of 256, both halves each time. */
const MOST_CALLS = 2 * Math.log2(BATCH) + 1

type Fields = Record<string, unknown>
const holds = (title: string) => (record: unknown) => (record as Fields).title === title
const crowd = (title = 'fine'): Fields[] =>
  Array.from({ length: BATCH }, (_, n) => ({
    LastName: `Crowd ${n}`,
    Company: 'C',
    Title: n === 100 ? title : 'fine',
  }))
const upserts = (calls: LoggedCall[], endpoint: string): LoggedCall[] =>
  calls.filter((call) => call.endpoint === endpoint && call.action !== undefined)

for (const [what, fault] of [
  ['1006 for the whole call', { kind: 'error', code: '1006', message: "Field 'x' not found" }],
  ['413', { kind: 'http', status: 413 }],
  ['609 for bytes that Marketo can not read', { kind: 'error', code: '609' }],
] as const)
  story(
    `${what}: the one bad record of ${BATCH} is found in few calls and parked; the others are in Marketo`,
    {},
    async (t, { org, marketo, inStep, newCalls, parked, instance }) => {
      const removed = marketo.faults.add({
        ...fault,
        match: { endpoint: 'leads.json', where: ({ records = [] }) => records.some(holds('poison')) },
      })
      const ids = org.insert('Lead', crowd('poison') as Record<string, string>[])
      await inStep()
      const calls = upserts(newCalls(), 'leads.json')
      t.ok(calls.length <= MOST_CALLS + 2, `${calls.length} calls`)
      const told = [...(await parked()).values()]
      t.match(told, [{ object: 'Lead', id: ids[100], attempts: 1, payload: { title: 'poison' } }])
      t.ok(told[0]!.reason.length > 20 && told[0]!.advice.length > 20)
      t.match(told[0]!.code, /1006|413|609/)
      t.equal(instance.leads.size, 2 + BATCH - 1)

      t.comment('it is tried again when the record changes')
      org.update('Lead', ids[100]!, { Title: 'cured' })
      await inStep()
      t.strictSame([...(await parked())], [])
      removed.remove()
    },
  )

for (const [what, fault, method] of [
  ['A gateway answers 400 to every write', { kind: 'http', status: 400 }, 'POST'],
  ['Marketo answers 609 to every write', { kind: 'error', code: '609' }, 'POST'],
  ['A gateway answers 400 to every look-up', { kind: 'http', status: 400 }, 'GET'],
] as const)
  story(
    `${what} of persons for a while: few calls, nothing parked, a problem; other objects go on, and all is well by itself afterwards`,
    { marketo: { externalPersonIdLookup: method === 'POST' } },
    async (t, { org, ids, marketo, inStep, parked, instance, status, quiet, problem }) => {
      const wall = marketo.faults.add({
        ...fault,
        match: { endpoint: 'leads.json', method },
      })
      org.insert('Lead', crowd() as Record<string, string>[])
      await until('it to be told', async () => (await problem('refused-alike:Lead')) !== undefined, 20_000)
      t.match(await problem('refused-alike:Lead'), { system: 'marketo', reason: /400|609/, advice: /\w/ })
      t.ok(wall.hits <= 25, `${wall.hits} calls`)
      org.update('Account', ids.acme, { Website: 'other.example' })
      await until('the company to be changed', () =>
        [...instance.companies.values()].some(({ fields }) => fields.website === 'other.example'),
      )
      t.strictSame([...(await parked())], [])
      t.equal((await status()).queue.Lead, BATCH)
      wall.remove()
      await inStep({ deadlineMs: 30_000, marketo: { externalPersonIdLookup: method === 'POST' } })
      await quiet(10_000)
      t.strictSame((await status()).problems, [])
      t.equal(instance.leads.size, 2 + BATCH)
    },
  )

story(
  'A gateway answers 400 to one lone record, whenever it is sent: it is parked when others were let through, and holds up none of them',
  { impatient: true },
  async (t, { org, marketo, inStep, parked, instance }) => {
    const refused = marketo.faults.add({
      kind: 'http',
      status: 400,
      match: { endpoint: 'leads.json', where: ({ records = [] }) => records.some(holds('poison')) },
    })
    const insert = (Title: string): string =>
      org.insert('Lead', { LastName: 'Lone', Company: 'X', Email: `${Title}@x.example`, Title })
    const poison = insert('poison')
    await until('it to be refused', () => refused.hits > 0)
    for (let n = 0; n < 9 && (await parked()).size === 0; n++) {
      const other = insert(`other${n}`)
      await until(
        'the other to arrive',
        () => instance.findLeads('externalPersonId', other).length === 1,
        10_000,
      )
    }
    await until('it to be parked', async () => (await parked()).size > 0, 10_000)
    t.ok(refused.hits >= 3, 'the first time it may be everybody')
    t.match([...(await parked()).values()], [{ id: poison, code: 'HTTP 400', reason: /\w/, advice: /\w/ }])
    await inStep()
  },
)

story(
  'A refused record keeps code, reason, advice and attempts; it is retried on demand, and leaves the list when it is removed',
  {},
  async (t, { org, marketo, inStep, parked, api, quiet }) => {
    const fault = marketo.faults.add({
      kind: 'record',
      code: '1001',
      message: 'Invalid value',
      where: holds('bad'),
    })
    const [lead, doomed] = org.insert(
      'Lead',
      ['One', 'Two'].map((LastName) => ({ LastName, Company: 'X', Title: 'bad' })),
    )
    await until('both to be parked', async () => (await parked()).size === 2)
    for (const attempts of [2, 3]) {
      t.match(await api('/api/parked/retry', { method: 'POST', body: { ids: [lead] } }), {
        body: { retried: 1 },
      })
      await until('another attempt', async () => (await parked()).get(lead!)?.attempts === attempts)
    }
    const { body } = await api('/api/parked?object=Lead&code=1001')
    t.match(body.items, [
      { object: 'Lead', code: '1001', reason: /1001: Invalid value/, advice: /Salesforce/ },
      { object: 'Lead', code: '1001' },
    ])
    org.delete('Lead', doomed!)
    await until('the removed one to leave the list', async () => !(await parked()).has(doomed!))
    fault.remove()
    t.match(await api('/api/parked/retry', { method: 'POST' }), { status: 202, body: { retried: 1 } })
    await quiet()
    await inStep()
    t.strictSame([...(await parked())], [])
  },
)

story(
  'A refused contact role leaves the list when it is removed, also where another one stands for its role',
  {},
  async (t, { org, ids, marketo, instance, person, inStep, parked, quiet }) => {
    const { deal: OpportunityId, carl: ContactId } = ids
    org.insert('OpportunityContactRole', { OpportunityId, ContactId, Role: 'Decision Maker' })
    await inStep()
    const refused = marketo.faults.add({
      kind: 'record',
      code: '1001',
      match: { endpoint: 'opportunities/roles.json' },
    })
    org.update('OpportunityContactRole', ids.role, { IsPrimary: false })
    await until('it to be parked', async () => (await parked()).has(ids.role))
    refused.remove()
    org.delete('OpportunityContactRole', ids.role)
    await quiet()
    t.strictSame([...(await parked())], [])
    t.equal(instance.rolesOf(person(ids.carl).id).length, 1)
  },
)

story(
  'Marketo has lost a sales person (718), a company, a person and an opportunity: all are sent anew, nothing is refused',
  {
    org: (org) => ({
      ...smallOrg(org),
      cleo: addUser(org, 'Cleo'),
    }),
  },
  async (t, { org, ids, instance, inStep, parked, person, marketo }) => {
    instance.lose('salesPersons', ids.cleo)
    org.insert(
      'Opportunity',
      ['One', 'Two', 'Three', 'Four'].map((Name, n) => ({
        Name,
        AccountId: ids.acme,
        OwnerId: n === 2 ? ids.cleo : ids.ann,
        StageName: 'Prospecting',
        CloseDate: '2027-01-01',
      })),
    )
    await inStep()
    t.ok(instance.findSalesPerson(ids.cleo))
    t.ok(marketo.calls.codes()['718'])

    instance.lose('companies', ids.acme)
    org.update('Contact', ids.carl, { AccountId: null })
    org.update('Account', ids.acme, { Website: 'new.example' })
    await inStep()
    t.equal(
      instance.findCompany(ids.acme)?.fields.company,
      'Acme',
      'with every field, not only the changed one',
    )

    instance.deleteLead(person(ids.lena).id)
    instance.deleteLead(person(ids.carl).id)
    instance.lose('opportunities', ids.deal)
    org.update('Lead', ids.lena, { Title: 'Lost and found' })
    org.update('Contact', ids.carl, { Title: 'Lost and found' })
    org.update('Opportunity', ids.deal, { NextStep: 'Meet' })
    await inStep()
    t.equal(person(ids.lena).fields.email, 'lena@acme.example')
    t.equal(instance.rolesOf(person(ids.carl).id).length, 1)
    t.strictSame([...(await parked())], [])
  },
)

const DEALS = 300

story(
  `718 for the one of ${DEALS} opportunities whose owner Marketo has lost: found in few calls, the owner is sent anew, nothing is refused`,
  { org: (org) => ({ ...smallOrg(org), cleo: addUser(org, 'Cleo') }) },
  async (t, { org, ids, instance, inStep, newCalls, parked, marketo }) => {
    instance.lose('salesPersons', ids.cleo)
    org.insert(
      'Opportunity',
      Array.from({ length: DEALS }, (_, n) => ({
        Name: `Deal ${n}`,
        AccountId: ids.acme,
        OwnerId: n === 100 ? ids.cleo : ids.ann,
        StageName: 'Prospecting',
        CloseDate: '2027-01-01',
      })),
    )
    await inStep()
    const calls = upserts(newCalls(), 'opportunities.json')
    // At most two events' worth of records, halved apart from each other, and the one that was found once more.
    t.ok(calls.length <= 2 * Math.ceil(Math.log2(DEALS)) + 3, `${calls.length} calls`)
    t.ok(marketo.calls.codes()['718']! > 1, 'whole calls were refused')
    t.ok(instance.findSalesPerson(ids.cleo))
    t.strictSame([...(await parked())], [])
  },
)

story(
  'Texts are cut to the length that Marketo takes, and the diagnosis says so',
  {},
  async (t, { org, ids, inStep, instance, db, parked }) => {
    org.update('Opportunity', ids.deal, { Description: '😀'.repeat(2_000) })
    await inStep()
    t.strictSame([...(await parked())], [])
    t.equal(instance.findOpportunity(ids.deal)?.fields.description, '😀'.repeat(1_000))
    const entry = await db.selectFrom('ledger').select('notes').where('id', '=', ids.deal).executeTakeFirst()
    t.match(entry?.notes, /cut|shorten/)
  },
)

for (const code of ['1018', '603', '713'])
  story(
    `${code} to every write: the status says why and what to do, nothing is parked`,
    {},
    async (t, { org, ids, marketo, inStep, status, parked }) => {
      const fault = marketo.faults.add({ kind: 'error', code, match: { method: 'POST' } })
      org.update('Lead', ids.lena, { Title: `During ${code}` })
      const problem = await until(
        `a problem ${code}`,
        async () => (await status()).problems.find((problem) => problem.code === code),
        15_000,
      )
      t.match(problem, { system: 'marketo', reason: /.{20}/, advice: /.{20}/ })
      t.strictSame([...(await parked())], [])
      if (code !== '713') return
      fault.remove()
      await inStep({ deadlineMs: 20_000 })
      await until('the problem to be over', async () => (await status()).problems.length === 0)
    },
  )

for (const code of ['1003', '1006'])
  story(
    `A look-up that is answered ${code} once parks nobody`,
    { impatient: true },
    async (t, { org, marketo, inStep, parked }) => {
      const fault = marketo.faults.add({
        kind: 'error',
        code,
        times: 1,
        match: { endpoint: 'leads.json', method: 'GET' },
      })
      org.insert(
        'Lead',
        [1, 2].map((n) => ({ LastName: `L${n}`, Company: 'X', Email: `l${n}@x.example` })),
      )
      await inStep({ deadlineMs: 20_000 })
      t.equal(fault.hits, 1)
      t.strictSame([...(await parked())], [])
    },
  )

story(
  'Of many records the one whose e-mail Marketo does not let be looked up is parked, the others are sent',
  { impatient: true },
  async (t, { org, marketo, inStep, parked }) => {
    marketo.faults.add({
      kind: 'error',
      code: '1001',
      match: {
        endpoint: 'leads.json',
        method: 'GET',
        where: ({ records = [] }) => records.includes('l5@x.example'),
      },
    })
    const ids = org.insert(
      'Lead',
      Array.from({ length: 12 }, (_, n) => ({ LastName: `L${n}`, Company: 'X', Email: `l${n}@x.example` })),
    )
    await until('the bad one to be parked', async () => (await parked()).size > 0, 60_000)
    await inStep({ deadlineMs: 20_000 })
    t.strictSame([...(await parked()).keys()], [ids[5]])
  },
)
