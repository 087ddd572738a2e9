// What neither an event nor a stamp tells of is found by comparing all ids with the ledger (design §5, rules 3 and 15).
import { readState } from '../../src/database/state.ts'
import { personId } from '../fixtures/persons.ts'
import { until } from '../fixtures/until.ts'
import { addUser, smallOrg } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

/** Asks for a reconcile, of which a census is part, and waits until that has ended. */
async function takeCensus({ db, api, quiet }: Pick<Story, 'db' | 'api' | 'quiet'>): Promise<void> {
  const last = async (): Promise<string> => JSON.stringify(await readState(db, 'census'))
  const before = await last()
  await api('/api/reconcile', { method: 'POST' })
  await until('the census to end', async () => (await last()) !== before, 20_000)
  await quiet()
}

story(
  'A hard delete is found; what is hidden is gone after two censuses, and never where nothing of its object is shown',
  {
    org: (org) => ({
      ...smallOrg(org),
      leads: org.insert(
        'Lead',
        ['erased', 'hidden'].map((LastName) => ({ LastName, Company: 'X' })),
      ),
    }),
  },
  async (t, { org, ids, salesforce, marketo, instance, person, problem, parked, db, api, quiet }) => {
    const [erased, hidden] = ids.leads as [string, string]
    const holds = (id: string): boolean => instance.findLeads('externalPersonId', id).length === 1
    const before = person(erased).id
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    org.hardDelete('Lead', erased)
    org.hide('Lead', hidden)
    org.hide('Contact', ids.carl)
    // Salesforce's clock is told in whole seconds: what was deleted in the last one is in the next census' log.
    const deletedAt = Date.now()
    await until('that second to be over', () => Date.now() > deletedAt + 1_000)

    await takeCensus({ db, api, quiet })
    t.notOk(holds(erased), "Salesforce's log of deletions names it")
    t.ok(instance.leads.has(before), 'and under the keep policy the person stays')
    t.ok(holds(hidden), 'once is no proof')
    t.match(await problem('unreadable-records'), { system: 'salesforce', reason: /^\d records/ })
    t.match((await parked()).get(hidden), { code: 'unreadable', advice: /permission set/i })

    t.strictSame(marketo.calls.violations(), [])
    await takeCensus({ db, api, quiet })
    t.notOk(holds(hidden))
    t.match(marketo.calls.violations(), [/lives in Salesforce/], 'which nobody could have told from deleted')
    marketo.calls.clear()
    t.ok(holds(ids.carl), 'no contact is shown at all: a permission is missing')
    await takeCensus({ db, api, quiet })
    t.ok(holds(ids.carl), 'however often')
    t.ok(holds(ids.lena))
  },
)

story(
  'A record that Salesforce never shows leaves the list of refused ones after two censuses, if others of its object are shown',
  { org: smallOrg },
  async (t, { org, ids, parked, db, api, quiet }) => {
    const [nowhere, hidden] = [personId(77), personId(78, '003')]
    org.hide('Contact', ids.carl)
    for (const id of [nowhere, hidden]) await api(`/api/records/${id}/sync`, { method: 'POST' })
    await until(
      'both to be refused',
      async () => (await parked()).has(nowhere) && (await parked()).has(hidden),
    )

    await takeCensus({ db, api, quiet })
    t.match((await parked()).get(nowhere), { code: 'unreadable' }, 'once is no proof')
    await takeCensus({ db, api, quiet })
    t.notOk((await parked()).has(nowhere), 'nobody could ever take it off the list')
    await takeCensus({ db, api, quiet })
    t.match(
      (await parked()).get(hidden),
      { code: 'unreadable' },
      'no contact is shown at all: a permission is missing',
    )
  },
)

story(
  'A sales person leaves with its deactivation, or with the last record that it owned',
  { org: (org) => ({ ...smallOrg(org), zoe: addUser(org, 'Zoe') }) },
  async (t, { org, ids, instance, inStep, db, api, quiet }) => {
    org.update('Lead', ids.lena, { OwnerId: ids.bob })
    await inStep()
    t.ok(instance.findSalesPerson(ids.zoe))
    org.update('User', ids.zoe, { IsActive: false })
    org.update('User', ids.bob, { IsActive: false })
    await inStep()
    t.notOk(instance.findSalesPerson(ids.zoe))
    t.ok(instance.findSalesPerson(ids.bob), 'it owns a lead')
    org.update('Lead', ids.lena, { OwnerId: ids.ann })
    await quiet()
    await takeCensus({ db, api, quiet })
    await inStep()
    t.notOk(instance.findSalesPerson(ids.bob))
  },
)

story(
  'A sales person whose deactivation no event tells of leaves with the next reconcile',
  { org: (org) => ({ ...smallOrg(org), zoe: addUser(org, 'Zoe') }) },
  async (t, { org, ids, instance, salesforce, inStep, reconcile }) => {
    t.ok(instance.findSalesPerson(ids.zoe))
    salesforce.faults.dropEventsAtSource(1)
    org.update('User', ids.zoe, { IsActive: false })
    await reconcile()
    await inStep()
    t.notOk(instance.findSalesPerson(ids.zoe))
  },
)

story(
  'A change of a record that was hidden for a while is sent after the next census that sees it',
  {},
  async (t, { org, ids, person, parked, db, api, quiet, inStep }) => {
    org.hide('Contact', ids.carl)
    org.update('Contact', ids.carl, { Title: 'Unseen' })
    await until('it to be parked', async () => (await parked()).get(ids.carl)?.code === 'unreadable')
    await quiet()
    org.reveal('Contact', ids.carl)
    // Long after: the reconcile does not look so far back.
    await db
      .updateTable('state')
      .set({ value: JSON.stringify({ at: new Date(Date.now() + 3_600_000).toISOString() }) })
      .where('key', '=', 'watermark:Contact')
      .execute()
    await takeCensus({ db, api, quiet })
    await inStep()
    t.equal(person(ids.carl).fields.title, 'Unseen')
    t.strictSame([...(await parked())], [])
  },
)
