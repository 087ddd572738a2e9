import t from 'tap'
import { inStep, type InStep, type InStepOptions } from './check.ts'
import { startPair, type Pair } from './fixtures/pair.ts'
import { everInUse } from './in-use.ts'

const check = ({ org, marketo }: Pair, options?: InStepOptions): InStep =>
  inStep(org, marketo.instance, options)

t.test('two sides that hold the same are in step', async (t) => {
  const pair = await startPair(t)
  const { ok, objects, differences, refusals } = check(pair)
  t.strictSame(differences, [])
  t.ok(ok)
  t.equal(refusals.size, 0)
  const one = { salesforce: 1, marketo: 1, refused: 0 }
  t.strictSame(objects, {
    User: one,
    Account: one,
    Lead: one,
    Contact: one,
    Opportunity: one,
    OpportunityContactRole: one,
  })
})

/** What is done to a pair that is in step, and what the check must say: one sentence, or none. */
type Case = [
  title: string,
  change: (pair: Pair) => unknown,
  found: RegExp | undefined,
  options?: InStepOptions,
]

const VALUES: Case[] = [
  [
    'a value that is another',
    (p) => p.marketo.instance.editLead(p.leadPerson, { phone: '1' }),
    /phone is "1"/,
  ],
  [
    'a value that is missing',
    (p) => p.org.update('Contact', p.contact, { Title: 'CEO' }),
    /title is null .*"CEO"/,
  ],
  [
    'a value that was not cleared',
    (p) => p.org.update('Lead', p.lead, { Phone: null }),
    /phone is .*Phone is null/,
  ],
  [
    'a number that is another',
    (p) => p.org.update('Account', p.account, { AnnualRevenue: 7 }),
    /annualRevenue is 1200000/,
  ],
  [
    'a day that is another',
    (p) => p.org.update('Opportunity', p.opportunity, { CloseDate: '2026-12-23' }),
    /closeDate is "2026-12-24"/,
  ],
  [
    'a time that is another',
    (p) =>
      p.org.update(
        'Opportunity',
        p.opportunity,
        { CreatedDate: '2026-03-01T08:30:01.000Z' },
        { silent: true },
      ),
    /externalCreatedDate is/,
  ],
  [
    'a number told as text',
    (p) => p.write('opportunities.json', { externalOpportunityId: p.opportunity, fiscalYear: '2025' }),
    /fiscalYear is "2025"/,
  ],
  [
    "a sales person's e-mail",
    (p) => p.org.update('User', p.user, { Email: 'una.berg@sales.example' }),
    /User .*email is/,
  ],
  [
    'an opt-out that did not arrive',
    (p) => p.org.update('Lead', p.lead, { DoNotCall: true }),
    /doNotCall is null .*true/,
  ],
  [
    'nothing where somebody opted out in Marketo alone',
    (p) => p.marketo.instance.optOut(p.contactPerson),
    undefined,
  ],
  [
    'nothing where opting in again is left to the person',
    (p) => p.org.update('Lead', p.lead, { HasOptedOutOfEmail: false }),
    undefined,
  ],
]

const PARENTS: Case[] = [
  [
    'an owner that is another',
    (p) => p.org.update('Lead', p.lead, { OwnerId: newUser(p) }),
    /^User .* is not in Marketo$/,
  ],
  [
    'an owner that is gone from the record',
    (p) => p.marketo.instance.editLead(p.contactPerson, { externalSalesPersonId: null }),
    /externalSalesPersonId is null in Marketo and should be/,
  ],
  [
    'a sales person on the lead of a queue',
    (p) => {
      const queue = p.org.insert('Group', { Name: 'Inbound', Type: 'Queue' }, { silent: true })
      p.org.update('Lead', p.lead, { OwnerId: queue })
    },
    /externalSalesPersonId is "005.*" in Marketo and should be null/,
  ],
  [
    'nothing where a contact that lost its account keeps the last company',
    (p) => p.org.update('Contact', p.contact, { AccountId: null }),
    undefined,
  ],
  [
    'a company that an opportunity has left',
    (p) => p.org.update('Opportunity', p.opportunity, { AccountId: null }),
    /externalCompanyId is .* should be null/,
  ],
  [
    'a company that the filter leaves out',
    () => undefined,
    /Opportunity .*externalCompanyId is .* should be null/,
    { leavesOut: (object) => object === 'Account' },
  ],
]

const ONCE: Case[] = [
  [
    'a record that is not there',
    (p) => p.drop('opportunities/roles.json', roleKey(p)),
    /^Opportunity.* is not in Marketo/,
  ],
  [
    'a new record',
    (p) => p.org.insert('Lead', { LastName: 'Neu', Company: 'Neu', OwnerId: p.user }),
    /^Lead .* is not in Marketo$/,
  ],
  [
    'a person twice',
    (p) =>
      p.marketo.instance.createLead({
        ...p.marketo.instance.leads.get(p.leadPerson)!.fields,
      }),
    /^Lead .* is in Marketo 2 times$/,
  ],
  [
    'an orphan',
    async (p) => {
      await p.drop('opportunities/roles.json', roleKey(p))
      p.org.delete('Opportunity', p.opportunity)
    },
    /^Opportunity .* does not belong there: it is deleted/,
  ],
  [
    'a role whose contact role is gone',
    (p) => p.org.delete('OpportunityContactRole', p.role),
    /^Role .* no contact role in Salesforce stands for it$/,
  ],
  [
    'a sales person of a user who has left, and owns nothing',
    async (p) => {
      const left = newUser(p)
      await p.write('salespersons.json', {
        externalSalesPersonId: left,
        email: 'left@sales.example',
        lastName: 'Left',
      })
      p.org.update('User', left, { IsActive: false })
    },
    /^User .* does not belong there: it is out of scope/,
  ],
  [
    'nothing of a user who has left, and owns a record',
    (p) => p.org.update('User', p.user, { IsActive: false }),
    undefined,
  ],
  [
    'an id of 15 characters',
    (p) =>
      p.write('salespersons.json', {
        externalSalesPersonId: p.user.slice(0, 15),
        email: 'una@sales.example',
      }),
    /^User .{15} is in Marketo and does not belong there/,
  ],
  [
    'nothing of what other integrations hold under keys of theirs',
    (p) => p.write('companies.json', { externalCompanyId: 'erp-17', company: 'Another' }),
    undefined,
  ],
  [
    'nothing of a company that Marketo still uses',
    async (p) => {
      await p.drop('opportunities/roles.json', roleKey(p))
      await p.drop('opportunities.json', { externalOpportunityId: p.opportunity })
      p.org.delete('Account', p.account)
      p.marketo.instance.editLead(p.contactPerson, { externalPersonId: null, externalSalesPersonId: null })
    },
    undefined,
  ],
  [
    'a hard delete',
    (p) => p.org.hardDelete('Lead', p.lead),
    /^Lead .* does not belong there: Salesforce has no such record$/,
  ],
  [
    'nothing of a hard delete before the census',
    (p) => p.org.hardDelete('Lead', p.lead),
    undefined,
    { beforeCensus: true },
  ],
  ['nothing of what the integration user can not see', (p) => p.org.hide('Lead', p.lead), undefined],
]

const ROLES: Case[] = [
  [
    'a role under another name',
    (p) => p.org.update('OpportunityContactRole', p.role, { Role: 'Evaluator' }),
    /is not in Marketo \(as role .*evaluator\)|stands for it/,
  ],
  [
    'a role that is not primary any more',
    (p) => p.org.update('OpportunityContactRole', p.role, { IsPrimary: false }),
    /isPrimary is true in Marketo, false in Salesforce/,
  ],
  [
    'nothing where two contact roles fall on one key',
    (p) => p.org.insert('OpportunityContactRole', { ...roleRow(p), Role: 'Other' }),
    undefined,
  ],
]

for (const [chapter, cases] of Object.entries({ VALUES, PARENTS, ONCE, ROLES }))
  t.test(`the check finds, of ${chapter.toLowerCase()}`, async (t) => {
    for (const [title, change, found, options] of cases)
      t.test(title, async (t) => {
        const pair = await startPair(t)
        await change(pair)
        const { ok, differences } = check(pair, options)
        t.equal(ok, found === undefined, differences.join('\n'))
        if (found !== undefined)
          t.match(
            differences.find((difference) => found.test(difference)),
            found,
          )
      })
  })

t.test('text is cut to what Marketo takes, and never within an emoji', async (t) => {
  const pair = await startPair(t, { customLeadFields: [{ name: 'nickName', dataType: 'string', length: 5 }] })
  const mapping = { Lead: [['Description', 'nickName']] as const }
  const options = { mapping, marketo: { customLeadFields: pair.marketo.options.customLeadFields } }
  pair.org.update('Lead', pair.lead, { Description: 'abcd🚀f' })
  const holding = (nickName: string): boolean => {
    pair.marketo.instance.editLead(pair.leadPerson, { nickName })
    return check(pair, options).ok
  }
  t.ok(holding('abcd'))
  t.ok(holding('abcd🚀'), 'five characters of six UTF-16 units')
  t.notOk(holding('abcd\ud83d'))
  t.notOk(holding('abc'), 'more than needed was cut')
})

t.test('a refused record is no difference, and neither is who waits for it', async (t) => {
  const pair = await startPair(t)
  const account = pair.org.insert('Account', { Name: 'Refused', OwnerId: pair.user })
  const contact = pair.org.insert('Contact', { LastName: 'Waits', AccountId: account, OwnerId: pair.user })
  t.equal(check(pair).differences.length, 2)
  const { ok, objects, refusals } = check(pair, { parked: new Map([[account, 'the name is no good']]) })
  t.ok(ok)
  t.equal(objects.Account.refused, 1)
  t.equal(objects.Contact.refused, 1)
  t.equal(refusals.get(contact)?.reason, `waits for Account ${account}: the name is no good`)
})

t.test('an adopted person keeps what Salesforce has blank, and nobody else does', async (t) => {
  const pair = await startPair(t)
  pair.marketo.instance.editLead(pair.leadPerson, { title: 'Captain' })
  t.match(check(pair).differences, [/title is "Captain"/])
  t.ok(check(pair, { made: new Set([pair.leadPerson]) }).ok)
  pair.org.update('Lead', pair.lead, { Title: 'Admiral' })
  t.notOk(check(pair, { made: new Set([pair.leadPerson]) }).ok)
})

t.test('a removed person stays without key and sales person under keep, and goes under delete', async (t) => {
  const pair = await startPair(t)
  const { persons } = check(pair)
  const { instance } = pair.marketo
  const judge = (deletePolicy: 'keep' | 'delete', made: number[] = []): string[] =>
    check(pair, { former: persons, deletePolicy, made: new Set(made) }).differences
  pair.org.delete('Lead', pair.lead)
  t.match(judge('keep'), [/does not belong there/, /still has a sales person/])
  instance.editLead(pair.leadPerson, { externalPersonId: null })
  t.match(judge('keep'), [/still has a sales person/, /has no externalPersonId, but still a sales person/])
  instance.editLead(pair.leadPerson, { externalSalesPersonId: null })
  t.strictSame(judge('keep'), [])
  t.match(judge('delete'), [/still holds its person/, /nobody but us can have made it/])
  t.strictSame(judge('delete', [pair.leadPerson]), [], 'an adopted one is released')
  instance.deleteLead(pair.leadPerson)
  t.strictSame(judge('delete'), [])
  t.match(judge('keep'), [/was to stay, and is gone/])
})

t.test('an undelete takes the same person back', async (t) => {
  const pair = await startPair(t)
  const { persons } = check(pair)
  const { fields } = pair.marketo.instance.leads.get(pair.leadPerson)!
  const another = pair.marketo.instance.createLead({ ...fields })
  pair.marketo.instance.editLead(pair.leadPerson, { externalPersonId: null, externalSalesPersonId: null })
  t.match(check(pair, { former: persons }).differences, [
    new RegExp(`is Marketo person ${another.id}, and was`),
  ])
})

t.test('of a merge one person is left', async (t) => {
  const pair = await startPair(t)
  const loser = pair.org.insert('Lead', {
    LastName: 'Lind',
    Company: 'Acme',
    OwnerId: pair.user,
    City: 'Lund',
    Status: 'Open',
  })
  const [person] = await pair.write('leads.json', {
    externalPersonId: loser,
    externalSalesPersonId: pair.user,
    lastName: 'Lind',
    city: 'Lund',
    leadStatus: 'Open',
  })
  const { ok, persons } = check(pair)
  t.ok(ok)
  pair.org.merge('Lead', pair.lead, [loser])
  pair.marketo.instance.editLead(person!.id!, { externalPersonId: null, externalSalesPersonId: null })
  t.match(check(pair, { former: persons }).differences, [/became 00Q.* still holds its person/])
  pair.marketo.instance.mergeLeads(pair.leadPerson, [person!.id!])
  t.strictSame(check(pair, { former: persons }).differences, [], 'Marketo has filled a blank of the winner')
})

t.test('a converted lead is its contact from then on', async (t) => {
  const pair = await startPair(t)
  const { persons } = check(pair)
  const { contactId } = pair.org.convertLead(pair.lead, { accountId: pair.account })
  const created = check(pair, { former: persons }).differences
  t.match(created, [/^Lead .* it was converted to/, /^Contact .* is not in Marketo/], 'not yet')
  pair.marketo.instance.editLead(pair.leadPerson, {
    externalPersonId: contactId,
    externalCompanyId: pair.account,
    leadStatus: 'Open',
  })
  const after = check(pair, { former: persons })
  t.strictSame(after.differences, [])
  t.equal(after.persons.get(contactId), pair.leadPerson)
})

t.test('what Marketo once refused to let go is known from its answers', async (t) => {
  const pair = await startPair(t)
  await t.rejects(pair.drop('salespersons.json', { externalSalesPersonId: pair.user }), /1022/)
  await t.rejects(pair.drop('companies.json', { externalCompanyId: pair.account }), /1022/)
  t.strictSame([...everInUse(pair.marketo.calls)], [pair.user, pair.account])
})

function newUser({ org }: Pair): string {
  return org.insert(
    'User',
    { Username: 'left@sales.example', Email: 'left@sales.example', LastName: 'Left' },
    { silent: true },
  )
}

const roleKey = ({ opportunity, contactPerson }: Pair): Record<string, unknown> => ({
  externalOpportunityId: opportunity,
  leadId: contactPerson,
  role: 'Other',
})

const roleRow = ({ opportunity, contact }: Pair): Record<string, string> => ({
  OpportunityId: opportunity,
  ContactId: contact,
})
