import t from 'tap'
import { readChange } from '../../src/database/changes.ts'
import { confirm } from '../../src/database/ledger.ts'
import { createReader, type Reader } from '../../src/salesforce/read.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { personId } from '../fixtures/persons.ts'
import { startWeb, type Answered } from '../fixtures/web.ts'
import { connectSimulated } from '../salesforce/fixtures/simulated.ts'

// PostgreSQL where there is one: it starts faster than the embedded database.
const kind = (await databaseKinds()).at(-1)

interface Told {
  salesforce: Record<string, unknown> | null
  ledger: Record<string, unknown> | null
  marketo: Record<string, unknown> | null
  checks: { name: string; ok: boolean; reason: string }[]
}
const told = ({ body }: Answered): Told => body as unknown as Told
const failing = (answer: Answered) =>
  told(answer)
    .checks.filter((check) => !check.ok)
    .map(({ name, reason }) => `${name}: ${reason}`)

t.test('a contact is explained with what Salesforce, the ledger and Marketo say', async (t) => {
  const { db } = await kind!.create(t)
  const { simulator, salesforce } = await connectSimulated(t)
  const marketo = await startMarketoSide(t)
  const web = await startWeb(t, db, { marketo, salesforce: async () => createReader(salesforce) })
  const { org } = simulator
  const owner = org.insert('User', {
    Username: 'rep@acme.example.org',
    LastName: 'Rep',
    Email: 'rep@acme.example',
    IsActive: true,
  })
  const account = org.insert('Account', { Name: 'Acme', OwnerId: owner })
  const id = org.insert('Contact', {
    LastName: 'Lind',
    Email: 'lind@acme.example',
    OwnerId: owner,
    AccountId: account,
  })

  const before = await web.get(`/api/records/${id}`)
  t.equal(before.status, 200)
  t.match(told(before).salesforce, { Id: id, Email: 'lind@acme.example' })
  t.strictSame([told(before).ledger, told(before).marketo], [null, null])
  t.match(failing(before).join('\n'), /Sent: The bridge has never heard of it/)
  t.match(failing(before).join('\n'), /Marketo: Marketo has no person with the externalPersonId/)
  t.match(failing(before).join('\n'), /Company: The company of Account .* is missing in Marketo/)

  const { instance } = marketo.simulator
  const lead = instance.createLead({ email: 'lind@acme.example' })
  t.match(
    failing(await web.get(`/api/records/${id.slice(0, 15)}`)).join('\n'),
    /externalPersonId: The person in Marketo has no externalPersonId/,
    'a person with that e-mail that was never tied to the record',
  )

  instance.editLead(lead.id, {
    externalPersonId: id,
    externalSalesPersonId: owner,
    externalCompanyId: account,
  })
  await confirm(db, [
    {
      object: 'Contact',
      id,
      marketoId: String(lead.id),
      state: 'confirmed',
      hashes: null,
      ownerId: owner,
      accountId: account,
      pushed: true,
    },
  ])
  const after = await web.get(`/api/records/${id}`)
  t.match(told(after).marketo, { id: lead.id, externalPersonId: id })
  t.match(told(after).ledger, { marketoId: String(lead.id), state: 'confirmed' })
  t.notMatch(failing(after).join('\n'), /externalPersonId:|Marketo:/)
})

t.test('what is no id, and what is nowhere', async (t) => {
  const { db } = await kind!.create(t)
  const { salesforce } = await connectSimulated(t)
  const marketo = await startMarketoSide(t)
  const web = await startWeb(t, db, { marketo, salesforce: async () => createReader(salesforce) })
  for (const text of [
    'hello',
    '00Q5e000001AbCdAAA',
    '00Q5e0000000000%20EA',
    'x'.repeat(500),
    '%00',
    '..%2Fstatus',
  ])
    t.equal((await web.get(`/api/records/${text}`)).status, 400, text)
  t.match((await web.get('/api/records/hello')).body.message, /id must be a Salesforce id of 15 or 18/)
  t.equal((await web.get(`/api/records/${personId(1)}`)).status, 404)
  t.equal((await web.get('/api/records/a005e0000000000')).status, 404, 'of an object that is not synced')
})

t.test('a record is marked to be sent with all its fields', async (t) => {
  const { db } = await kind!.create(t)
  const web = await startWeb(t, db)
  const answer = await web.post(`/api/records/${personId(1).slice(0, 15)}/sync`)
  t.equal(answer.status, 202)
  t.match(answer.body, { id: personId(1), object: 'Lead' })
  t.match(await readChange(db, personId(1)), { object: 'Lead', priority: 0, force: true })
  t.equal((await web.post('/api/records/nothing/sync')).status, 400)
  t.equal((await web.post('/api/records/a005e0000000000/sync')).status, 404)
})

t.test('systems that are down or not set up hide nothing of what is known', async (t) => {
  const { db } = await kind!.create(t)
  await confirm(db, [
    { object: 'Lead', id: personId(1), marketoId: '7', state: 'confirmed', hashes: null, pushed: true },
  ])
  const unset = await web(undefined)
  const answer = await unset.get(`/api/records/${personId(1)}`)
  t.equal(answer.status, 200)
  t.match(told(answer).ledger, { marketoId: '7' })
  t.match(failing(answer).join('\n'), /Salesforce: Salesforce is not set up/)
  t.match(failing(answer).join('\n'), /Marketo: Marketo could not be asked: Marketo is not set up/)
  const down = await web(async () => {
    throw new Error('connect ECONNREFUSED')
  })
  t.match(failing(await down.get(`/api/records/${personId(2)}`)).join('\n'), /ECONNREFUSED/)

  function web(salesforce: (() => Promise<Pick<Reader, 'read'>>) | undefined) {
    return startWeb(t, db, { salesforce })
  }
})

t.test('opportunities, their roles, companies and sales persons are explained too', async (t) => {
  const { db } = await kind!.create(t)
  const { simulator, salesforce } = await connectSimulated(t)
  const marketo = await startMarketoSide(t)
  const web = await startWeb(t, db, { marketo, salesforce: async () => createReader(salesforce) })
  const { org } = simulator
  const owner = org.insert('User', {
    Username: 'rep@acme.example.org',
    LastName: 'Rep',
    Email: 'rep@acme.example',
    IsActive: true,
  })
  const account = org.insert('Account', { Name: 'Acme', OwnerId: owner })
  const contact = org.insert('Contact', { LastName: 'Lind', OwnerId: owner, AccountId: account })
  const opportunity = org.insert('Opportunity', {
    Name: 'Deal',
    StageName: 'New',
    CloseDate: '2026-12-24',
    OwnerId: owner,
    AccountId: account,
  })
  const role = org.insert('OpportunityContactRole', {
    OpportunityId: opportunity,
    ContactId: contact,
    Role: 'User',
  })
  for (const id of [owner, account, opportunity, role]) {
    const answer = await web.get(`/api/records/${id}`)
    t.equal(answer.status, 200)
    t.match(
      failing(answer).join('\n'),
      /Marketo: Marketo has no (sales person|company|opportunity|opportunity role) with/,
    )
  }
  t.equal(marketo.simulator.calls.codes()['1006'] ?? 0, 0, 'no field is asked for that Marketo lacks')
})
