import t from 'tap'
import { person, startOrg } from './fixtures.ts'
import { to18 } from './record-id.ts'

t.test('an insert gives valid ids with the right prefixes, and says CREATE', async (t) => {
  const { org, heard } = await startOrg(t)
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
  const { org } = await startOrg(t, () => Date.parse('2026-11-23T10:00:00.789Z'))
  const id = org.insert('Lead', person('A'))
  t.match(org.get('Lead', id), {
    CreatedDate: '2026-11-23T10:00:00.000+0000',
    SystemModstamp: '2026-11-23T10:00:00.000+0000',
    IsDeleted: false,
    MasterRecordId: null,
  })
})

t.test('one event carries up to 200 ids', async (t) => {
  const { org, heard } = await startOrg(t)
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
  const { org, heard } = await startOrg(t)
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
  const { org, heard } = await startOrg(t)
  const id = org.insert('Lead', person('A'), { bypass: true })
  org.update('Lead', id, { LastName: 'B' }, { bypass: true })
  org.insert('Lead', person('C'), { silent: true })
  t.strictSame(heard(), [])
})

t.test(
  'deleting an account takes contacts, opportunities and roles, and speaks of the account only',
  async (t) => {
    const { org, heard } = await startOrg(t)
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

t.test('a save is checked: fields, types, lengths, references', async (t) => {
  const { org } = await startOrg(t)
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
  const { org } = await startOrg(t)
  const id = org.insert('Lead', person(' A ', { Title: '   ', City: '' }))
  t.match(org.get('Lead', id), { LastName: 'A', Name: 'A', Title: null, City: null })
})

t.test('a transaction is seen and heard of at its commit, with the stamps of its writing', async (t) => {
  let time = Date.parse('2026-11-23T10:00:00Z')
  const { org, heard } = await startOrg(t, () => time)
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
  const { org, heard } = await startOrg(t)
  const open = org.transaction()
  open.insert('Lead', person('A'))
  open.rollback()
  open.commit()
  t.equal(org.count('Lead'), 0)
  t.strictSame(heard(), [])
})

t.test('one primary role per opportunity', async (t) => {
  const { org } = await startOrg(t)
  const [a = '', b = ''] = org.insert('Contact', [{ LastName: 'A' }, { LastName: 'B' }])
  const OpportunityId = org.insert('Opportunity', { Name: 'D', StageName: 'x', CloseDate: '2026-12-31' })
  const first = org.insert('OpportunityContactRole', { OpportunityId, ContactId: a, IsPrimary: true })
  org.insert('OpportunityContactRole', { OpportunityId, ContactId: b, IsPrimary: true })
  t.equal(org.get('OpportunityContactRole', first)?.['IsPrimary'], false)
})

t.test('the package can be removed', async (t) => {
  const { org } = await startOrg(t)
  const id = org.insert('Lead', person('A'))
  org.removePackage()
  t.throws(() => org.update('Lead', id, { mkto_si__Priority__c: 1 }), { message: /^INVALID_FIELD/ })
  t.notOk('mkto_si__Priority__c' in org.get('Lead', id)!)
})
