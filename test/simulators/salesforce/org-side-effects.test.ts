import t from 'tap'
import { person, startOrg } from './fixtures.ts'

t.test('a role has its own DELETE, and no undelete; users can not be deleted', async (t) => {
  const { org, heard, user } = await startOrg(t)
  const contact = org.insert('Contact', { LastName: 'A' })
  const opportunity = org.insert('Opportunity', { Name: 'D', StageName: 'x', CloseDate: '2026-12-31' })
  const role = org.insert('OpportunityContactRole', { OpportunityId: opportunity, ContactId: contact })
  heard()
  org.delete('OpportunityContactRole', role)
  t.strictSame(heard(), [`OpportunityContactRole DELETE ${role}`])
  t.throws(() => org.undelete('OpportunityContactRole', role), { message: /^UNDELETE_FAILED/ })
  t.throws(() => org.delete('User', user), { message: /^INVALID_TYPE_FOR_OPERATION/ })
  org.update('User', user, { IsActive: false })
  t.strictSame(heard(), [`User UPDATE ${user}`])
})

t.test('a merge says MERGE with the survivor, never DELETE, and re-parents in silence', async (t) => {
  const { org, heard } = await startOrg(t)
  const [a = '', b = '', c = ''] = org.insert('Account', [{ Name: 'A' }, { Name: 'B' }, { Name: 'C' }])
  const contact = org.insert('Contact', { LastName: 'X', AccountId: b })
  heard()
  org.merge('Account', a, [b, c], { fields: { Phone: '1' } })
  t.strictSame(heard(), [`Account MERGE ${b},${c} ${a},${a}`, `Account UPDATE ${a}`])
  t.match(org.get('Account', b), { IsDeleted: true, MasterRecordId: a })
  t.equal(org.get('Contact', contact)?.['AccountId'], a)
  t.throws(() => org.merge('Account', a, [b]), { message: /^ENTITY_IS_DELETED/ })
  t.throws(() => org.merge('Opportunity', a, [b]), { message: /^INVALID_TYPE_FOR_OPERATION/ })
})

t.test('conversion: account, contact, opportunity, lead, in that order', async (t) => {
  const { org, heard } = await startOrg(t)
  const lead = org.insert('Lead', person('A', { Email: 'a@x.example', mkto_si__Priority__c: 2 }))
  heard()
  const made = org.convertLead(lead, { createOpportunity: true, keepInsights: true })
  t.strictSame(heard(), [
    `Account CREATE ${made.accountId}`,
    `Contact CREATE ${made.contactId}`,
    `Opportunity CREATE ${made.opportunityId}`,
    `Lead CONVERT ${lead} ${made.contactId}`,
  ])
  t.match(org.get('Lead', lead), {
    IsConverted: true,
    ConvertedAccountId: made.accountId,
    ConvertedContactId: made.contactId,
    ConvertedOpportunityId: made.opportunityId,
  })
  t.match(org.get('Contact', made.contactId), {
    Email: 'a@x.example',
    AccountId: made.accountId,
    mkto_si__Priority__c: 2,
  })
  t.equal(org.all('OpportunityContactRole')[0]?.['ContactId'], made.contactId)
  t.throws(() => org.update('Lead', lead, { Title: 'x' }), { message: /^CANNOT_UPDATE_CONVERTED_LEAD/ })
})

t.test('conversion to an existing contact fills its blanks and makes nothing', async (t) => {
  const { org, heard } = await startOrg(t)
  const account = org.insert('Account', { Name: 'Acme' })
  const contact = org.insert('Contact', { LastName: 'Old', AccountId: account })
  const lead = org.insert('Lead', person('New', { Email: 'a@x.example' }))
  heard()
  t.match(org.convertLead(lead, { contactId: contact }), {
    accountId: account,
    contactId: contact,
    opportunityId: null,
  })
  t.strictSame(heard(), [`Contact UPDATE ${contact}`, `Lead CONVERT ${lead} ${contact}`])
  t.match(org.get('Contact', contact), { LastName: 'Old', Email: 'a@x.example' })
})

t.test('a lead of a queue needs an owner to be converted', async (t) => {
  const { org, user } = await startOrg(t)
  const queue = org.insert('Group', { Name: 'Inbound', Type: 'Queue' })
  const lead = org.insert('Lead', person('A', { OwnerId: queue }))
  t.throws(() => org.convertLead(lead), { message: /^UNKNOWN_EXCEPTION/ })
  const { contactId } = org.convertLead(lead, { ownerId: user })
  t.equal(org.get('Contact', contactId)?.['OwnerId'], user)
})

t.test('person accounts: two rows, one event, which counts them as their contact', async (t) => {
  const { org, heard } = await startOrg(t)
  org.enablePersonAccounts()
  const id = org.insert('Account', { FirstName: 'Ada', LastName: 'Byron', PersonEmail: 'ada@x.example' })
  const account = org.get('Account', id)
  t.match(account, { IsPersonAccount: true, Name: 'Ada Byron', PersonContactId: /^003/ })
  t.match(org.get('Contact', String(account?.['PersonContactId'])), {
    IsPersonAccount: true,
    AccountId: id,
    Email: 'ada@x.example',
  })
  t.strictSame(heard(), [`Contact CREATE ${account?.['PersonContactId']}`])
  org.update('Account', id, { PersonEmail: 'byron@x.example' })
  t.equal(org.get('Contact', String(account?.['PersonContactId']))?.['Email'], 'byron@x.example')
  t.strictSame(heard(), [`Contact UPDATE ${account?.['PersonContactId']}`])
  org.schema.addField('Contact', 'Nickname__c string(40)')
  org.update('Account', id, { Nickname__pc: 'Ada' })
  t.equal(org.get('Contact', String(account?.['PersonContactId']))?.['Nickname__c'], 'Ada')
  t.strictSame(heard(), [], 'nobody mapped it')
  org.delete('Account', id)
  t.strictSame(heard(), [`Contact DELETE ${account?.['PersonContactId']}`])
})
