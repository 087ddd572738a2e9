// What people do in Salesforce that triggers don't see, or not all of it (design §5, rule 3): reconcile and census find the rest.
import type { Org, Record18 } from '../simulators/salesforce/org.ts'
import type { ObjectName } from '../in-step/objects.ts'
import { activeUser, pick, some, someAccount, someOf, type Deed, type Scene } from './scene.ts'

const merge =
  (object: string): Deed =>
  ({ org }, [a, b]) => {
    const loser = someOf(org, object, a)
    org.merge(
      object,
      someOf(org, object, b, ({ Id }) => Id !== loser),
      [loser],
    )
  }

const deleted = (org: Org, object: string): { Id: string }[] =>
  [...org.table(object).byId()].filter((row) => row['IsDeleted'] === true && !row['MasterRecordId'])

/** The same in SOQL and as a question to a row. */
const FILTERS: [object: ObjectName, soql: string, leavesOut: (row: Record18) => boolean][] = [
  ['User', 'Fax = null', (row) => row['Fax'] !== null],
  ['Account', 'Site = null', (row) => row['Site'] !== null],
  ['Lead', 'DoNotCall = false', (row) => row['DoNotCall'] === true],
  ['Contact', 'Department = null', (row) => row['Department'] !== null],
  ['Opportunity', "StageName != 'Closed Lost'", (row) => row['StageName'] === 'Closed Lost'],
  ['OpportunityContactRole', "Role != 'Influencer'", (row) => row['Role'] === 'Influencer'],
]

/** The admin sets one more filter, or drops one. */
function changeFilter({ org, filters }: Scene, n: number): void {
  const [changed, , excludes] = pick(FILTERS, n)
  if (!filters.delete(changed)) filters.set(changed, excludes)
  org.setCustomMetadata(
    'Marketo_Object_Setting__mdt',
    FILTERS.filter(([object]) => filters.has(object)).map(([object, soql]) => ({
      Object__c: object,
      Active__c: true,
      Filter__c: soql,
    })),
  )
}

export const BLIND: Record<string, Deed> = {
  'delete an account': ({ org }, [a]) => org.delete('Account', some(org, 'Account', a)),
  'delete a contact': ({ org }, [a]) => org.delete('Contact', someOf(org, 'Contact', a)),
  'delete an opportunity': ({ org }, [a]) => org.delete('Opportunity', some(org, 'Opportunity', a)),
  'merge contacts': merge('Contact'),
  'merge contacts in a chain': ({ org }, [a, b, c]) => {
    const first = someOf(org, 'Contact', a)
    const second = someOf(org, 'Contact', b, ({ Id }) => Id !== first)
    const third = someOf(org, 'Contact', c, ({ Id }) => Id !== first && Id !== second)
    org.merge('Contact', second, [first])
    org.merge('Contact', third, [second])
  },
  'convert, then merge the contact away': ({ org }, [a, b, c]) => {
    const { contactId } = org.convertLead(some(org, 'Lead', a), { ownerId: activeUser(org, c) })
    org.merge(
      'Contact',
      someOf(org, 'Contact', b, ({ Id }) => Id !== contactId),
      [contactId],
    )
  },
  'convert, then delete the contact': ({ org }, [a, , c]) =>
    org.delete('Contact', org.convertLead(some(org, 'Lead', a), { ownerId: activeUser(org, c) }).contactId),
  'merge accounts': merge('Account'),
  'convert with an opportunity': ({ org }, [a, b, c]) =>
    void org.convertLead(some(org, 'Lead', a), {
      createOpportunity: true,
      ownerId: activeUser(org, c),
      ...(b % 2 === 0 && { accountId: someAccount(org, b) }),
    }),
  'undelete something': ({ org }, [a, b]) => {
    const object = pick(['Lead', 'Contact', 'Opportunity', 'Account'], a)
    const gone = deleted(org, object)
    if (gone.length > 0) org.undelete(object, pick(gone, b).Id)
  },
  // The other one may have been primary until now, which no trigger tells.
  'the same role again': ({ org }, [a, b]) => {
    const row = org.get('OpportunityContactRole', some(org, 'OpportunityContactRole', a))!
    const { OpportunityId = null, ContactId = null, Role = null } = row
    org.insert('OpportunityContactRole', { OpportunityId, ContactId, Role, IsPrimary: b % 2 === 0 })
  },
  'edit with triggers off': ({ org }, [a, b]) =>
    org.update('Lead', some(org, 'Lead', a), { Title: `Bypass ${b}` }, { bypass: true }),
  'delete with triggers off': ({ org }, [a]) => org.delete('Lead', some(org, 'Lead', a), { bypass: true }),
  'a filter changes': (scene, [a]) => changeFilter(scene, a),
}

/** What only the census finds, and only when two running have missed it (design §5, rule 15). */
export const ERASING: Record<string, Deed> = {
  'delete for good': ({ org }, [a, b]) => {
    const object = pick(['Lead', 'Contact', 'Opportunity', 'OpportunityContactRole', 'Account'], a)
    org.hardDelete(object, someOf(org, object, b))
  },
  'empty the recycle bin': ({ org }) => {
    for (const object of ['Account', 'Lead', 'Contact', 'Opportunity'])
      for (const { Id } of deleted(org, object)) if (org.get(object, Id)) org.hardDelete(object, Id)
  },
}
