// A marketer has given the person of one record the key of another, by hand. The ledger knows whose it is: nothing is done to it for the other
// record, and its own sets the key right (design §5, rule 8).
import { sql } from 'kysely'
import { until } from '../fixtures/until.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import { smallOrg, type SmallOrg } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

const withTwin = (org: Org) => ({
  ...smallOrg(org),
  twin: org.insert('Lead', { LastName: 'Twin', Company: 'Acme', Email: 'twin@acme.example', Title: 'CEO' }),
})

const ownerOf = async ({ db }: Pick<Story, 'db'>, marketoId: number): Promise<string | undefined> =>
  (await db.selectFrom('ledger').select('id').where('marketo_id', '=', String(marketoId)).executeTakeFirst())
    ?.id

/** Lena's person is gone, and Carl's has her key. */
function giveKeyAway({ ids, instance, person }: Pick<Story, 'instance' | 'person'> & { ids: SmallOrg }) {
  const lost = person(ids.lena).id
  const carls = person(ids.carl).id
  instance.deleteLead(lost)
  instance.editLead(carls, { externalPersonId: ids.lena })
  return { lost, carls }
}

for (const [what, becomesPartOf] of [
  ['merged', (org: Org, lead: string, twin: string) => org.merge('Lead', twin, [lead])],
  ['converted', (org: Org, lead: string) => void org.convertLead(lead)],
] as const)
  story(
    `The person of a contact that was given the key of a lead is not merged away when the lead is ${what}`,
    { org: withTwin },
    async (t, told) => {
      const { org, ids, instance, person, inStep } = told
      const { lost, carls } = giveKeyAway(told)
      becomesPartOf(org, ids.lena, ids.twin)
      await inStep({ unmade: new Set([lost]) })
      t.equal(await ownerOf(told, carls), ids.carl)
      t.equal(person(ids.carl).id, carls)
      t.equal(instance.rolesOf(carls).length, 1)
    },
  )

for (const DELETE_POLICY of ['keep', 'delete'] as const)
  story(
    `The person of a contact that was given the key of a lead is not let go of when the lead is deleted (${DELETE_POLICY})`,
    { env: { DELETE_POLICY } },
    async (t, told) => {
      const { org, ids, person, inStep } = told
      const { lost, carls } = giveKeyAway(told)
      org.delete('Lead', ids.lena)
      await inStep({ unmade: new Set([lost]), deletePolicy: DELETE_POLICY })
      t.equal(person(ids.carl).id, carls)
      t.equal(person(ids.carl).fields.externalSalesPersonId, ids.ann)
    },
  )

/** Looked for by its key before, or found by Marketo itself. */
for (const externalPersonIdLookup of [false, true])
  story(
    `The person of a contact that was given the key of a new lead is not taken over (${externalPersonIdLookup ? 'Marketo takes' : 'Marketo takes no'} externalPersonId as lookup field)`,
    { marketo: { externalPersonIdLookup } },
    async (t, told) => {
      const { org, ids, instance, person, inStep } = told
      const carls = person(ids.carl).id
      const lead = org.insert('Lead', { LastName: 'New', Company: 'X', Phone: '+46 8 1' }, { silent: true })
      instance.editLead(carls, { externalPersonId: lead })
      org.update('Lead', lead, { Title: 'New' })
      await inStep()
      t.equal(person(ids.carl).id, carls)
      t.equal(await ownerOf(told, carls), ids.carl)
      t.not(person(lead).id, carls)
      t.notOk(person(ids.carl).fields.phone, 'nor does it keep what was meant for the lead')
    },
  )

story(
  'The person of a contact that was given the key of a new lead is not taken over by a write of unknown outcome',
  { impatient: true },
  async (t, told) => {
    const { org, ids, instance, marketo, person, inStep } = told
    const carls = person(ids.carl).id
    const lead = org.insert('Lead', { LastName: 'New', Company: 'X', Phone: '+46 8 1' }, { silent: true })
    instance.editLead(carls, { externalPersonId: lead })
    const unknown = marketo.faults.add({
      kind: 'drop',
      when: 'after',
      times: 1,
      match: { endpoint: 'leads.json', action: 'createOrUpdate' },
    })
    org.update('Lead', lead, { Title: 'New' })
    await until('its outcome to be unknown', () => unknown.hits === 1)
    await inStep({ deadlineMs: 30_000 })
    t.equal(person(ids.carl).id, carls)
    t.not(person(lead).id, carls)
    t.notOk(person(ids.carl).fields.phone)
  },
)

for (const SEVERAL_PERSONS of ['report', 'merge'])
  story(
    `The person of a contact that was given the key of a lead beside another is none of several that have it (${SEVERAL_PERSONS})`,
    { env: { SEVERAL_PERSONS }, marketo: { externalPersonIdLookup: false } },
    async (t, { org, ids, instance, person, parked, inStep }) => {
      const carls = person(ids.carl).id
      const lead = org.insert('Lead', { LastName: 'Twice', Company: 'X' }, { silent: true })
      const imported = instance.createLead({ externalPersonId: lead }).id
      instance.editLead(carls, { externalPersonId: lead })
      org.update('Lead', lead, { Title: 'Twice' })
      await inStep()
      t.strictSame([...(await parked())], [])
      t.equal(person(ids.carl).id, carls)
      t.equal(person(lead).id, imported)
    },
  )

story(
  'The person of a lead that was given the key of the contact it was converted into, whose own is lost, becomes the contact',
  {},
  async (t, { org, ids, instance, person, db, inStep }) => {
    const lenas = person(ids.lena).id
    const lost = person(ids.carl).id
    instance.deleteLead(lost)
    instance.editLead(lenas, { externalPersonId: ids.carl })
    await sql`update ledger set state = 'lost', lost_id = marketo_id, marketo_id = null where id = ${ids.carl}`.execute(
      db,
    )
    org.convertLead(ids.lena, { contactId: ids.carl })
    await inStep({ unmade: new Set([lost]), deadlineMs: 25_000 })
    t.equal(person(ids.carl).id, lenas)
    t.equal(instance.rolesOf(lenas).length, 1)
  },
)

story(
  'The person of a refused contact that was given the key of a new lead keeps the lead back, visibly, and is not sent again for it',
  { marketo: { externalPersonIdLookup: false }, impatient: true },
  async (t, { org, ids, instance, marketo, person, parked, waitsBecause, status, api, inStep }) => {
    const carls = person(ids.carl).id
    marketo.faults.add({
      kind: 'record',
      code: '1003',
      match: { endpoint: 'leads.json', action: 'updateOnly' },
    })
    org.update('Contact', ids.carl, { Title: 'Refused' })
    await until('the contact to be parked', async () => (await parked()).has(ids.carl))
    const lead = org.insert('Lead', { LastName: 'New', Company: 'X' }, { silent: true })
    instance.editLead(carls, { externalPersonId: lead })
    org.update('Lead', lead, { Title: 'New' })
    await until('the lead to wait for the contact', async () => (await waitsBecause(lead)) !== undefined)
    t.match(await waitsBecause(lead), new RegExp(`person ${carls} .* Contact ${ids.carl}, which is parked`))
    t.match((await status()).waiting, { Lead: 1 })
    t.equal((await parked()).get(ids.carl)?.attempts, 1)
    marketo.faults.clear()
    await api('/api/parked/retry', { method: 'POST', body: { ids: [ids.carl] } })
    await until('the contact to be cured', async () => (await parked()).size === 0)
    await inStep()
    t.equal(person(ids.carl).id, carls)
  },
)

story(
  'A person with the key of a lead that another write is just giving to a record is not merged away with the lead',
  { org: withTwin, marketo: { externalPersonIdLookup: false }, impatient: true },
  async (t, told) => {
    const { org, ids, instance, marketo, person, db, inStep } = told
    const lost = person(ids.lena).id
    const lead = org.insert('Lead', { LastName: 'New', Company: 'X' }, { silent: true })
    const imported = instance.createLead({ externalPersonId: lead }).id
    await sql`update ledger set state = 'lost', lost_id = '999999', marketo_id = null where id = ${ids.lena}`.execute(
      db,
    )
    instance.deleteLead(lost)
    const slow = marketo.faults.add({
      kind: 'slow',
      ms: 3_000,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Lead', lead, { Title: 'On its way' })
    await until('it to be on its way', () => slow.hits > 0)
    slow.remove()
    instance.editLead(imported, { externalPersonId: ids.lena })
    org.merge('Lead', ids.twin, [ids.lena])
    await inStep({ unmade: new Set([lost]), deadlineMs: 25_000 })
    t.equal(await ownerOf(told, imported), lead)
  },
)
