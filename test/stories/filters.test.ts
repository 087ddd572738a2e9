// What the admin's filter leaves out (design §5, rules 5, 12 and 14).
import type { Org, Record18 } from '../simulators/salesforce/org.ts'
import { until } from '../fixtures/until.ts'
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

const leavesOut = (object: string, row: Record18): boolean => object === 'Account' && row['Site'] !== null

/** Beside Acme, which has a contact, an account that only an opportunity points to. */
const twoAccounts = (org: Org) => {
  const small = smallOrg(org)
  const lone = org.insert('Account', { Name: 'Lone', OwnerId: small.ann })
  const sale = org.insert('Opportunity', {
    Name: 'Sale',
    AccountId: lone,
    OwnerId: small.ann,
    StageName: 'Prospecting',
    CloseDate: '2027-05-01',
  })
  return { ...small, lone, sale }
}

story(
  'A parent that the filter leaves out is not referenced any more, goes where nothing uses it, and is referenced again when it comes back',
  { org: twoAccounts, impatient: true },
  async (t, { org, ids, instance, inStep, api, newCalls, parked }) => {
    org.setCustomMetadata('Marketo_Object_Setting__mdt', [
      { Object__c: 'Account', Active__c: true, Filter__c: 'Site = null' },
    ])
    await api('/api/mapping/reload', { method: 'POST' })
    const companyOf = (opportunity: string) =>
      instance.findOpportunity(opportunity)?.fields.externalCompanyId ?? null

    org.updateMany(
      'Account',
      [ids.acme, ids.lone].map((id) => ({ id, fields: { Site: 'Outside' } })),
    )
    await inStep({ leavesOut, deadlineMs: 30_000 })
    t.strictSame([companyOf(ids.deal), companyOf(ids.sale)], [null, null])
    t.notOk(instance.findCompany(ids.lone))
    t.ok(instance.findCompany(ids.acme), 'its contact can not be detached')
    const deletes = newCalls().filter(({ endpoint }) => endpoint === 'companies/delete.json')
    t.equal(deletes.flatMap(({ records = [] }) => records).length, 2, 'each asked for once')
    t.strictSame([...(await parked())], [])

    org.updateMany(
      'Account',
      [ids.acme, ids.lone].map((id) => ({ id, fields: { Site: null } })),
    )
    await inStep({ leavesOut, deadlineMs: 30_000 })
    t.strictSame([companyOf(ids.deal), companyOf(ids.sale)], [ids.acme, ids.lone])
  },
)

for (const [object, id, field] of [
  ['Opportunity', 'deal', 'NextStep'],
  ['Contact', 'carl', 'Department'],
] as const)
  story(
    `A role goes once with its ${object} that the filter leaves out, and comes back with it`,
    {},
    async (t, { org, ids, instance, inStep, api, newCalls, person }) => {
      const former = object === 'Contact' ? new Map([[ids.carl, person(ids.carl).id]]) : new Map()
      org.setCustomMetadata('Marketo_Object_Setting__mdt', [
        { Object__c: object, Active__c: true, Filter__c: `${field} = null` },
      ])
      await api('/api/mapping/reload', { method: 'POST' })
      org.update(object, ids[id], { [field]: 'Outside' })
      await inStep({
        leavesOut: (other, row) => other === object && row[field] !== null,
        former,
        deadlineMs: 20_000,
      })
      t.equal(instance.roles.size, 0)
      const roleCalls = newCalls().filter(
        ({ endpoint, method }) => method === 'POST' && endpoint.startsWith('opportunities/roles'),
      )
      t.strictSame(
        roleCalls.map(({ endpoint }) => endpoint),
        ['opportunities/roles/delete.json'],
        'and is not sent again meanwhile',
      )

      org.update(object, ids[id], { [field]: null })
      await inStep({ leavesOut: (other, row) => other === object && row[field] !== null, deadlineMs: 20_000 })
      t.equal(instance.roles.size, 1)
    },
  )

story(
  'A filter that by a slip lets nothing through takes nothing away, and is obeyed when an admin confirms it',
  { impatient: true },
  async (t, { org, ids, instance, inStep, api, status, newCalls }) => {
    const set = async (filter: string): Promise<void> => {
      org.setCustomMetadata('Marketo_Object_Setting__mdt', [
        { Object__c: 'Lead', Active__c: true, Filter__c: filter },
      ])
      t.match(await api('/api/mapping/reload', { method: 'POST' }), { status: 200 })
    }
    const holds = (): boolean => instance.findLeads('externalPersonId', ids.lena).length === 1
    const problem = async () => (await status()).problems.find(({ system }) => system === 'removals')

    await set("Title = 'Enginer'")
    t.match(await until('the stop', problem, 30_000), {
      code: 'mass-removal:Lead',
      reason: /filter of Lead is now Title = 'Enginer', which lets no record through/,
    })
    org.update('Lead', ids.lena, { City: 'Berlin' })
    await set("Title = 'Engineer'")
    await inStep({ deadlineMs: 60_000 })
    await until('the stop to be over', async () => (await problem()) === undefined, 60_000)
    t.ok(holds())
    t.notOk(newCalls().some(({ endpoint, records }) => endpoint === 'leads.json' && hasNoKey(records)))

    await set("Title = 'Nobody'")
    await until('the stop', problem, 30_000)
    t.ok(holds())
    t.match(await api('/api/removals/confirm', { method: 'POST' }), { status: 202 })
    await until('the lead to leave', () => !holds(), 30_000)
    await until('the stop to be over', async () => (await problem()) === undefined)
  },
)

/** A person that is let go of. */
const hasNoKey = (records: readonly unknown[] | undefined): boolean =>
  (records ?? []).some((record) => (record as Record<string, unknown>).externalPersonId === null)
