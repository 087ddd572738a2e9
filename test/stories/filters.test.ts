// What the admin's filter leaves out (design §5, rules 5, 12 and 14).
import type { Org, Record18 } from '../simulators/salesforce/org.ts'
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
