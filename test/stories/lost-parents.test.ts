// Parents that Marketo has lost, named by a child (1013, design §5, rule 10): Marketo does not say that it is the parent which is missing.
import { addUser, smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

const org = (org: Parameters<typeof smallOrg>[0]) => ({ ...smallOrg(org), cleo: addUser(org, 'Cleo') })

story(
  'A person names a company, or a sales person, that Marketo has lost: the parent is sent anew, then the person',
  { org },
  async (t, { org, ids, instance, inStep, parked }) => {
    instance.lose('companies', ids.acme)
    org.insert('Contact', { LastName: 'Newcomer', AccountId: ids.acme, OwnerId: ids.ann })
    await inStep({ deadlineMs: 20_000 })
    t.equal(instance.findCompany(ids.acme)?.fields.company, 'Acme')

    instance.lose('salesPersons', ids.cleo)
    org.update('Lead', ids.lena, { OwnerId: ids.cleo })
    await inStep({ deadlineMs: 20_000 })
    t.ok(instance.findSalesPerson(ids.cleo))
    t.equal(instance.leads.size, 3)
    t.strictSame([...(await parked())], [])
  },
)

story(
  'A company names a sales person, an opportunity a company, that Marketo has lost',
  { org },
  async (t, { org, ids, instance, inStep, parked }) => {
    instance.lose('salesPersons', ids.cleo)
    org.update('Account', ids.acme, { OwnerId: ids.cleo })
    await inStep({ deadlineMs: 20_000 })
    t.ok(instance.findSalesPerson(ids.cleo))

    instance.lose('companies', ids.acme)
    org.insert('Opportunity', {
      Name: 'Another',
      AccountId: ids.acme,
      OwnerId: ids.ann,
      StageName: 'Prospecting',
      CloseDate: '2027-01-01',
    })
    await inStep({ deadlineMs: 20_000 })
    t.equal(instance.findCompany(ids.acme)?.fields.company, 'Acme')
    t.strictSame([...(await parked())], [])
  },
)

story(
  'What Marketo calls lost and holds all the same is sent whole, blanks included',
  {},
  async (t, { org, ids, instance, inStep, marketo, person }) => {
    const [endpoint, code] = ['opportunities.json', '1013']
    marketo.faults.add({
      kind: 'record',
      code,
      times: 1,
      match: { endpoint, where: ({ action }) => action !== undefined },
    })
    org.update('Opportunity', ids.deal, { Amount: null })
    await inStep({ deadlineMs: 20_000 })
    t.equal(instance.findOpportunity(ids.deal)?.fields.amount, null)

    const carl = person(ids.carl).id
    marketo.faults.add({
      kind: 'record',
      code: '1004',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    org.update('Contact', ids.carl, { Title: null })
    await inStep({ deadlineMs: 20_000 })
    t.equal(person(ids.carl).id, carl)
    t.equal(person(ids.carl).fields.title, null)
  },
)
