import t from 'tap'
import { homeView } from '../../../src/console/pages/home-view.ts'
import type { Status } from '../../../src/console/status.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const NONE = { User: 0, Account: 0, Lead: 0, Contact: 0, Opportunity: 0, OpportunityContactRole: 0 }

const statusWith = (changes: Partial<Status>): Status => ({
  leader: true,
  stream: { state: 'live', cursor: null, lastEventAt: null, since: null, reason: null },
  queue: NONE,
  waiting: NONE,
  parked: { ...NONE, Event: 0 },
  marketo: {
    callsToday: 1_000,
    dailyLimit: 40_000,
    instanceCallsToday: 4_500,
    instanceDailyLimit: 50_000,
    pauses: [],
  },
  backfill: { state: 'done', done: 10, total: 10, etaSeconds: null },
  reconcile: { lastRunAt: null, nextRunAt: null },
  insights: { lastRefreshAt: null, lastSweepAt: null, persons: 0 },
  problems: [],
  ...changes,
})
const sample = (minutesAgo: number, sent: number, queued = 0) => ({
  at: new Date(NOW - minutesAgo * 60_000),
  sent,
  refused: 0,
  queued,
  waiting: 0,
  parked: 0,
})
const sentence = (changes: Partial<Status>): string =>
  homeView(statusWith(changes), [], true, NOW).sentence.text

t.test('one sentence tells whether Marketo is in step', (t) => {
  t.equal(sentence({}), 'Marketo is in step with Salesforce.')
  t.equal(
    sentence({ parked: { ...NONE, Lead: 1, Event: 0 } }),
    'Marketo is in step with Salesforce, and 1 record is refused.',
  )
  t.equal(
    sentence({ queue: { ...NONE, Lead: 1_200 }, waiting: { ...NONE, Contact: 1 } }),
    'Marketo is nearly in step: 1,200 records are on the way and 1 record is waiting for another record.',
  )
  t.match(sentence({ backfill: { state: 'running', done: 1, total: 9, etaSeconds: 1 } }), /not in step yet/)
  t.match(
    sentence({ stream: { state: 'backing-off', cursor: null, lastEventAt: null, since: null, reason: 'x' } }),
    /The stream is not live/,
  )
  const problem = {
    system: 'marketo',
    code: '607',
    reason: 'The quota is used up.',
    advice: 'Wait.',
    since: '',
  }
  t.equal(sentence({ problems: [problem] }), 'Marketo is not kept in step: The quota is used up.')
  const aside = { ...problem, system: 'mapping' }
  t.equal(sentence({ problems: [aside] }), 'Marketo is in step with Salesforce. One thing needs a person.')
  t.match(sentence({ problems: [aside, aside] }), /2 things need a person/)
  t.end()
})

t.test('the time to clear follows from what was sent lately', (t) => {
  const queue = { ...NONE, Lead: 6_000 }
  const samples = [sample(120, 9_999), sample(10, 500), sample(5, 500)]
  t.equal(
    homeView(statusWith({ queue }), samples, true, NOW).clear,
    'about one hour, at 100 records a minute.',
  )
  t.match(homeView(statusWith({ queue }), [], true, NOW).clear, /unknown until/)
  t.equal(homeView(statusWith({}), samples, true, NOW).clear, 'nothing waits to be sent.')
  t.end()
})

t.test('calls of others are told apart from ours', (t) => {
  const { marketo, hours, chart } = homeView(
    statusWith({}),
    [sample(90, 5), sample(70, 7, 3), sample(10, 1)],
    true,
    NOW,
  )
  t.match(marketo[1], /By others: 3,500 calls, so 4,500 of the instance's 50,000/)
  t.match(hours, [{ sent: 1 }, { sent: 12, backlog: 3 }])
  t.same(chart[1], [5, 7, 1])
  t.end()
})
