import t from 'tap'
import { effectiveMapping, type MappingRow, type ObjectMapping } from '../../src/sync/mapping.ts'
import { isCompanyField } from '../../src/sync/objects/definition.ts'
import { everyField, TEXT, wholeMapping } from './fixtures/mappings.ts'

const row = (object: string, salesforceField: string, marketoField: string): MappingRow => ({
  object,
  salesforceField,
  marketoField,
})
const pairs = (mapping: ObjectMapping): string[] =>
  mapping.fields.map(({ from, to }) => `${from} → ${to.name}`)

t.test('where both sides describe everything the default mapping is whole', async (t) => {
  const { objects, bad } = wholeMapping()
  t.strictSame(bad, [])
  t.equal(objects.User.fields.length, 7)
  t.ok(pairs(objects.Contact).includes('MailingCity → city'))
  t.ok(objects.Lead.reads.includes('IsConverted'))
  t.strictSame(
    objects.Contact.parents.map(({ target }) => target),
    ['externalSalesPersonId', 'externalCompanyId'],
  )
  for (const object of ['Lead', 'Contact'] as const)
    for (const { to } of objects[object].fields) t.notOk(isCompanyField(to.name), to.name)
})

t.test('a default is left out where one side lacks it or Marketo does not take it', async (t) => {
  const { salesforce, marketo } = everyField()
  salesforce.Lead = new Map([...salesforce.Lead].filter(([field]) => !['Fax', 'OwnerId'].includes(field)))
  const fields = new Map(marketo.Lead)
  fields.delete('rating')
  fields.set('title', { name: 'title', dataType: 'string', updateable: false })
  const { objects, bad } = effectiveMapping({
    salesforce,
    marketo: { ...marketo, Lead: fields },
    rows: [],
    settings: [],
  })
  for (const field of ['Fax → fax', 'Rating → rating', 'Title → title'])
    t.notOk(pairs(objects.Lead).includes(field), field)
  t.notOk(objects.Lead.reads.includes('Fax'), 'what can’t be read is not asked for')
  t.strictSame(objects.Lead.parents, [])
  t.strictSame(bad, [], 'nobody is to blame for a default')
})

t.test(
  'a sales person’s e-mail is sent whatever describe says, because nothing shows without it',
  async (t) => {
    const { salesforce, marketo } = everyField()
    const fields = new Map(marketo.SalesPerson).set('email', {
      name: 'email',
      dataType: 'email',
      updateable: false,
    })
    const { objects } = effectiveMapping({
      salesforce,
      marketo: { ...marketo, SalesPerson: fields },
      rows: [],
      settings: [],
    })
    t.ok(pairs(objects.User).includes('Email → email'))
  },
)

t.test('an admin’s row extends the defaults, or takes the place of one', async (t) => {
  const { salesforce, marketo } = everyField()
  salesforce.Lead = new Map([...salesforce.Lead, ['Company', TEXT], ['Nickname__c', TEXT]])
  const fields = new Map(marketo.Lead).set('sfcompany', {
    name: 'sfCompany',
    dataType: 'string',
    updateable: true,
  })
  const { objects, bad } = effectiveMapping({
    salesforce,
    marketo: { ...marketo, Lead: fields },
    rows: [row('Lead', 'Company', 'SFCOMPANY'), row('Lead', 'Nickname__c', 'FirstName')],
    settings: [{ object: 'Lead', active: true, filter: "LeadSource != 'Test'" }],
  })
  t.strictSame(bad, [])
  t.ok(pairs(objects.Lead).includes('Company → sfCompany'), 'by Marketo’s own spelling')
  t.ok(pairs(objects.Lead).includes('Nickname__c → firstName'))
  t.notOk(pairs(objects.Lead).includes('FirstName → firstName'))
  t.ok(pairs(objects.Contact).includes('FirstName → firstName'), 'another object keeps its own')
  t.equal(objects.Lead.filter, "LeadSource != 'Test'")
  t.equal(objects.Contact.filter, null)
})

t.test('an object can be switched off', async (t) => {
  const { objects } = wholeMapping({ settings: [{ object: 'Opportunity', active: false, filter: null }] })
  t.notOk(objects.Opportunity.active)
  t.ok(objects.Lead.active)
})

t.test('bad rows are skipped, each with its reason', async (t) => {
  const { salesforce, marketo } = everyField()
  const fields = new Map(marketo.Lead)
    .set('readonly', { name: 'readOnly', dataType: 'string', updateable: false })
    .set('company', { name: 'company', dataType: 'string', updateable: true })
    .set('siccode', { name: 'siccode', dataType: 'string', updateable: true })
  const rows: [MappingRow, RegExp][] = [
    [row('Lead', 'Missing__c', 'firstName'), /Salesforce has no field Lead\.Missing__c/],
    [row('Lead', 'FirstName', 'missing'), /Marketo has no field missing/],
    [row('Lead', 'FirstName', 'readOnly'), /does not allow writing/],
    [row('Lead', 'FirstName', 'externalPersonId'), /key/],
    [row('Lead', 'FirstName', 'EXTERNALPERSONID'), /key/],
    [row('Contact', 'FirstName', 'externalCompanyId'), /key/],
    [row('Lead', 'FirstName', 'externalCompanyId'), /key/],
    [row('OpportunityContactRole', 'CreatedDate', 'role'), /no field role|key/],
    [row('Lead', 'FirstName', 'company'), /belongs to the company/],
    [row('Lead', 'FirstName', 'Company'), /belongs to the company/],
    [row('Lead', 'FirstName', 'sicCode'), /belongs to the company/],
    [row('Lead', 'LastName', 'lastName'), /^$/],
    [row('Lead', 'FirstName', 'LASTNAME'), /target of another row/],
    [row('Case', 'Subject', 'firstName'), /Case is not one of User, Account/],
  ]
  const { objects, bad } = effectiveMapping({
    salesforce,
    marketo: { ...marketo, Lead: fields },
    rows: rows.map(([given]) => given),
    settings: [],
  })
  for (const [given, reason] of rows) {
    const told = bad.find((one) => one.object === given.object && one.marketoField === given.marketoField)
    t.match(told?.reason ?? '', reason, `${given.object} ${given.marketoField}`)
  }
  t.equal(bad.length, rows.length - 1)
  t.equal(objects.Lead.fields.filter(({ to }) => to.name === 'lastName').length, 1, 'no target twice')
})

t.test('a role’s key is no target even where Marketo lets it be written', async (t) => {
  const { salesforce, marketo } = everyField()
  const fields = new Map(marketo.OpportunityRole).set('role', {
    name: 'role',
    dataType: 'string',
    updateable: true,
  })
  const { bad } = effectiveMapping({
    salesforce,
    marketo: { ...marketo, OpportunityRole: fields },
    rows: [row('OpportunityContactRole', 'CreatedDate', 'Role')],
    settings: [],
  })
  t.match(bad[0]?.reason, /key/)
})
