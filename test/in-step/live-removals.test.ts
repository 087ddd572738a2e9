import t from 'tap'
import { startPair, type Pair } from './fixtures/pair.ts'
import { watchRemovals } from './live-removals.ts'

/** What takes each of them out of Marketo, and in whose name. */
const REMOVALS: [
  title: string,
  remove: (pair: Pair) => Promise<unknown>,
  of: 'lead' | 'account' | 'opportunity' | 'user' | 'role',
][] = [
  ['a delete of a person', (p) => p.drop('leads.json', { id: p.leadPerson }), 'lead'],
  ['a release', (p) => p.update({ id: p.leadPerson, externalPersonId: null }), 'lead'],
  [
    'a person given to another record',
    (p) => p.update({ id: p.leadPerson, externalPersonId: p.contact }),
    'lead',
  ],
  ['a merge', (p) => p.merge(p.contactPerson, p.leadPerson), 'lead'],
  [
    'a delete of a company',
    (p) => p.drop('companies.json', { externalCompanyId: p.account }).catch(() => undefined),
    'account',
  ],
  [
    'a delete of an opportunity',
    (p) => p.drop('opportunities.json', { externalOpportunityId: p.opportunity }).catch(() => undefined),
    'opportunity',
  ],
  [
    'a delete of a sales person',
    (p) => p.drop('salespersons.json', { externalSalesPersonId: p.user }).catch(() => undefined),
    'user',
  ],
  ['a delete of a role', dropRole, 'role'],
]

function dropRole(pair: Pair): Promise<unknown> {
  const { opportunity: externalOpportunityId, contactPerson: leadId } = pair
  return pair.drop('opportunities/roles.json', { externalOpportunityId, leadId, role: 'Other' })
}

async function watched(t: Parameters<typeof startPair>[0]): Promise<Pair> {
  const pair = await startPair(t)
  const never = watchRemovals(pair.org)
  pair.marketo.options.alsoNever = (call) => never(call, pair.marketo.instance)
  return pair
}

for (const [title, remove, of] of REMOVALS)
  t.test(`${title} of a live record is a violation`, async (t) => {
    const pair = await watched(t)
    await remove(pair)
    t.match(pair.marketo.calls.violations(), [new RegExp(`${pair[of]} lives in Salesforce`)])
  })

const LEGITIMATE: [
  title: string,
  before: (pair: Pair) => unknown,
  remove: (pair: Pair) => Promise<unknown>,
][] = [
  ['is deleted', (p) => p.org.delete('Lead', p.lead), (p) => p.drop('leads.json', { id: p.leadPerson })],
  [
    'is converted',
    (p) => p.org.convertLead(p.lead),
    (p) => p.update({ id: p.leadPerson, externalPersonId: p.contact }),
  ],
  [
    'is merged away',
    (p) => p.org.merge('Lead', p.org.insert('Lead', { LastName: 'Winner', Company: 'X' }), [p.lead]),
    (p) => p.merge(p.contactPerson, p.leadPerson),
  ],
  [
    'is erased',
    (p) => p.org.hardDelete('Lead', p.lead),
    (p) => p.update({ id: p.leadPerson, externalPersonId: null }),
  ],
  [
    'came back meanwhile',
    (p) => {
      p.org.delete('Lead', p.lead)
      p.org.undelete('Lead', p.lead)
    },
    (p) => p.update({ id: p.leadPerson, externalPersonId: null }),
  ],
  [
    'is of an object with a filter',
    (p) =>
      p.org.setCustomMetadata('Marketo_Object_Setting__mdt', [
        { Object__c: 'Lead', Active__c: true, Filter__c: "Status = 'New'" },
      ]),
    (p) => p.update({ id: p.leadPerson, externalPersonId: null }),
  ],
  [
    'is a user who is active again',
    (p) => {
      p.org.update('User', p.user, { IsActive: false })
      p.org.update('User', p.user, { IsActive: true })
    },
    (p) => p.drop('salespersons.json', { externalSalesPersonId: p.user }).catch(() => undefined),
  ],
  [
    'is a role that was called otherwise for a moment',
    (p) => {
      p.org.update('OpportunityContactRole', p.role, { Role: 'Evaluator' })
      p.org.update('OpportunityContactRole', p.role, { Role: null })
    },
    dropRole,
  ],
  [
    'is a role whose key another contact role had',
    (p) => {
      const twin = { OpportunityId: p.opportunity, ContactId: p.contact }
      p.org.hardDelete('OpportunityContactRole', p.org.insert('OpportunityContactRole', twin))
    },
    dropRole,
  ],
  [
    'had its key given by a marketer to the person of another, which gets its own back',
    async (p) => {
      await p.update({ id: p.contactPerson, externalPersonId: p.contact })
      p.marketo.instance.editLead(p.contactPerson, { externalPersonId: p.lead })
    },
    (p) => p.update({ id: p.contactPerson, externalPersonId: p.contact }),
  ],
  [
    'is only edited',
    () => undefined,
    (p) => p.update({ id: p.leadPerson, externalPersonId: p.lead, city: 'Rome' }),
  ],
]

for (const [title, before, remove] of LEGITIMATE)
  t.test(`the same of a record that ${title} is none`, async (t) => {
    const pair = await watched(t)
    await before(pair)
    await remove(pair)
    t.strictSame(pair.marketo.calls.violations(), [])
  })
