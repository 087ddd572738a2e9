// Deleted for good: no event and no stamp tells of it, the census does (design §5, rules 3 and 15).
import { until } from '../fixtures/until.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

/** What was deleted within the second in which Salesforce tells the time is in its log a second later, and what is queued just then is left to
 *  the next census. */
async function censusUntil(
  reconcile: () => Promise<void>,
  what: string,
  condition: () => Promise<boolean>,
): Promise<void> {
  await until(
    what,
    async () => {
      await reconcile()
      return condition()
    },
    30_000,
  )
}

story(
  'What was deleted for good goes with the census, also the last one of its object',
  {},
  async (t, { org, ids, instance, inStep, person, reconcile }) => {
    const former = new Map([[ids.lena, person(ids.lena).id]])
    org.hardDelete('Opportunity', ids.deal)
    org.hardDelete('Lead', ids.lena)
    await censusUntil(reconcile, 'them to be gone', async () => !instance.findOpportunity(ids.deal))
    await inStep({ former, deadlineMs: 25_000 })
    t.match(instance.counts(), { opportunities: 0, roles: 0, leads: 2 })
    t.equal(instance.leads.get(former.get(ids.lena)!)?.fields.externalPersonId, null)
  },
)

story(
  'What was deleted for good before it got to Marketo leaves the parked list with the census',
  {},
  async (t, { org, ids, inStep, parked, reconcile }) => {
    const id = org.insert('Lead', { LastName: 'Short-lived', Company: 'X', OwnerId: ids.ann })
    org.hide('Lead', id)
    await until('the lead to be parked', async () => (await parked()).has(id))
    org.hardDelete('Lead', id)
    await censusUntil(reconcile, 'the lead to leave the list', async () => !(await parked()).has(id))
    await inStep()
    t.strictSame([...(await parked())], [])
  },
)

story(
  'A lead that was converted into a contact which was deleted for good at once leaves with the census',
  { env: { DELETE_POLICY: 'delete' } },
  async (t, { org, ids, instance, inStep, person, parked, reconcile }) => {
    const former = new Map([[ids.lena, person(ids.lena).id]])
    const { contactId } = org.convertLead(ids.lena, { accountId: ids.acme })
    org.hardDelete('Contact', contactId)
    await until('the lead to wait', async () => (await parked()).has(contactId))
    await censusUntil(
      reconcile,
      'the contact to leave the list',
      async () => !(await parked()).has(contactId),
    )
    await inStep({ former, deletePolicy: 'delete', deadlineMs: 25_000 })
    t.notOk(instance.leads.has(former.get(ids.lena)!))
    t.strictSame([...(await parked())], [])
  },
)
