// Any byte sequence from anybody: never a crash, never a lost record, always a visible reason.
import * as fc from 'fast-check'
import { until } from '../fixtures/until.ts'
import { everyDatabaseTeller } from './fixtures/story.ts'

const { story, onEveryDatabase } = await everyDatabaseTeller()

/** Seeded, so that a failure can be played again. */
const SEED = Number(process.env['GARBAGE_SEED'] ?? 20_261_123)
const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { seed: SEED, numRuns: count })

const A_WHILE_MS = 2_500

/** Nearly Marketo's answers, and anything. */
const answers = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{}',
    '{"success":true}',
    '{"success":true,"result":null}',
    '{"success":true,"result":[]}',
    '{"success":true,"result":[null,1,"x"]}',
    '{"success":true,"result":[{"status":"updated"},{"status":"updated"}]}',
    '{"success":true,"result":[{"id":"NaN","status":"created"}]}',
    '{"success":false}',
    '{"success":false,"errors":[]}',
    '{"success":false,"errors":[{"code":{},"message":null}]}',
    '{"success":"yes","result":[{"id":1,"status":"updated"}]}',
    '<!DOCTYPE html><html></html>',
    '{"success":true,"result":[{"id":1,"sta',
  ),
)
const types = fc.constantFrom(
  'application/json',
  'text/html',
  'text/plain',
  'application/octet-stream',
  'nonsense',
)

onEveryDatabase(
  'Marketo answers nonsense for a while: afterwards everything is there once',
  { impatient: true },
  async (t, { org, ids, marketo, inStep, instance, parked, quiet, api }) => {
    const bodies = sample(
      fc.tuple(answers, types, fc.constantFrom(200, 200, 200, 201, 302, 400, 404, 500), fc.boolean()),
      40,
    )
    for (const [body, contentType, status, executes] of bodies)
      marketo.faults.add({ kind: 'http', status, body, contentType, executes, times: 1 })
    const leads = org.insert(
      'Lead',
      [1, 2, 3].map((n) => ({ LastName: `L${n}`, Company: 'X', Email: `l${n}@x.example`, OwnerId: ids.bob })),
    )
    org.update('Contact', ids.carl, { Title: 'Through nonsense' })
    org.update('Account', ids.acme, { Website: 'nonsense.example' })
    const began = Date.now()
    await until('a while to pass', () => Date.now() - began > A_WHILE_MS)
    t.ok(marketo.calls.length > 3)
    marketo.faults.clear()
    await quiet(40_000)
    // What is refused with HTTP 400 among others that are let through may be at fault itself: it is told, and tried again.
    for (const { code, reason, advice } of (await parked()).values()) {
      t.match(code, /^HTTP 4/)
      t.ok(reason && advice)
    }
    if ((await parked()).size > 0) await api('/api/parked/retry', { method: 'POST' })
    await inStep({ deadlineMs: 20_000 })
    t.equal(instance.leads.size, 2 + leads.length)
    t.strictSame([...(await parked())], [])
  },
)

for (const [when, externalPersonIdLookup, times] of [
  ['before it is created', false, 1],
  // At once, and when Marketo can't be working on it any more.
  ['when the outcome of its creation is unknown', true, 2],
] as const)
  story(
    `A lead is looked up ${when} and Marketo answers with a person without id: it is looked up anew, and is one person`,
    { marketo: { externalPersonIdLookup } },
    async (t, { org, marketo, inStep, instance, person, db }) => {
      const lead = org.insert('Lead', { LastName: 'Nameless', Company: 'X' }, { silent: true })
      if (externalPersonIdLookup)
        marketo.faults.add({
          kind: 'drop',
          when: 'after',
          times: 1,
          match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
        })
      const nameless = marketo.faults.add({
        kind: 'http',
        status: 200,
        contentType: 'application/json',
        body: JSON.stringify({ success: true, result: [{ externalPersonId: lead }] }),
        times,
        match: { endpoint: 'leads.json', method: 'GET' },
      })
      org.update('Lead', lead, { Title: 'Named' })
      await until('the look-up', () => nameless.hits === times)
      await inStep({ marketo: { externalPersonIdLookup } })
      t.equal(instance.leads.size, 3)
      const entry = await db.selectFrom('ledger').selectAll().where('id', '=', lead).executeTakeFirst()
      t.match(entry, { state: 'confirmed', marketo_id: String(person(lead).id) })
    },
  )

story(
  'A look-up by e-mail promises more than it gives: nobody is adopted or created on the strength of a part, and that is told',
  { impatient: true },
  async (t, { org, marketo, inStep, instance, person, problem, status, newCalls }) => {
    const made = [1, 2].map(() => instance.createLead({ email: 'twin@x.example' }).id)
    const part = marketo.faults.add({
      kind: 'http',
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify({
        success: true,
        result: [{ id: made[0], email: 'twin@x.example' }],
        moreResult: true,
      }),
      match: { endpoint: 'leads.json', method: 'GET' },
    })
    const lead = org.insert('Lead', { LastName: 'Third', Company: 'X', Email: 'twin@x.example' })
    await until('it to be told', async () => (await problem('search-not-whole')) !== undefined, 20_000)
    t.match(await problem('search-not-whole'), { reason: /promised more/, advice: /\w/ })
    t.strictSame(
      newCalls().filter(({ action }) => action !== undefined),
      [],
      'nothing was written',
    )
    part.remove()
    await inStep({ made: new Set(made), deadlineMs: 30_000 })
    t.notOk(made.includes(person(lead).id))
    await until('no problem to be left', async () => (await status()).problems.length === 0, 30_000)
  },
)

story(
  'Salesforce answers nonsense to everything for a while: afterwards everything is there',
  {},
  async (t, { org, ids, salesforce, inStep, person, status }) => {
    const { faults } = salesforce
    const kind = ['query', 'retrieve'] as unknown as never
    faults.html200({ times: 2, kind })
    faults.truncate({ times: 2, kind })
    faults.contentType('text/plain', { times: 2, kind })
    faults.dropConnection({ moment: 'mid-body', times: 2, kind })
    faults.status(503, { html: true, times: 2, kind })
    faults.status(500, { errorCode: 'UNKNOWN_EXCEPTION', times: 1, kind })
    faults.requestLimitExceeded({ times: 1 })
    org.update('Lead', ids.lena, { Title: 'Through nonsense' })
    org.update('Contact', ids.carl, { Title: 'Through nonsense' })
    await inStep({ deadlineMs: 90_000 })
    t.equal(person(ids.lena).fields.title, 'Through nonsense')
    await until('no problem to be left', async () => (await status()).problems.length === 0, 30_000)
  },
)

story(
  'Any event payload: what is not understood is parked raw, the stream goes on, and nothing else happens',
  {},
  async (t, { org, ids, salesforce, inStep, parked, newCalls, person, status }) => {
    const word = fc.oneof(
      fc.constantFrom('Lead', 'CREATE', ids.lena, 'Case', ''),
      fc.string(),
      fc.string({ unit: 'binary' }),
    )
    const payloads = fc.oneof(
      fc.json().map((text) => JSON.parse(text) as unknown),
      fc.record({
        Object_Type__c: word,
        Change_Type__c: word,
        Record_Ids__c: word,
        Replaced_By_Ids__c: word,
      }),
      fc.constantFrom(
        null,
        [],
        'text',
        7,
        { Object_Type__c: ['Lead'], Record_Ids__c: {} },
        { Record_Ids__c: 'x'.repeat(40_000) },
      ),
    )
    const count = 60
    for (const payload of sample(payloads, count)) salesforce.events.publishRaw(payload)
    salesforce.events.publishRaw(undefined, { data: { payload: null, event: null } })
    salesforce.events.publishRaw(undefined, { data: 'no envelope at all' })
    org.update('Lead', ids.lena, { Title: 'After all that' })
    await until('the good event', () => person(ids.lena).fields.title === 'After all that', 30_000)
    await inStep({ parked: new Map() })
    const rows = [...(await parked()).values()]
    t.ok(rows.length >= count / 2, `${rows.length} are parked`)
    t.ok(rows.every(({ object, code, reason, payload }) => object === 'Event' && code && reason && payload))
    t.equal((await status()).parked.Event, rows.length)
    const writes = newCalls().filter(({ action }) => action !== undefined)
    t.equal(writes.length, 1, 'only the real change was sent')
  },
)

story(
  'Any id and position of an event: it is listed once, and what comes behind it is heard, also by a client that comes anew',
  {},
  async (t, { org, ids, salesforce, inStep, parked, person, status }) => {
    const long = fc.string({ minLength: 3_000, maxLength: 9_000, unit: 'binary', size: 'max' })
    const some = fc.oneof(
      fc.json().map((text) => JSON.parse(text) as unknown),
      fc.string({ unit: 'binary' }),
    )
    const EventUuid = fc.oneof(long, some, fc.constantFrom('', 'nul\0', '\ud800'))
    const replayId = fc.oneof(some, long, fc.double(), fc.constantFrom(-1, -2, 0, 1.5, 2 ** 70, '-2', '\0'))
    const headers = sample(fc.record({ EventUuid, replayId }), 40)
    for (const [n, event] of headers.entries())
      salesforce.events.publishRaw(undefined, { data: { payload: { n }, event } })
    for (const Title of ['Behind all that', 'Heard anew']) {
      org.update('Lead', ids.lena, { Title })
      await until('the good event', () => person(ids.lena).fields.title === Title, 30_000)
      salesforce.faults.forgetClients()
    }
    await inStep({ parked: new Map(), deadlineMs: 30_000 })
    t.equal((await status()).parked.Event, headers.length)
    t.ok([...(await parked()).keys()].every((id) => id.length < 120))
  },
)
