import t, { type Test } from 'tap'
import { startSalesforce } from './index.ts'
import { to18 } from './record-id.ts'

async function start(t: Test, now?: () => number) {
  const sf = await startSalesforce(now ? { now } : {})
  t.teardown(() => sf.close())
  const { org } = sf
  const user = org.insert('User', { LastName: 'Lind', Username: 'a@x.example', Email: 'a@x.example' })
  sf.events.published.length = 0
  /** What was published since the last look, shortly. */
  const heard = () =>
    sf.events.published.splice(0).map((event) => {
      const payload = event.payload as Record<string, string | null>
      const {
        Object_Type__c: object,
        Change_Type__c: type,
        Record_Ids__c: ids,
        Replaced_By_Ids__c: by,
      } = payload
      return [object, type, ids, by].filter((part) => part !== null).join(' ')
    })
  return { sf, org, user, heard }
}

const person = (LastName: string, extra = {}) => ({ LastName, Company: 'Acme', ...extra })

t.test('an insert gives valid ids with the right prefixes, and says CREATE', async (t) => {
  const { org, heard } = await start(t)
  const account = org.insert('Account', { Name: 'Acme' })
  const contact = org.insert('Contact', { LastName: 'A', AccountId: account })
  const opportunity = org.insert('Opportunity', {
    Name: 'Deal',
    StageName: 'Prospecting',
    CloseDate: '2026-12-31',
    Amount: 1_000,
  })
  const role = org.insert('OpportunityContactRole', { OpportunityId: opportunity, ContactId: contact })
  const lead = org.insert('Lead', person('B'))
  const ids = [account, contact, opportunity, role, lead]
  t.strictSame(
    ids.map((id) => id.slice(0, 3)),
    ['001', '003', '006', '00K', '00Q'],
  )
  t.ok(ids.every((id) => to18(id) === id))
  t.strictSame(heard(), [
    `Account CREATE ${account}`,
    `Contact CREATE ${contact}`,
    `Opportunity CREATE ${opportunity}`,
    `OpportunityContactRole CREATE ${role}`,
    `Lead CREATE ${lead}`,
  ])
  t.match(org.get('Opportunity', opportunity), {
    Probability: 10,
    ExpectedRevenue: 100,
    IsClosed: false,
    IsWon: false,
    ForecastCategoryName: 'Pipeline',
    FiscalYear: 2026,
    FiscalQuarter: 4,
    Fiscal: '2026 4',
  })
})

t.test('stamps are whole seconds, as Salesforce shows them', async (t) => {
  const { org } = await start(t, () => Date.parse('2026-11-23T10:00:00.789Z'))
  const id = org.insert('Lead', person('A'))
  t.match(org.get('Lead', id), {
    CreatedDate: '2026-11-23T10:00:00.000+0000',
    SystemModstamp: '2026-11-23T10:00:00.000+0000',
    IsDeleted: false,
    MasterRecordId: null,
  })
})

t.test('one event carries up to 200 ids', async (t) => {
  const { org, heard } = await start(t)
  const ids = org.insert(
    'Lead',
    Array.from({ length: 450 }, (_, i) => person(`L${i}`)),
  )
  t.strictSame(
    heard().map((line) => line.split(' ')[2]!.split(',').length),
    [200, 200, 50],
  )
  org.updateMany(
    'Lead',
    ids.map((id, i) => ({ id, fields: i % 2 ? { Title: 'CEO' } : { Industry: 'x' } })),
  )
  t.strictSame(
    heard().map((line) => line.split(' ')[2]!.split(',').length),
    [100, 100, 25],
    'of each 200 rows those that changed',
  )
})

t.test('only a change of a watched field says UPDATE', async (t) => {
  const { org, heard } = await start(t)
  const id = org.insert('Lead', person('A'))
  heard()
  org.update('Lead', id, { Industry: 'Retail' })
  org.update('Lead', id, { LastName: 'A' })
  org.update('Lead', id, { mkto_si__Priority__c: 3 })
  t.strictSame(heard(), [])
  org.update('Lead', id, { LastName: 'B' })
  t.strictSame(heard(), [`Lead UPDATE ${id}`])
  org.setCustomMetadata('Marketo_Field_Mapping__mdt', [
    { Object__c: 'Lead', Salesforce_Field__c: 'Industry', Marketo_Field__c: 'industry', Active__c: true },
  ])
  org.update('Lead', id, { Industry: 'Software' })
  t.strictSame(heard(), [`Lead UPDATE ${id}`], 'mapped fields are watched')
  org.setCustomMetadata('Marketo_Object_Setting__mdt', [
    { Object__c: 'Lead', Active__c: true, Filter__c: "NumberOfEmployees > 10 AND Rating != 'Cold'" },
  ])
  org.update('Lead', id, { NumberOfEmployees: 5 })
  t.strictSame(heard(), [`Lead UPDATE ${id}`], 'fields of the filter are watched')
})

t.test('bypass and silent publish nothing', async (t) => {
  const { org, heard } = await start(t)
  const id = org.insert('Lead', person('A'), { bypass: true })
  org.update('Lead', id, { LastName: 'B' }, { bypass: true })
  org.insert('Lead', person('C'), { silent: true })
  t.strictSame(heard(), [])
})

t.test(
  'deleting an account takes contacts, opportunities and roles, and speaks of the account only',
  async (t) => {
    const { org, heard } = await start(t)
    const account = org.insert('Account', { Name: 'Acme' })
    const contact = org.insert('Contact', { LastName: 'A', AccountId: account })
    const opportunity = org.insert('Opportunity', {
      Name: 'D',
      StageName: 'Prospecting',
      CloseDate: '2026-12-31',
      AccountId: account,
    })
    const role = org.insert('OpportunityContactRole', { OpportunityId: opportunity, ContactId: contact })
    heard()
    org.delete('Account', account)
    t.strictSame(heard(), [`Account DELETE ${account}`])
    for (const [object, id] of [
      ['Contact', contact],
      ['Opportunity', opportunity],
      ['OpportunityContactRole', role],
    ] as const) {
      t.equal(org.get(object, id)?.['IsDeleted'], true, object)
    }
    t.throws(() => org.undelete('Contact', contact), { message: /^UNDELETE_FAILED/ })
    org.undelete('Account', account)
    t.strictSame(heard(), [`Account UNDELETE ${account}`], 'only on the top-level record')
    t.equal(org.get('OpportunityContactRole', role)?.['IsDeleted'], false)
  },
)

t.test('a role has its own DELETE, and no undelete; users can not be deleted', async (t) => {
  const { org, heard, user } = await start(t)
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
  const { org, heard } = await start(t)
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
  const { org, heard } = await start(t)
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
  const { org, heard } = await start(t)
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
  const { org, user } = await start(t)
  const queue = org.insert('Group', { Name: 'Inbound', Type: 'Queue' })
  const lead = org.insert('Lead', person('A', { OwnerId: queue }))
  t.throws(() => org.convertLead(lead), { message: /^UNKNOWN_EXCEPTION/ })
  const { contactId } = org.convertLead(lead, { ownerId: user })
  t.equal(org.get('Contact', contactId)?.['OwnerId'], user)
})

t.test('a save is checked: fields, types, lengths, references', async (t) => {
  const { org } = await start(t)
  const refused = (fields: object, statusCode: string, object = 'Lead') =>
    t.throws(() => org.insert(object, { ...fields }), { message: new RegExp(`^${statusCode}`) }, statusCode)
  refused({ LastName: 'A' }, 'REQUIRED_FIELD_MISSING')
  refused(person('A', { Nothing: 1 }), 'INVALID_FIELD')
  refused(person('A', { IsConverted: true }), 'INVALID_FIELD_FOR_INSERT_UPDATE')
  refused(person('x'.repeat(81)), 'STRING_TOO_LONG')
  refused(person('A', { Email: 'no mail' }), 'INVALID_EMAIL_ADDRESS')
  refused(person('A', { AnnualRevenue: 'many' }), 'INVALID_TYPE_ON_FIELD_IN_RECORD')
  refused(person('A', { mkto_si__Urgency_Value__c: 10_000 }), 'NUMBER_OUTSIDE_VALID_RANGE')
  refused(person('A', { OwnerId: 'x' }), 'MALFORMED_ID')
  refused(person('A', { OwnerId: '0055e00000002ETAAY' }), 'INVALID_CROSS_REFERENCE_KEY')
  const account = org.insert('Account', { Name: 'Acme' })
  refused(person('A', { OwnerId: account }), 'FIELD_INTEGRITY_EXCEPTION')
  org.delete('Account', account)
  refused({ LastName: 'A', AccountId: account }, 'ENTITY_IS_DELETED', 'Contact')
  t.equal(org.count('Lead'), 0, 'nothing of it was kept')
})

t.test('text is trimmed, blank is null', async (t) => {
  const { org } = await start(t)
  const id = org.insert('Lead', person(' A ', { Title: '   ', City: '' }))
  t.match(org.get('Lead', id), { LastName: 'A', Name: 'A', Title: null, City: null })
})

t.test('a transaction is seen and heard of at its commit, with the stamps of its writing', async (t) => {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const { org, heard } = await start(t, () => time)
  let id = ''
  const open = org.holdBack((dml) => {
    id = dml.insert('Lead', person('Late'))
    dml.update('Lead', id, { Title: 'CEO' })
  })
  t.equal(org.get('Lead', id), undefined)
  t.strictSame(heard(), [])
  time += 10 * 60_000
  open.commit()
  t.match(org.get('Lead', id), { SystemModstamp: '2026-11-23T10:00:00.000+0000', Title: 'CEO' })
  t.strictSame(heard(), [`Lead CREATE ${id}`, `Lead UPDATE ${id}`])
})

t.test('a rollback leaves nothing, no event either', async (t) => {
  const { org, heard } = await start(t)
  const open = org.transaction()
  open.insert('Lead', person('A'))
  open.rollback()
  open.commit()
  t.equal(org.count('Lead'), 0)
  t.strictSame(heard(), [])
})

t.test('one primary role per opportunity', async (t) => {
  const { org } = await start(t)
  const [a = '', b = ''] = org.insert('Contact', [{ LastName: 'A' }, { LastName: 'B' }])
  const OpportunityId = org.insert('Opportunity', { Name: 'D', StageName: 'x', CloseDate: '2026-12-31' })
  const first = org.insert('OpportunityContactRole', { OpportunityId, ContactId: a, IsPrimary: true })
  org.insert('OpportunityContactRole', { OpportunityId, ContactId: b, IsPrimary: true })
  t.equal(org.get('OpportunityContactRole', first)?.['IsPrimary'], false)
})

t.test('person accounts: two rows, one event, which counts them as their contact', async (t) => {
  const { org, heard } = await start(t)
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
  org.delete('Account', id)
  t.strictSame(heard(), [`Contact DELETE ${account?.['PersonContactId']}`])
})

t.test('the package can be removed', async (t) => {
  const { org } = await start(t)
  const id = org.insert('Lead', person('A'))
  org.removePackage()
  t.throws(() => org.update('Lead', id, { mkto_si__Priority__c: 1 }), { message: /^INVALID_FIELD/ })
  t.notOk('mkto_si__Priority__c' in org.get('Lead', id)!)
})
