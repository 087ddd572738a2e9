// Everything in scope gets to Marketo once by itself, whatever an admin asks for before the first backfill (design §5, rule 3).
import { readState } from '../../src/database/state.ts'
import { until } from '../fixtures/until.ts'
import type { LoggedCall } from '../simulators/marketo/index.ts'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'
import { smallOrg } from './fixtures/organisation.ts'
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

const CROWD = 6_000
/** Full calls, one at a time: the other slot is never a backfill's. */
const CROWD_CALLS = CROWD / 300

story(
  'An edit made in the middle of a backfill is in Marketo after a few calls, long before the backfill ends',
  {
    org: (org) => ({
      ...smallOrg(org),
      crowd: org.insert(
        'Lead',
        Array.from({ length: CROWD }, (_, n) => ({ LastName: `L${n}`, Company: 'Crowd' })),
      ),
    }),
    env: { MARKETO_CONCURRENCY: '2' },
    marketo: { latencyMs: 300 },
    atOnce: true,
  },
  async (t, { org, ids, marketo, inStep }) => {
    const title = (record: unknown): unknown => (record as Record<string, unknown>).title
    const isEdit = ({ records = [] }: LoggedCall): boolean => records.some((one) => title(one) === 'Edited')
    const writes = (): LoggedCall[] =>
      [...marketo.calls].filter(({ endpoint, action }) => endpoint === 'leads.json' && action !== undefined)
    await until('the backfill of leads', () => writes().length >= 3, 30_000)
    const before = writes().length
    org.update('Lead', ids.crowd.at(-1)!, { Title: 'Edited' })
    await inStep({ deadlineMs: 60_000 })
    const all = writes()
    const edit = all.findIndex(isEdit)
    t.ok(edit - before <= 5, `${edit - before} calls came before the edit`)
    t.ok(all.length - edit > CROWD_CALLS / 2, `${all.length - edit} calls came after it`)
    t.equal(all[edit]?.recordCount, 1, 'it was no part of the backfill')
  },
)

/** More than are read by pages: a bulk job reads these as they are when it begins. */
const MANY = 10_001

story(
  'A lead that is made while the first backfill reads the leads, and whose event is lost, is found when it has read them',
  {
    org: (org) =>
      org.insert(
        'Lead',
        Array.from({ length: MANY }, (_, n) => ({ LastName: `L${n}`, Company: 'Crowd' })),
      ),
    before: (_marketo, { faults }) => faults.slow(3_000, { kind: 'bulk', skip: 1 }),
    atOnce: true,
  },
  async (_t, { org, salesforce, status, inStep, log }) => {
    await until('the bulk job', () => salesforce.calls.list.some(({ kind }) => kind === 'bulk'), 20_000)
    await until('the stream', async () => (await status()).stream.state === 'live')
    salesforce.faults.dropEventsAtSource(1)
    org.insert('Lead', { LastName: 'Unheard', Company: 'Crowd' })
    salesforce.faults.resetEvents()
    salesforce.faults.forgetClients()
    await until('the gap', () => log.some((line) => line.includes('reconciled with Salesforce')), 20_000)
    await inStep({ deadlineMs: 60_000 })
  },
)
