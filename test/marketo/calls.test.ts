import t, { type Test } from 'tap'
import {
  deleteLeads,
  deleteObjects,
  findLeads,
  findObjects,
  findRoles,
  mergeLeads,
  syncLeads,
  syncObjects,
  type Turn,
} from '../../src/marketo/calls.ts'
import { verdictOfCall, verdictOfRecord } from '../../src/marketo/verdict.ts'
import { startMarketo, type MarketoOptions, type MarketoSimulator } from '../simulators/marketo/index.ts'
import { connectClient, type ConnectedClient } from './fixtures/client.ts'
import { json, startScriptedMarketo, success } from './fixtures/scripted-marketo.ts'

const turn: Turn = { priority: 'live' }
const write = { write: true, attempt: 1 }

async function simulate(
  t: Test,
  options: MarketoOptions = {},
): Promise<ConnectedClient & { marketo: MarketoSimulator }> {
  const marketo = await startMarketo({ callsPer20Seconds: 1_000, ...options })
  t.teardown(() => marketo.close())
  return { marketo, ...connectClient(t, marketo) }
}

const personId = (index: number): string => `00Q5e00000${String(index).padStart(6, '0')}AAA`.slice(0, 18)

t.test('persons are created, found by key, updated by id, merged and deleted', async (t) => {
  const { client, marketo } = await simulate(t)
  const created = await syncLeads(client, {
    ...turn,
    action: 'createOrUpdate',
    lookupField: 'externalPersonId',
    input: [
      { externalPersonId: personId(1), email: 'ada@example.com' },
      { externalPersonId: personId(2), email: 'not an e-mail'.repeat(40) },
      { externalPersonId: personId(3), email: 'eve@example.com' },
    ],
  })
  t.match(created, {
    outcome: { ok: true },
    results: [{ status: 'created' }, { status: 'skipped' }, { status: 'created' }],
  })
  t.match(verdictOfRecord(created.results[1]!, write), { kind: 'refused', code: /^10/ })

  const found = await findLeads(client, {
    ...turn,
    filterType: 'externalPersonId',
    values: [personId(1), personId(3), personId(3), personId(9)],
    fields: ['id', 'email', 'externalPersonId'],
  })
  t.match(found, { ok: true, records: [{ email: 'ada@example.com' }, { email: 'eve@example.com' }] })
  t.ok(found.ok && found.records.length === 2)
  const [ada, eve] = [created.results[0]?.id ?? 0, created.results[2]?.id ?? 0]

  const updated = await syncLeads(client, {
    ...turn,
    action: 'updateOnly',
    lookupField: 'id',
    input: [
      { id: ada, title: 'Countess' },
      { id: 999_999, title: 'nobody' },
    ],
  })
  t.match(updated.results, [
    { id: ada, status: 'updated' },
    { status: 'skipped', reasons: [{ code: '1004' }] },
  ])
  t.match(verdictOfRecord(updated.results[1]!, { ...write, object: 'Lead' }), {
    kind: 'gone',
    lost: 'record',
  })

  t.match(await mergeLeads(client, { ...turn, winner: ada, losers: [eve] }), { ok: true })
  t.same([...marketo.instance.leads.keys()], [ada])
  const lost = await mergeLeads(client, { ...turn, winner: ada, losers: [eve] })
  t.equal(verdictOfCall(lost, write).kind, 'gone')

  const deleted = await deleteLeads(client, { ...turn, ids: [eve, ada] })
  t.match(deleted.results, [{ status: 'skipped' }, { status: 'deleted' }])
  t.equal(verdictOfRecord(deleted.results[0]!, { ...write, action: 'delete' }).kind, 'accepted')
  t.same(marketo.calls.violations(), [])
})

t.test(
  'the other four objects are written and read by their keys, parents first, and deleted backwards',
  async (t) => {
    const { client, marketo } = await simulate(t)
    const [owner, account, deal] = ['0055e000001AAAAAA2', '0015e000001AAAAAA2', '0065e000001AAAAAA2']
    const ok = { outcome: { ok: true }, results: [{ status: 'created' }] }
    t.match(
      await syncObjects(client, 'SalesPerson', {
        ...turn,
        input: [{ externalSalesPersonId: owner, email: 'rep@example.com' }],
      }),
      ok,
    )
    t.match(
      await syncObjects(client, 'Company', {
        ...turn,
        input: [{ externalCompanyId: account, externalSalesPersonId: owner, company: 'Acme' }],
      }),
      ok,
    )
    const lead = marketo.instance.createLead({ email: 'ada@example.com', externalPersonId: personId(1) })
    t.match(
      await syncObjects(client, 'Opportunity', {
        ...turn,
        input: [
          {
            externalOpportunityId: deal,
            externalCompanyId: account,
            externalSalesPersonId: owner,
            name: 'Big',
          },
        ],
      }),
      ok,
    )
    const key = { externalOpportunityId: deal, leadId: lead.id, role: 'Other' }
    t.match(
      await syncObjects(client, 'OpportunityRole', { ...turn, input: [{ ...key, isPrimary: true }] }),
      ok,
    )

    const company = await findObjects(client, 'Company', {
      ...turn,
      filterType: 'externalCompanyId',
      values: [account],
      fields: ['externalCompanyId', 'company'],
    })
    t.match(company, { ok: true, records: [{ externalCompanyId: account, company: 'Acme', id: Number }] })
    const roles = await findRoles(client, {
      ...turn,
      keys: [key, { ...key, role: 'Buyer' }],
      fields: ['externalOpportunityId', 'leadId', 'role', 'isPrimary'],
    })
    t.match(roles, { ok: true, records: [{ ...key, isPrimary: true }] })

    const inUse = await deleteObjects(client, 'SalesPerson', {
      ...turn,
      keys: [{ externalSalesPersonId: owner }],
    })
    t.match(verdictOfRecord(inUse.results[0]!, { ...write, action: 'delete' }), { kind: 'in-use' })
    for (const [kind, keys] of [
      ['OpportunityRole', [key]],
      ['Opportunity', [{ externalOpportunityId: deal }]],
      ['Company', [{ externalCompanyId: account }]],
    ] as const)
      t.match(
        await deleteObjects(client, kind, { ...turn, keys }),
        { results: [{ status: 'deleted' }] },
        kind,
      )
    t.same(marketo.calls.violations(), [])
  },
)

t.test('an unknown owner refuses the whole call of opportunities', async (t) => {
  const { client } = await simulate(t)
  const { outcome, results } = await syncObjects(client, 'Opportunity', {
    ...turn,
    input: [
      {
        externalOpportunityId: '0065e000001AAAAAA2',
        name: 'Big',
        externalSalesPersonId: '0055e000001ZZZZZZ2',
      },
    ],
  })
  t.match(outcome, { ok: false, code: '718' })
  t.same(results, [])
  t.equal(verdictOfCall(outcome, write).kind, 'bisect')
})

t.test('any number of persons is found, 300 at a time, long e-mails in the body', async (t) => {
  const { client, marketo } = await simulate(t)
  const emails = Array.from({ length: 650 }, (_, i) => `somebody.with.quite.a.name.${i}@company.example`)
  for (const [index, email] of emails.entries())
    marketo.instance.createLead({ email, externalPersonId: personId(index) })
  const byEmail = await findLeads(client, { ...turn, filterType: 'email', values: emails, fields: ['email'] })
  t.equal(byEmail.ok && byEmail.records.length, 650)
  const byKey = await findLeads(client, {
    ...turn,
    filterType: 'externalPersonId',
    values: emails.map((_, index) => personId(index)),
    fields: ['id', 'externalPersonId', 'msiLastInterestingMomentDesc', 'priority'],
  })
  t.equal(byKey.ok && byKey.records.length, 650)
  t.equal(marketo.calls.count('leads.json'), 6)
  t.same(marketo.calls.violations(), [], 'no address over 8 KB')
})

t.test('a search with more than 1,000 matches is halved until Marketo answers', async (t) => {
  const { client, marketo } = await simulate(t)
  for (let i = 0; i < 1_200; i++)
    marketo.instance.createLead({ email: `${i % 8}@example.com`, firstName: `${i}` })
  const values = Array.from({ length: 8 }, (_, i) => `${i}@example.com`)
  const found = await findLeads(client, { ...turn, filterType: 'email', values, fields: ['firstName'] })
  t.equal(found.ok && new Set(found.records.map(({ firstName }) => firstName)).size, 1_200)
  t.ok((marketo.calls.codes()['1003'] ?? 0) >= 1)
})

t.test(
  'a value that Marketo would take for two is not asked for, and nothing is asked for nothing',
  async (t) => {
    const { client, marketo } = await simulate(t)
    const search = { ...turn, filterType: 'email', fields: ['id'] }
    t.same(await findLeads(client, { ...search, values: ['a,b@example.com', ''] }), { ok: true, records: [] })
    t.same(await findLeads(client, { ...search, values: [] }), { ok: true, records: [] })
    t.equal(marketo.calls.length, 0)
  },
)

t.test('a search that fails says so, rather than that it found nothing', async (t) => {
  const { client, marketo } = await simulate(t)
  const search = { ...turn, filterType: 'externalPersonId', values: [personId(1)], fields: ['id'] }
  marketo.faults.add({ kind: 'error', code: '713', times: 1 })
  t.match(await findLeads(client, search), { ok: false, code: '713' })
  marketo.faults.add({ kind: 'error', code: '702', times: 1 })
  t.same(await findLeads(client, search), { ok: true, records: [] })
  t.match(await findLeads(client, { ...search, filterType: 'createdAt' }), { ok: false, code: '1011' })
  t.match(await findLeads(client, { ...search, fields: ['id', 'noSuchField'] }), { ok: false, code: '1006' })
})

t.test('an instance without externalPersonId as lookup field says so', async (t) => {
  const { client } = await simulate(t, { externalPersonIdLookup: false })
  const input = [{ externalPersonId: personId(1), email: 'ada@example.com' }]
  const lookup = await syncLeads(client, {
    ...turn,
    action: 'createOrUpdate',
    lookupField: 'externalPersonId',
    input,
  })
  t.equal(verdictOfCall(lookup.outcome, write).kind, 'unsupported-lookup')
  const created = await syncLeads(client, { ...turn, action: 'createDuplicate', input })
  t.match(created.results, [{ status: 'created' }])
})

t.test('a native CRM sync stops the connection', async (t) => {
  const { client } = await simulate(t, { nativeSync: true })
  const { outcome, results } = await syncObjects(client, 'Company', {
    ...turn,
    input: [{ externalCompanyId: '0015e000001AAAAAA2' }],
  })
  const verdict = outcome.ok ? verdictOfRecord(results[0]!, write) : verdictOfCall(outcome, write)
  t.match(verdict, { kind: 'stop', code: '1018' })
})

t.test('writes whose end is unknown are ambiguous, whatever cut them off', async (t) => {
  const { client, marketo } = await simulate(t)
  const input = [{ externalCompanyId: '0015e000001AAAAAA2', company: 'Acme' }]
  for (const fault of [
    { kind: 'drop', when: 'after' },
    { kind: 'html', executes: true },
    { kind: 'truncated' },
    { kind: 'http', status: 502, executes: true },
    { kind: 'late', seconds: 0.01, answer: '504' },
    { kind: 'late', seconds: 0.01, answer: '611' },
  ] as const) {
    marketo.faults.add({ ...fault, times: 1 })
    const { outcome } = await syncObjects(client, 'Company', { ...turn, input })
    t.equal(verdictOfCall(outcome, write).kind, 'ambiguous', JSON.stringify(fault))
  }
})

t.test('an expired token costs one repeat', async (t) => {
  const { client, marketo } = await simulate(t)
  marketo.instance.createLead({ email: 'ada@example.com' })
  const search = { ...turn, filterType: 'email', values: ['ada@example.com'], fields: ['id'] }
  await findLeads(client, search)
  marketo.faults.expireTokens()
  t.match(await findLeads(client, search), { ok: true, records: [{ id: Number }] })
  t.equal(marketo.tokensAsked(), 2)
})

t.test('results that do not fit the input are ambiguous', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(success([{ id: 1, status: 'updated' }]))
  const written = await syncLeads(client, {
    ...turn,
    action: 'updateOnly',
    lookupField: 'id',
    input: [{ id: 1 }, { id: 2 }],
  })
  t.match(written, {
    outcome: { ok: false, code: 'results-misaligned', message: '1 results for 2 records' },
    results: [],
  })
  t.equal(verdictOfCall(written.outcome, write).kind, 'ambiguous')
})

t.test('a walk that always promises more comes to an end', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(json({ success: true, result: [{ id: 1 }], moreResult: true, nextPageToken: 'again' }))
  const found = await findLeads(client, { ...turn, filterType: 'id', values: [1], fields: ['id'] })
  t.match(found, { ok: false, code: 'search-not-whole' }, 'and has failed: nobody knows who is missing')
  t.equal(marketo.seen.length, 100)
})

t.test('a search that promises more and does not give it has failed, and says so', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const persons = { ...turn, filterType: 'id', values: [1], fields: ['id'] }
  for (const more of [true, 'true', 1, {}])
    for (const nextPageToken of [undefined, null, '', 7]) {
      marketo.script(success([{ id: 1 }], { moreResult: more, nextPageToken }))
      const found = await findLeads(client, persons)
      t.match(
        found,
        { ok: false, level: 'body', code: 'search-not-whole' },
        JSON.stringify({ more, nextPageToken }),
      )
      t.match(found.ok || verdictOfCall(found, { write: false, attempt: 1 }), {
        kind: 'again',
        reason: /promised more/,
      })
    }
  marketo.script(
    success([{ id: 1 }], { moreResult: true, nextPageToken: 'p2' }),
    success([], { moreResult: true }),
  )
  t.match(await findLeads(client, persons), { ok: false, code: 'search-not-whole' }, 'nor on a later page')
  marketo.script(success([{ marketoGUID: 'x' }], { moreResult: true }))
  const keys = [{ externalOpportunityId: 'x', leadId: 1, role: 'Other' }]
  t.match(await findRoles(client, { ...turn, keys, fields: ['marketoGUID'] }), { code: 'search-not-whole' })
  for (const moreResult of [false, null, undefined]) {
    marketo.script(success([{ id: 1 }], { moreResult, nextPageToken: 'not needed' }))
    t.match(await findLeads(client, persons), { ok: true, records: [{ id: 1 }] })
  }
})

t.test('a search that hides who was found has failed, and says so', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const persons = { ...turn, filterType: 'id', values: [1], fields: ['id'] }
  for (const odd of [null, 'x', [1], {}, { id: null }, { id: 0 }, { id: -1 }, { id: 1.5 }, { id: 'NaN' }]) {
    marketo.script(success([{ id: 1 }, odd]))
    const found = await findLeads(client, persons)
    t.match(found, { ok: false, level: 'body', code: 'record-without-id' }, JSON.stringify(odd))
    t.match(found.ok || verdictOfCall(found, { write: false, attempt: 1 }), {
      kind: 'again',
      reason: /no id/,
    })
  }
  const deals = { ...turn, filterType: 'externalOpportunityId', values: ['x'], fields: ['marketoGUID'] }
  marketo.script(success([{ externalOpportunityId: 'x', marketoGUID: '' }]))
  t.match(await findObjects(client, 'Opportunity', deals), { ok: false, code: 'record-without-id' })
  marketo.script(success([{ externalOpportunityId: 'x' }]))
  t.match(await findObjects(client, 'Opportunity', { ...deals, fields: ['name'] }), { ok: true })
  marketo.script(success([{ id: '12' }]))
  t.match(await findLeads(client, persons), { ok: true, records: [{ id: '12' }] })
})

t.test(
  'a batch of nothing or of more than 300 is the fault of the caller; merges of more than 25 are split',
  async (t) => {
    const { client, marketo } = await simulate(t)
    await t.rejects(syncObjects(client, 'Company', { ...turn, input: [] }), /1 to 300/)
    await t.rejects(
      deleteLeads(client, { ...turn, ids: Array.from({ length: 301 }, (_, i) => i) }),
      /not 301/,
    )
    const ids = Array.from(
      { length: 31 },
      (_, i) => marketo.instance.createLead({ email: `${i}@example.com` }).id,
    )
    t.match(await mergeLeads(client, { ...turn, winner: ids[0]!, losers: ids.slice(1) }), { ok: true })
    t.same([...marketo.instance.leads.keys()], [ids[0]])
    await t.rejects(mergeLeads(client, { ...turn, winner: 1, losers: [] }), RangeError)
  },
)
