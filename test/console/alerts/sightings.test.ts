import t from 'tap'
import { lookFor, type Facts } from '../../../src/console/alerts/sightings.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const HOUR = 3_600_000

const CALM: Facts = {
  problems: [],
  stream: { state: 'live', cursor: null, lastEventAt: null, since: null, reason: null },
  pauses: [],
  parked: { Lead: 40 },
  parkedBefore: 40,
  webhook: { at: NOW - 60_000, usualPauseMs: 900_000 },
  watchedSince: NOW - 100 * HOUR,
  isTold: () => false,
  now: NOW,
}
const problem = (system: string, code: string) => ({ system, code, reason: 'Why.', advice: 'Do.', since: '' })
const pause = (code: string) => ({ code, reason: 'Used up.', until: '2026-11-24T06:00:00.000Z' })
const keys = (facts: Partial<Facts>): string[] => lookFor({ ...CALM, ...facts }).map(({ key }) => key)

t.test('nothing is told of an installation that works', async (t) => {
  t.strictSame(keys({}), [])
  t.strictSame(keys({ webhook: undefined }), [], 'nor before Apex has ever called')
})

t.test(
  'refused records are told when ten more, and a tenth more, are there than at the best time of a day',
  async (t) => {
    t.strictSame(keys({ parked: { Lead: 45, Event: 4 } }), [])
    t.match(lookFor({ ...CALM, parked: { Lead: 45, Event: 5 } }), [
      {
        key: 'parked:grows',
        reason: /^10 more records .* 50 now \(Lead 45, Event 5\)/,
        page: '/parked',
        afterMs: 0,
      },
    ])
    t.strictSame(keys({ parked: { Lead: 549 }, parkedBefore: 500 }), [])
    t.strictSame(keys({ parked: { Lead: 550 }, parkedBefore: 500 }), ['parked:grows'])
  },
)

t.test('the stream is told in any state but live, once it has lasted for ten minutes', async (t) => {
  for (const state of ['connecting', 'backing-off', 'daily-limit', 'stopped', 'standby'] as const)
    t.match(
      lookFor({
        ...CALM,
        stream: { ...CALM.stream, state, reason: 'It is down.' },
        problems: [problem('stream', 'x')],
      }),
      [{ key: 'stream:down', code: state, reason: /It is down\.$/, advice: 'Do.', afterMs: 600_000 }],
      state,
    )
})

t.test('an installation that is not set up is told as that, not as a stream that is down', async (t) => {
  const stream = { ...CALM.stream, state: 'stopped' as const }
  t.strictSame(keys({ stream, problems: [problem('marketo', 'not-configured')] }), ['marketo:not-configured'])
})

t.test('a day that is used up is told at once, and once; 80 % of it is not', async (t) => {
  t.strictSame(keys({ pauses: [pause('background-ceiling'), pause('606')] }), [])
  for (const code of ['607', 'daily-ceiling'])
    t.match(
      lookFor({ ...CALM, pauses: [pause(code)], problems: [problem('marketo', code)] }),
      [{ key: `marketo:${code}`, reason: 'Why.', afterMs: 0 }],
      code,
    )
  t.strictSame(lookFor({ ...CALM, pauses: [pause('607')] }).length, 1)
})

t.test('a stopped mass removal is told at once, each object for itself', async (t) => {
  const problems = ['Lead', 'Contact'].map((object) => problem('removals', `mass-removal:${object}`))
  t.match(lookFor({ ...CALM, problems }), [
    { key: 'removals:mass-removal:Lead', page: '/parked', afterMs: 0 },
    { key: 'removals:mass-removal:Contact', afterMs: 0 },
  ])
})

t.test('any other problem is told when it has lasted, fields missing in Marketo as one', async (t) => {
  const missing = ['a', 'b', 'c'].map((field) => problem('mapping', `missing:Lead.${field}`))
  t.match(lookFor({ ...CALM, problems: [problem('salesforce', 'salesforce_login_refused'), ...missing] }), [
    { key: 'salesforce:salesforce_login_refused', page: '/setup', afterMs: 600_000 },
    { key: 'mapping:missing', reason: 'Why. (And 2 more of the kind.)', page: '/settings', afterMs: 600_000 },
  ])
  t.strictSame(keys({ problems: [problem('alerts', 'not-delivered')] }), [], 'that alerts fail is no alert')
})

t.test(
  'Apex is told when it has not called for an hour, or for two pauses of a slower schedule',
  async (t) => {
    const called = (ago: number, usualPauseMs = 900_000) => ({ at: NOW - ago, usualPauseMs })
    t.strictSame(keys({ webhook: called(HOUR) }), [])
    t.match(lookFor({ ...CALM, webhook: called(HOUR + 1) }), [
      { key: 'webhook:silent', reason: /since 2026-11-23T10:59:59\.999Z/, afterMs: 0 },
    ])
    t.strictSame(keys({ webhook: called(47 * HOUR, 24 * HOUR) }), [], 'a daily schedule')
    t.strictSame(keys({ webhook: called(49 * HOUR, 24 * HOUR) }), ['webhook:silent'])
  },
)

t.test('calls that nobody could answer are not missed, but what was told is not over by that', async (t) => {
  const facts = { webhook: { at: NOW - 5 * HOUR, usualPauseMs: 0 }, watchedSince: NOW - 60_000 }
  t.strictSame(keys(facts), [])
  t.strictSame(keys({ ...facts, isTold: () => true }), ['webhook:silent'])
})
