// What people do in Salesforce that triggers see: events alone are to bring it all to Marketo.
import type { Dml } from '../simulators/salesforce/org.ts'
import {
  activeUser,
  email,
  leadOwner,
  living,
  maybeAccount,
  pick,
  ROLES,
  some,
  someContact,
  someOf,
  TEXTS,
  type Deed,
  type Numbers,
  type Scene,
} from './scene.ts'

const STAGES = ['Prospecting', 'Negotiation/Review', 'Closed Won', 'Closed Lost']

const edit =
  (object: string, fields: readonly string[]): Deed =>
  ({ org }, [a, b, c]) =>
    org.update(object, someOf(org, object, a), { [pick(fields, b)]: pick(TEXTS, c) || null })

export const addLead = ({ org }: Scene, [a, b, c]: Numbers, dml: Dml = org): string =>
  dml.insert('Lead', {
    LastName: `Lead ${a}`,
    FirstName: pick(TEXTS, c) || null,
    Company: 'Company',
    Email: email(b),
    OwnerId: leadOwner(org, c),
    HasOptedOutOfEmail: c % 4 === 0,
  })

const addContact = ({ org }: Scene, [a, b, c]: Numbers, dml: Dml = org): string =>
  dml.insert('Contact', {
    LastName: `Contact ${a}`,
    Email: email(b),
    AccountId: maybeAccount(org, c),
    OwnerId: activeUser(org, c),
    Department: pick(TEXTS, a) || null,
  })

const remove =
  (object: string): Deed =>
  ({ org }, [a]) =>
    org.delete(object, some(org, object, a))

const mergeLeads: Deed = ({ org }, [a, b]) => {
  const loser = some(org, 'Lead', a)
  org.merge(
    'Lead',
    some(org, 'Lead', b, ({ Id }) => Id !== loser),
    [loser],
  )
}

const convert: Deed = ({ org }, [a, b]) =>
  void org.convertLead(some(org, 'Lead', a), { ownerId: activeUser(org, b) })

const convertToExisting: Deed = ({ org }, [a, b, c]) =>
  void org.convertLead(some(org, 'Lead', a), {
    contactId: someContact(org, b, (row) => row['AccountId'] !== null),
    ownerId: activeUser(org, c),
  })

const personChanges = {
  'new lead': (scene, numbers) => void addLead(scene, numbers),
  'new contact': (scene, numbers) => void addContact(scene, numbers),
  'edit a lead': edit('Lead', ['Title', 'Phone', 'City', 'FirstName']),
  'edit a contact': edit('Contact', ['Title', 'Department', 'MailingCity', 'FirstName']),
  'new e-mail': ({ org }, [a, b, c]) => {
    const object = pick(['Lead', 'Contact'], c)
    org.update(object, someOf(org, object, a), { Email: email(b) })
  },
  'opt out': ({ org }, [a, b]) => {
    const object = pick(['Lead', 'Contact'], b)
    org.update(object, someOf(org, object, a), { HasOptedOutOfEmail: b % 3 !== 0, DoNotCall: b % 2 === 0 })
  },
  'contact moves': ({ org }, [a, b]) =>
    org.update('Contact', someContact(org, a), { AccountId: maybeAccount(org, b) }),
  'delete a lead': remove('Lead'),
  'delete a lead and take it back': ({ org }, [a]) => {
    const id = some(org, 'Lead', a)
    org.delete('Lead', id)
    org.undelete('Lead', id)
  },
  'take a lead back': ({ org }, [a]) => {
    const gone = [...org.table('Lead').byId()].filter((row) => row['IsDeleted'] && !row['MasterRecordId'])
    if (gone.length > 0) org.undelete('Lead', pick(gone, a).Id)
  },
  'merge leads': mergeLeads,
  'merge leads in a chain': ({ org }, [a, b, c]) => {
    const first = some(org, 'Lead', a)
    const second = some(org, 'Lead', b, ({ Id }) => Id !== first)
    const third = some(org, 'Lead', c, ({ Id }) => Id !== first && Id !== second)
    org.merge('Lead', second, [first])
    org.merge('Lead', third, [second])
  },
  'merge leads and convert the survivor': ({ org }, [a, b, c]) => {
    const loser = some(org, 'Lead', a)
    const survivor = some(org, 'Lead', b, ({ Id }) => Id !== loser)
    org.merge('Lead', survivor, [loser])
    org.convertLead(survivor, { ownerId: activeUser(org, c) })
  },
  'convert to a new contact': convert,
  'convert to an existing contact': convertToExisting,
  'two leads become one contact': (scene, [a, b, c]) => {
    convertToExisting(scene, [a, c, b])
    convertToExisting(scene, [b, c, a])
  },
  'a burst of edits': ({ org }, [a, b]) => {
    const id = some(org, 'Lead', a)
    for (let n = 0; n < 6; n++) org.update('Lead', id, { Title: `Burst ${b} ${n}` })
  },
  'new person account': ({ org }, [a, b, c]) => {
    if (!org.schema.require('Account').field('IsPersonAccount')) return
    org.insert('Account', { LastName: `Person ${a}`, PersonEmail: email(b), OwnerId: activeUser(org, c) })
  },
  'edit a person account': ({ org }, [a, b]) =>
    org.update(
      'Account',
      some(org, 'Account', a, (row) => row['IsPersonAccount'] === true),
      {
        [pick(['PersonTitle', 'FirstName', 'Phone'], b)]: pick(TEXTS, a) || null,
      },
    ),
} satisfies Record<string, Deed>

const parentChanges = {
  'new user': ({ org }, [a, b]) => {
    const address = `user${a}.${org.count('User')}@org.example`
    org.insert('User', { LastName: `User ${b}`, Email: address, Username: address, IsActive: true })
  },
  'edit a user': edit('User', ['Title', 'Phone', 'Fax']),
  'deactivate a user': ({ org }, [a]) => {
    if (living(org, 'User', (row) => row['IsActive'] === true).length > 2)
      org.update('User', activeUser(org, a), { IsActive: false })
  },
  'activate a user': ({ org }, [a]) =>
    org.update(
      'User',
      some(org, 'User', a, (row) => row['IsActive'] !== true),
      { IsActive: true },
    ),
  'new account': ({ org }, [a, b]) =>
    void org.insert('Account', { Name: `Account ${a}`, OwnerId: activeUser(org, b) }),
  'edit an account': edit('Account', ['Site', 'Industry', 'BillingCity', 'Phone']),
  'new owner': ({ org }, [a, b, c]) => {
    const object = pick(['Lead', 'Contact', 'Account', 'Opportunity'], a)
    org.update(object, someOf(org, object, b), {
      OwnerId: object === 'Lead' ? leadOwner(org, c) : activeUser(org, c),
    })
  },
  'all leads of a user get another owner': ({ org }, [a, b]) => {
    const from = activeUser(org, a)
    const leads = living(org, 'Lead', (row) => row['OwnerId'] === from)
    const OwnerId = leadOwner(org, b)
    org.updateMany(
      'Lead',
      leads.map(({ Id: id }) => ({ id, fields: { OwnerId } })),
    )
  },
} satisfies Record<string, Deed>

const opportunityChanges = {
  'new opportunity': ({ org }, [a, b, c]) =>
    void org.insert('Opportunity', {
      Name: `Opportunity ${a}`,
      AccountId: maybeAccount(org, b),
      OwnerId: activeUser(org, c),
      StageName: 'Prospecting',
      CloseDate: '2027-04-01',
      Amount: b,
    }),
  'move a stage': ({ org }, [a, b, c]) =>
    org.update('Opportunity', some(org, 'Opportunity', a), {
      StageName: pick(STAGES, b),
      Amount: c % 9 === 0 ? null : c,
    }),
  'an opportunity moves': ({ org }, [a, b]) =>
    org.update('Opportunity', some(org, 'Opportunity', a), { AccountId: maybeAccount(org, b) }),
  'new role': ({ org }, [a, b, c]) =>
    void org.insert('OpportunityContactRole', {
      OpportunityId: some(org, 'Opportunity', a),
      ContactId: some(org, 'Contact', b),
      Role: pick(ROLES, c),
    }),
  'rename a role': ({ org }, [a, b]) =>
    org.update('OpportunityContactRole', some(org, 'OpportunityContactRole', a), { Role: pick(ROLES, b) }),
  'two roles change places': ({ org }, [a, b]) => {
    const first = org.get('OpportunityContactRole', some(org, 'OpportunityContactRole', a))!
    const twin = some(
      org,
      'OpportunityContactRole',
      b,
      ({ Id, ContactId }) => Id !== first.Id && ContactId === first['ContactId'],
    )
    const role = org.get('OpportunityContactRole', twin)!['Role'] ?? null
    org.updateMany('OpportunityContactRole', [
      { id: first.Id, fields: { Role: role } },
      { id: twin, fields: { Role: first['Role'] ?? null } },
    ])
  },
  'delete a role': remove('OpportunityContactRole'),
} satisfies Record<string, Deed>

const transactions = {
  'a family at once': (scene, [a, b, c]) => {
    const { org } = scene
    const family = org.transaction()
    const AccountId = family.insert('Account', { Name: `Family ${a}`, OwnerId: activeUser(org, c) })
    const ContactId = family.insert('Contact', { LastName: `Member ${a}`, AccountId, Email: email(b) })
    const deal = { Name: `Family deal ${a}`, AccountId, StageName: 'Prospecting', CloseDate: '2027-04-01' }
    const OpportunityId = family.insert('Opportunity', { ...deal, OwnerId: activeUser(org, c) })
    family.insert('OpportunityContactRole', {
      OpportunityId,
      ContactId,
      Role: pick(ROLES, b),
      IsPrimary: true,
    })
    family.commit()
  },
  'begin to write': (scene, numbers) => {
    const { org, open } = scene
    open.push(
      org.holdBack((dml) => {
        addLead(scene, numbers, dml)
        addContact(scene, numbers, dml)
      }),
    )
  },
  commit: ({ open }) => open.shift()?.commit(),
} satisfies Record<string, Deed>

export const SEEN: Record<string, Deed> = {
  ...personChanges,
  ...parentChanges,
  ...opportunityChanges,
  ...transactions,
}
