// Persons that carry a record's key without the ledger's knowing: a marketer merged the record's person into another, or imported one with the
// key. None keeps the key of a record that is gone, and nobody is there twice.
import { sql } from 'kysely'
import type { Org } from '../simulators/salesforce/org.ts'
import { until } from '../fixtures/until.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

const withTwin = (org: Org) => ({
  ...smallOrg(org),
  twin: org.insert('Lead', { LastName: 'Twin', Company: 'Acme', Email: 'twin@acme.example' }),
})

const keysOf = ({ instance }: Pick<Story, 'instance'>, id: string): number[] =>
  instance.findLeads('externalPersonId', id).map((lead) => lead.id)

/** As a marketer does who has found the same human twice; the key goes to the person that had none. */
function mergeIntoProspect({ instance }: Pick<Story, 'instance'>, person: number): number {
  const { id } = instance.createLead({ email: 'prospect@elsewhere.example', city: 'Lund' })
  instance.mergeLeads(id, [person])
  return id
}

for (const DELETE_POLICY of ['keep', 'delete'])
  story(
    `Whom a marketer merged a lead's person into is let go of when the lead is deleted before anybody noticed (${DELETE_POLICY})`,
    { env: { DELETE_POLICY } },
    async (t, { org, ids, instance, person, quiet }) => {
      const heir = mergeIntoProspect({ instance }, person(ids.lena).id)
      org.delete('Lead', ids.lena)
      await quiet()
      t.strictSame(keysOf({ instance }, ids.lena), [])
      t.notOk(instance.leads.get(heir)?.fields.externalSalesPersonId)
      t.ok(instance.leads.has(heir), 'a person of marketers is never deleted')
    },
  )

for (const [what, becomesPartOf] of [
  ['merged', (org: Org, lead: string, twin: string) => (org.merge('Lead', twin, [lead]), twin)],
  ['converted', (org: Org, lead: string) => org.convertLead(lead).contactId],
] as const)
  story(
    `Whom a marketer merged a lead's person into is part of the survivor when the lead is ${what}`,
    { org: withTwin, env: { DELETE_POLICY: 'delete' } },
    async (t, { org, ids, instance, person, inStep, quiet }) => {
      const former = person(ids.lena).id
      const heir = mergeIntoProspect({ instance }, former)
      const survivor = becomesPartOf(org, ids.lena, ids.twin)
      await inStep({ unmade: new Set([former]), made: new Set([heir]), deletePolicy: 'delete' })
      t.strictSame(keysOf({ instance }, ids.lena), [])
      t.equal(person(survivor).fields.city, 'Lund')
      org.delete(what === 'merged' ? 'Lead' : 'Contact', survivor)
      await quiet()
      t.ok(
        [...instance.leads.values()].some(({ fields }) => fields.city === 'Lund'),
        'what marketers know stays',
      )
    },
  )

const LEAVES: Record<string, (org: Org, lead: string) => string | void> = {
  converted: (org, lead) => org.convertLead(lead).contactId,
  deleted: (org, lead) => org.delete('Lead', lead),
}

/** Looked for by its key before, or by Marketo itself. */
for (const [how, action, externalPersonIdLookup] of [
  ['update', 'updateOnly', false],
  ['creation', 'createOrUpdate', true],
] as const)
  for (const [what, removed] of Object.entries(LEAVES))
    story(
      `A person imported with the key of a lead, whose ${how} Marketo refuses, does not keep the key when the lead is ${what}`,
      { marketo: { externalPersonIdLookup } },
      async (t, { org, instance, marketo, inStep, parked, person }) => {
        marketo.faults.add({ kind: 'record', code: '1003', match: { endpoint: 'leads.json', action } })
        const lead = org.insert('Lead', { LastName: 'Imported', Company: 'X' }, { silent: true })
        const imported = instance.createLead({ externalPersonId: lead }).id
        org.update('Lead', lead, { Title: 'Refused' })
        await until('it to be parked', async () => (await parked()).has(lead))
        marketo.faults.clear()
        const contact = removed(org, lead)
        await inStep({ former: new Map([[lead, imported]]) })
        t.strictSame([...(await parked())], [])
        if (typeof contact === 'string') t.equal(person(contact).id, imported, 'nobody is created beside it')
      },
    )

story(
  'A person that only seemed lost is let go of when the filter leaves it out, and when it is deleted for good',
  { org: withTwin },
  async (t, { org, ids, instance, api, db, person, inStep, quiet, reconcile }) => {
    const former = new Map([ids.lena, ids.twin].map((id) => [id, person(id).id]))
    org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Lead', Active__c: true, Filter__c: "Title != 'Outside'" },
    ])
    await api('/api/mapping/reload', { method: 'POST' })
    await quiet()
    await sql`update ledger set state = 'lost', lost_id = marketo_id, marketo_id = null where object = 'Lead'`.execute(
      db,
    )
    org.update('Lead', ids.lena, { Title: 'Outside' })
    org.hardDelete('Lead', ids.twin)
    for (let census = 0; census < 3; census++) {
      await reconcile()
      await quiet()
    }
    await inStep({
      former,
      leavesOut: (object, row) => object === 'Lead' && row['Title'] === 'Outside',
    })
    for (const id of [ids.lena, ids.twin]) t.strictSame(keysOf({ instance }, id), [])
  },
)

story(
  'A contact that was released, undeleted, and had a lead converted into it is its own person again, with the lead in it',
  {},
  async (t, { org, ids, inStep, person, reconcile }) => {
    const former = new Map([ids.carl, ids.lena].map((id) => [id, person(id).id]))
    org.delete('Contact', ids.carl)
    await inStep({ former })
    org.undelete('Contact', ids.carl)
    org.convertLead(ids.lena, { contactId: ids.carl, bypass: true })
    await reconcile()
    await inStep({ former })
    t.equal(person(ids.carl).id, former.get(ids.carl))
  },
)

story(
  'A contact that is deleted for good while its removal waits leaves Marketo',
  { impatient: true },
  async (t, { org, ids, instance, marketo, db, api, quiet, reconcile, parked }) => {
    marketo.faults.add({
      kind: 'record',
      code: '1003',
      match: { endpoint: 'opportunities/roles/delete.json' },
    })
    org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Contact', Active__c: true, Filter__c: "Title != 'Outside'" },
    ])
    await api('/api/mapping/reload', { method: 'POST' })
    org.update('Contact', ids.carl, { Title: 'Outside' })
    const state = () =>
      db
        .selectFrom('ledger')
        .select(['state', 'marketo_id', 'missed'])
        .where('id', '=', ids.carl)
        .executeTakeFirst()
    await until('it to be on its way out', async () => (await state())?.state === 'outside', 20_000)
    t.ok((await state())?.marketo_id)
    org.hardDelete('Contact', ids.carl)
    await until(
      'it to be missed',
      async () =>
        (await parked()).get(ids.carl)?.code === 'unreadable' || ((await state())?.missed ?? 0) >= 2,
      20_000,
    )
    marketo.faults.clear()
    for (let census = 0; census < 3; census++) await reconcile()
    await quiet(40_000)
    t.strictSame(keysOf({ instance }, ids.carl), [])
    // One that a census looked for while it was just leaving is told as hidden, until the next census.
    await until(
      'nobody to be told as refused',
      async () => {
        if ((await parked()).size === 0) return true
        await reconcile()
        await quiet()
        return false
      },
      30_000,
    )
  },
)

story(
  'A released person that somebody gave the key of a new lead becomes that lead, also when its first push is lost',
  {},
  async (t, { org, ids, instance, marketo, person, inStep }) => {
    const released = person(ids.lena).id
    org.delete('Lead', ids.lena)
    await inStep({ former: new Map([[ids.lena, released]]) })
    const lead = org.insert('Lead', { LastName: 'Lena', Company: 'X', OwnerId: ids.ann }, { silent: true })
    instance.editLead(released, { externalPersonId: lead })
    const lost = marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Lead', lead, { Title: 'New' })
    await until('the push to be lost', () => lost.hits === 1)
    org.delete('OpportunityContactRole', ids.role)
    await inStep({ deadlineMs: 30_000, made: new Set([released]) })
    t.equal(person(lead).id, released)
    t.equal(instance.rolesOf(person(ids.carl).id).length, 0, 'nor does anything wait behind it')
  },
)

story(
  'The role of a contact that is found by its key, and whose values Marketo refuses at first, comes with it',
  {
    marketo: { externalPersonIdLookup: false },
    org: (org) => {
      org.setCustomMetadata('Marketo_Object_Setting__mdt', [
        { Object__c: 'Contact', Active__c: true, Filter__c: "Title != 'Buyer'" },
      ])
      return smallOrg(org)
    },
  },
  async (t, { org, ids, instance, marketo, parked, inStep }) => {
    const imported = instance.createLead({ externalPersonId: ids.carl }).id
    const leavesOut = (object: string, row: Record<string, unknown>): boolean =>
      object === 'Contact' && row['Title'] === 'Buyer'
    marketo.faults.add({
      kind: 'record',
      code: '1003',
      match: { endpoint: 'leads.json', action: 'updateOnly' },
    })
    org.update('Contact', ids.carl, { Title: 'Seller' })
    await until('it to be parked', async () => (await parked()).has(ids.carl))
    marketo.faults.clear()
    org.update('Contact', ids.carl, { Title: 'Seller again' })
    await inStep({ leavesOut })
    t.equal(instance.rolesOf(imported).length, 1)
  },
)

story(
  'An adopted person that is refused, left out, found again and refused is still never deleted',
  { env: { DELETE_POLICY: 'delete' }, marketo: { externalPersonIdLookup: false }, impatient: true },
  async (t, { org, ids, instance, marketo, db, api, parked, quiet }) => {
    org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Lead', Active__c: true, Filter__c: "Title != 'Outside'" },
    ])
    await api('/api/mapping/reload', { method: 'POST' })
    const made = instance.createLead({ email: 'ada@x.example', city: 'Lund' }).id
    const ada = org.insert('Lead', {
      LastName: 'Ada',
      Company: 'X',
      Email: 'ada@x.example',
      OwnerId: ids.ann,
    })
    await quiet()
    const state = async (): Promise<string | undefined> =>
      (await db.selectFrom('ledger').select('state').where('id', '=', ada).executeTakeFirst())?.state
    t.equal(await state(), 'confirmed')
    const refuse = () =>
      marketo.faults.add({
        kind: 'record',
        code: '1002',
        match: { endpoint: 'leads.json', action: 'updateOnly' },
      })
    const refused = refuse()
    org.update('Lead', ada, { Title: 'Refused' })
    await until('it to be parked', async () => (await parked()).has(ada))
    refused.remove()
    org.update('Lead', ada, { Title: 'Outside' })
    await quiet(25_000)
    refuse()
    org.update('Lead', ada, { Title: 'Inside' })
    await until('it to be parked again', async () => (await parked()).has(ada))
    marketo.faults.clear()
    org.delete('Lead', ada)
    await quiet(25_000)
    t.ok(instance.leads.has(made))
    t.strictSame(keysOf({ instance }, ada), [])
  },
)

story(
  'Two persons that were imported with the key of a lead are reported, also when its first push is lost',
  {},
  async (_t, { org, instance, marketo, parked, inStep }) => {
    const lead = org.insert('Lead', { LastName: 'Twice', Company: 'X' }, { silent: true })
    const [winner, loser] = [1, 2].map(() => instance.createLead({ externalPersonId: lead }).id) as [
      number,
      number,
    ]
    marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Lead', lead, { Title: 'New' })
    await until('them to be reported', async () => (await parked()).get(lead)?.code === '1007', 20_000)
    instance.mergeLeads(winner, [loser])
    org.update('Lead', lead, { Title: 'Merged by hand' })
    await inStep()
  },
)
