// Marketers delete and merge people in Marketo without asking (design §6). The refresh notices, and the record has a person again, whose values are given.
import { sql } from 'kysely'
import type { Org } from '../simulators/salesforce/org.ts'
import { WEBHOOK_SECRET } from '../fixtures/bridge.ts'
import { until } from '../fixtures/until.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

/** A sweep every 3.6 s. */
const env = { INSIGHTS_EVERY_MINUTES: '0.01', INSIGHTS_SWEEP_EVERY_HOURS: '0.001' }

const withTwins = (org: Org) => ({
  ...smallOrg(org),
  twins: org.insert(
    'Lead',
    ['one', 'other'].map((name) => ({ LastName: name, Company: 'Acme', Email: `${name}@twins.example` })),
  ),
})

async function given(url: string): Promise<{ id: string; priority: number | null }[]> {
  const response = await fetch(`${url}/webhooks/insights`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WEBHOOK_SECRET}`, 'content-type': 'application/json' },
    body: '{"cursor":null}',
  })
  const { records } = (await response.json()) as { records: { id: string; priority: number | null }[] }
  return records
}

/** As after an answer that was wrong: Marketo has them. */
async function seemLost({ db }: Pick<Story, 'db'>, ids: string[]): Promise<void> {
  await sql`update ledger set state = 'lost', lost_id = marketo_id, marketo_id = null where id = any(${ids}::text[])`.execute(
    db,
  )
}

story(
  'A person that Marketo lost is pushed again, with its roles; one that was merged there is found again',
  { org: withTwins, env },
  async (t, { ids, instance, person, inStep, db, url }) => {
    const [one, other] = ids.twins as [string, string]
    const before = { carl: person(ids.carl).id, lena: person(ids.lena).id, one: person(one).id }
    const stays = person(other).id
    const prospect = instance.createLead({ email: 'lena@elsewhere.example' })

    instance.changeScore(prospect.id, { priority: 42 })

    instance.deleteLead(before.carl)
    instance.mergeLeads(prospect.id, [before.lena])
    instance.mergeLeads(stays, [before.one])
    await until(
      'every record to have its person',
      async () => {
        const rows = await db.selectFrom('ledger').select(['id', 'marketo_id', 'state']).execute()
        const known = new Map(rows.map((row) => [row.id, row.state === 'confirmed' ? row.marketo_id : null]))
        return [ids.carl, ids.lena, one].every((id) => {
          const marketoId = known.get(id)
          return marketoId && instance.leads.has(Number(marketoId))
        })
      },
      25_000,
    )
    await inStep()
    t.equal(person(ids.lena).id, prospect.id, 'the survivor carries its key, so it is pointed at')
    t.not(person(ids.carl).id, before.carl, 'created anew')
    t.equal(instance.rolesOf(person(ids.carl).id).length, 1, 'its role too')
    t.equal(person(other).id, stays, 'the survivor stays the person of its own record')
    t.not(person(one).id, stays)
    const values = await until('the values of the survivor to be given', async () =>
      (await given(url)).find(({ id }) => id === ids.lena),
    )
    t.equal(values.priority, 42)
  },
)

story(
  'A person that replaces a lost one takes the old values away from the record',
  { env: { INSIGHTS_EVERY_MINUTES: '0.01' } },
  async (_t, { org, ids, instance, person, inStep, url }) => {
    const priorityOf = async (id: string) => (await given(url)).find((record) => record.id === id)?.priority
    const lost = person(ids.carl).id
    instance.changeScore(lost, { priority: 42 })
    await until('the values to be given', async () => (await priorityOf(ids.carl)) === 42)
    instance.deleteLead(lost)
    org.update('Contact', ids.carl, { Department: 'Purchasing' })
    await inStep({ unmade: new Set([lost]) })
    await until('the values of the new person to be given', async () => (await priorityOf(ids.carl)) === null)
  },
)

story(
  "A lead converted into a contact hands it what its person's last moment was",
  { env: { INSIGHTS_EVERY_MINUTES: '0.01' } },
  async (t, { org, ids, instance, person, inStep, url }) => {
    const former = new Map([ids.lena, ids.carl].map((id) => [id, person(id).id]))
    instance.changeScore(former.get(ids.lena)!, { priority: 42 })
    await until('the values to be given', async () => (await given(url)).some(({ id }) => id === ids.lena))
    org.convertLead(ids.lena, { contactId: ids.carl })
    await inStep({ former })
    const left = await until('the contact to have them', async () => {
      const records = await given(url)
      return records.some(({ id, priority }) => id === ids.carl && priority === 42) ? records : undefined
    })
    t.notOk(left.some(({ id }) => id === ids.lena))
  },
)

story(
  'What Marketo only seemed to have lost leaves it when it is deleted in Salesforce',
  {},
  async (t, { org, ids, instance, person, inStep, db }) => {
    const former = new Map([ids.carl, ids.lena].map((id) => [id, person(id).id]))
    await seemLost({ db }, [ids.carl, ids.lena, ids.deal])
    for (const [object, id] of [
      ['Contact', ids.carl],
      ['Lead', ids.lena],
      ['Opportunity', ids.deal],
    ] as const)
      org.delete(object, id)
    await inStep({ former })
    t.notOk(instance.findOpportunity(ids.deal))
    for (const id of former.keys()) t.strictSame(instance.findLeads('externalPersonId', id), [])
  },
)

story(
  "A queue's lead that a marketer merged an owned one into is not left with the other's sales person",
  { env: { INSIGHTS_EVERY_MINUTES: '0.01' } },
  async (t, { org, ids, instance, person, inStep }) => {
    const queue = org.insert('Group', { Name: 'Queue', Type: 'Queue' }, { silent: true })
    const queued = org.insert('Lead', { LastName: 'Queued', Company: 'X', OwnerId: queue })
    await inStep()
    const former = new Map([queued, ids.lena].map((id) => [id, person(id).id]))
    instance.mergeLeads(former.get(queued)!, [former.get(ids.lena)!])
    t.equal(instance.leads.get(former.get(queued)!)?.fields.externalSalesPersonId, ids.ann)
    org.update('Lead', ids.lena, { Title: 'Lost to the other' })
    await inStep({ former, unmade: new Set([former.get(ids.lena)!]) })
    t.equal(person(queued).fields.externalSalesPersonId ?? null, null)
  },
)

for (const when of ['found again', 'looked for'])
  story(
    `A person that Marketo only seemed to have lost is not taken for a marketer's: deleted with its record when ${when}`,
    { env: { DELETE_POLICY: 'delete' } },
    async (t, { org, ids, instance, marketo, person, inStep, db }) => {
      const former = new Map([[ids.lena, person(ids.lena).id]])
      marketo.faults.add({
        kind: 'record',
        code: '1004',
        times: 1,
        match: { endpoint: 'leads.json', where: ({ action }) => action === 'updateOnly' },
      })
      org.update('Lead', ids.lena, { Title: 'Chief' })
      await until('the loss to be noted', () =>
        db.selectFrom('ledger').select('id').where('state', '=', 'lost').executeTakeFirst(),
      )
      if (when === 'found again') await inStep({ former })
      org.delete('Lead', ids.lena)
      await inStep({ former, deletePolicy: 'delete' })
      t.notOk(instance.leads.has(former.get(ids.lena)!))
    },
  )

for (const DELETE_POLICY of ['keep', 'delete'] as const)
  story(
    `Whom Marketo only seemed to have lost is merged or converted as anybody is (${DELETE_POLICY})`,
    { org: withTwins, env: { DELETE_POLICY } },
    async (t, { org, ids, instance, person, inStep, db }) => {
      const [one, other] = ids.twins as [string, string]
      const former = new Map([one, other, ids.lena, ids.carl].map((id) => [id, person(id).id]))
      await seemLost({ db }, [other, ids.lena])
      org.merge('Lead', one, [other])
      org.convertLead(ids.lena, { contactId: ids.carl })
      await inStep({ former, deletePolicy: DELETE_POLICY })
      t.equal(person(one).id, former.get(one))
      const winners = new Set(instance.activities(32).map(({ leadId }) => leadId))
      t.strictSame(winners, new Set([former.get(one), former.get(ids.carl)]))
    },
  )

story(
  'Whom Marketo only seemed to have lost is the same person after a delete and an undelete',
  { env: { MATCH_BY_EMAIL: 'false' } },
  async (t, { org, ids, person, inStep, db }) => {
    const former = new Map([[ids.lena, person(ids.lena).id]])
    await seemLost({ db }, [ids.lena])
    org.delete('Lead', ids.lena)
    await inStep({ former })
    org.undelete('Lead', ids.lena)
    await inStep({ former })
    t.equal(person(ids.lena).id, former.get(ids.lena))
  },
)

story(
  'The values of who is lost in Marketo are not given any more once the filter leaves it out',
  { env: { INSIGHTS_EVERY_MINUTES: '0.01' } },
  async (t, { org, ids, instance, person, api, url, db, quiet }) => {
    const lost = person(ids.lena).id
    instance.changeScore(lost, { priority: 42 })
    await until('the values to be given', async () => (await given(url)).some(({ id }) => id === ids.lena))
    org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Lead', Active__c: true, Filter__c: "Title != 'Outside'" },
    ])
    await api('/api/mapping/reload', { method: 'POST' })
    await seemLost({ db }, [ids.lena])
    org.update('Lead', ids.lena, { Title: 'Outside' })
    await quiet()
    await until('them to leave', async () => !(await given(url)).some(({ id }) => id === ids.lena))
    t.ok(instance.leads.has(lost))
  },
)
