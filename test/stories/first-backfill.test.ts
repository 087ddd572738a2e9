// Everything in scope gets to Marketo once by itself, whatever an admin asks for before the first backfill (design §5, rule 3).
import { readState } from '../../src/database/state.ts'
import { until } from '../fixtures/until.ts'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

let refused: ReturnType<SalesforceSimulator['faults']['refuseTokens']>

story(
  'A backfill of leads, asked for while Salesforce refuses the login, does not take the place of the first one',
  {
    before: (_marketo, salesforce) => {
      refused = salesforce.faults.refuseTokens({ times: Number.POSITIVE_INFINITY })
    },
    atOnce: true,
  },
  async (t, { api, org, ids, inStep, db, status, salesforce, reconcile, instance }) => {
    await until('the login to be refused', async () =>
      (await status()).problems.some(({ system }) => system === 'salesforce'),
    )
    t.match(await api('/api/backfill', { method: 'POST', body: { objects: ['Lead'] } }), { status: 202 })
    refused.remove()
    await until('the company', () => instance.findCompany(ids.acme), 30_000)
    await inStep({ deadlineMs: 30_000 })

    t.comment('and the reconcile finds changes of every object')
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    org.update('Opportunity', ids.deal, { NextStep: 'Unheard' })
    await reconcile()
    await inStep()
    t.ok(await readState(db, 'watermark:OpportunityContactRole'))
  },
)
