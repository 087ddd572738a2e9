// What records point to, and role keys (design §5, rules 5 and 7).
import { until } from '../fixtures/until.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

story(
  'A lead that a queue owns has no sales person: null is sent if one had been sent before',
  {},
  async (t, { org, ids, inStep, person, newCalls, instance }) => {
    const queue = org.insert('Group', { Name: 'Queue', Type: 'Queue' }, { silent: true })
    org.update('Lead', ids.lena, { OwnerId: queue })
    const queued = org.insert('Lead', { LastName: 'Queued', Company: 'X', OwnerId: queue })
    await inStep()
    t.equal(person(ids.lena).fields.externalSalesPersonId, null)
    t.notOk('externalSalesPersonId' in person(queued).fields)
    newCalls()
    org.update('Lead', queued, { OwnerId: ids.bob })
    org.update('Lead', ids.lena, { OwnerId: ids.bob })
    await inStep()
    t.equal(person(queued).fields.externalSalesPersonId, ids.bob)
    t.equal(person(ids.lena).fields.externalSalesPersonId, ids.bob)
    t.equal(instance.salesPersons.size, 2, 'a queue is none')
  },
)

story(
  'A contact moves to another company; one that loses its account keeps the last, and the diagnosis has the note',
  {},
  async (t, { org, ids, inStep, person, db }) => {
    const next = org.insert('Account', { Name: 'Next', OwnerId: ids.bob })
    org.update('Contact', ids.carl, { AccountId: next })
    await inStep()
    t.equal(person(ids.carl).fields.externalCompanyId, next)
    org.update('Contact', ids.carl, { AccountId: null, Title: 'Free' })
    await inStep()
    t.match(person(ids.carl).fields, { externalCompanyId: next, title: 'Free' })
    const entry = await db.selectFrom('ledger').select('notes').where('id', '=', ids.carl).executeTakeFirst()
    t.match(entry?.notes, /keeps its last company/)
  },
)

story(
  'Only what changed is sent, and a burst of edits costs few calls',
  {},
  async (t, { org, ids, inStep, newCalls }) => {
    org.update('Contact', ids.carl, { Title: 'First' })
    await inStep()
    const [call] = newCalls().filter(({ endpoint, method }) => endpoint === 'leads.json' && method === 'POST')
    t.strictSame(Object.keys(call!.records![0] as object).sort(), ['id', 'title'])
    for (let n = 0; n < 20; n++) org.update('Contact', ids.carl, { Phone: `+46 ${n}` })
    await inStep()
    t.ok(newCalls().length <= 3, 'not one per edit')
    for (const id of [ids.carl, ids.carl, ids.carl]) org.update('Contact', id, { Title: 'First' })
    await inStep()
    t.strictSame(newCalls(), [], 'nothing differs: no call')
  },
)

story(
  'Roles: renamed, blank, two of them on one key, the same contact twice',
  {},
  async (t, { org, ids, inStep, person, instance, db, newCalls }) => {
    const carl = person(ids.carl).id
    const rolesOf = (): string[] =>
      instance
        .rolesOf(carl)
        .map(({ fields }) => String(fields.role))
        .sort()
    org.update('OpportunityContactRole', ids.role, { Role: 'Economic Buyer' })
    const blank = org.insert('OpportunityContactRole', {
      OpportunityId: ids.deal,
      ContactId: ids.carl,
      Role: null,
    })
    await inStep()
    t.strictSame(rolesOf(), ['Economic Buyer', 'Other'])
    const entry = await db.selectFrom('ledger').select('notes').where('id', '=', blank).executeTakeFirst()
    t.match(entry?.notes, /blank .* Other/)

    org.update('OpportunityContactRole', blank, { Role: 'Economic Buyer' })
    await inStep()
    t.strictSame(rolesOf(), ['Economic Buyer'], 'two contact roles on one key are one role')
    newCalls()
    org.delete('OpportunityContactRole', ids.role)
    await inStep()
    t.strictSame(rolesOf(), ['Economic Buyer'], 'the other still stands for it')
    org.delete('OpportunityContactRole', blank)
    await inStep()
    t.strictSame(rolesOf(), [], 'deleted with the last of them')
  },
)

/** Marketo compares keys without regard to case. */
story(
  'Roles whose names differ in case only are one role in Marketo, which stays as long as one of them does',
  {},
  async (t, { org, ids, instance, person, inStep, newCalls }) => {
    const names = (): unknown[] => instance.rolesOf(person(ids.carl).id).map(({ fields }) => fields.role)
    org.update('OpportunityContactRole', ids.role, { Role: 'DECISION MAKER' })
    await inStep()
    t.strictSame(names(), ['DECISION MAKER'])
    newCalls()
    const twins = org.insert(
      'OpportunityContactRole',
      ['Decision maker', 'decision maker', 'Evaluator', 'evaluator'].map((Role) => ({
        OpportunityId: ids.deal,
        ContactId: ids.carl,
        Role,
      })),
    )
    await inStep()
    t.strictSame(names().length, 2)
    const third = org.insert('OpportunityContactRole', {
      OpportunityId: ids.deal,
      ContactId: ids.carl,
      Role: 'Decision maker',
    })
    await inStep()
    t.comment('two that share it are left, and both spell it otherwise')
    org.delete('OpportunityContactRole', ids.role)
    org.delete('OpportunityContactRole', twins[1]!)
    await inStep()
    org.delete('OpportunityContactRole', third)
    org.update('OpportunityContactRole', twins[2]!, { Role: 'EVALUATOR' })
    await inStep()
    org.delete('OpportunityContactRole', twins[3]!)
    await inStep()
    t.equal(names().length, 2)
    org.delete('OpportunityContactRole', twins[0]!)
    await inStep()
    t.strictSame(
      names().map((name) => String(name).toLowerCase()),
      ['evaluator'],
    )
  },
)

story(
  'While the former key of a renamed role is still in Marketo, the status does not say that all is done',
  {},
  async (t, { org, ids, instance, marketo, person, status }) => {
    const roles = (): unknown[] => instance.rolesOf(person(ids.carl).id).map(({ fields }) => fields.role)
    marketo.faults.add({ kind: 'slow', ms: 1_500, match: { endpoint: 'opportunities/roles/delete.json' } })
    org.update('OpportunityContactRole', ids.role, { Role: 'Evaluator' })
    await until('the new key', () => roles().includes('Evaluator'))
    await until('the status to be all zero', async () => {
      const { queue, waiting } = await status()
      return [...Object.values(queue), ...Object.values(waiting)].every((records) => records === 0)
    })
    t.strictSame(roles(), ['Evaluator'])
  },
)

story(
  'Two roles of one contact that change places keep what is theirs',
  {},
  async (t, { org, ids, instance, inStep, person }) => {
    const second = org.insert('OpportunityContactRole', {
      OpportunityId: ids.deal,
      ContactId: ids.carl,
      Role: 'Evaluator',
      IsPrimary: false,
    })
    await inStep()
    org.updateMany('OpportunityContactRole', [
      { id: ids.role, fields: { Role: 'Evaluator' } },
      { id: second, fields: { Role: 'Decision Maker' } },
    ])
    await inStep({ deadlineMs: 20_000 })
    t.strictSame(
      Object.fromEntries(
        instance.rolesOf(person(ids.carl).id).map(({ fields }) => [fields.role, fields.isPrimary]),
      ),
      { 'Decision Maker': false, Evaluator: true },
    )
  },
)
