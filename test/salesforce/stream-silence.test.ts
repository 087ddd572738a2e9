// Whatever Salesforce does, and for however long: the stream makes progress, or says why not (design §5, rule 2).
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { TIMING, type StreamState } from '../../src/salesforce/stream.ts'
import { openScripted } from './fixtures/open-stream.ts'
import { event, good, refused, type Sent } from './fixtures/scripted-bayeux.ts'
import type { Reply } from './fixtures/scripted-server.ts'

/** A minute of production passes in 300 ms here. */
const FASTER = 200
const THREE_MINUTES_MS = 180_000 / FASTER
/** The machine does other things, too; a state that nothing ends lasts as long as the test. */
const SLACK_MS = 600
const WATCHED_MS = 4_000
const HISTORIES = 24

const quick = (ms: number): number => ms / FASTER
const backoff = ({ firstMs, capMs }: { firstMs: number; capMs: number }) => ({
  firstMs: quick(firstMs),
  capMs: quick(capMs),
})
const timing = {
  watchdogMs: quick(TIMING.watchdogMs),
  requestMs: quick(TIMING.requestMs),
  holdMs: quick(TIMING.holdMs),
  backoff: backoff(TIMING.backoff),
  serverBusy: backoff(TIMING.serverBusy),
  dailyLimitMs: quick(TIMING.dailyLimitMs),
  stoppedMs: quick(TIMING.stoppedMs),
  healthyMs: quick(TIMING.healthyMs),
  storedMs: quick(TIMING.storedMs),
}

const denied = (failureReason: string): object => ({ ext: { sfdc: { failureReason } } })

const ANSWERS: Record<string, (sent: Sent) => Reply> = {
  good: (sent) => ({ json: [good(sent)] }),
  'good, with an event': (sent) => ({ json: [event(7), good(sent)] }),
  'good, with advice to leave': (sent) => ({ json: [good(sent, { advice: { reconnect: 'none' } })] }),
  'good, with advice to wait an hour': (sent) => ({
    json: [good(sent, { advice: { reconnect: 'retry', interval: 3_600_000 } })],
  }),
  'without id': (sent) => ({ json: [{ channel: sent.channel, successful: true }] }),
  'to something else': () => ({ json: [{ channel: '/meta/unsubscribe', successful: true }] }),
  nothing: () => ({ json: [] }),
  silence: () => ({ fate: 'hang' }),
  'a dropped socket': () => ({ fate: 'drop' }),
  'half an answer': (sent) => ({ json: [good(sent)], fate: 'cut' }),
  'a web page': () => ({ text: '<html>Down for maintenance</html>' }),
  'a web page, 503': () => ({ status: 503, text: '<html>Down</html>' }),
  'a disconnect': () => ({ json: [{ channel: '/meta/disconnect' }] }),
  401: (sent) => refused(sent, '401::Authentication invalid'),
  'unknown client': (sent) => refused(sent, '403::Unknown client', { advice: { reconnect: 'handshake' } }),
  'a lost position': (sent) =>
    refused(sent, '400::The replayId {7} you provided was invalid. Please provide a valid ID.'),
  'too busy': (sent) =>
    refused(
      sent,
      '403::Handshake denied',
      denied('503::Server is too busy. Please try your request again later.'),
    ),
  'a used-up day': (sent) => refused(sent, '403::Organization total events daily limit exceeded'),
  'no permission': (sent) => refused(sent, '403:denied_by_security_policy:create_denied'),
}

const names = Object.keys(ANSWERS)
/** Mostly good, or a subscription would hardly ever stand. */
const behaviour = (good: number) =>
  fc.array(
    fc.oneof(
      { weight: good, arbitrary: fc.constant('good') },
      { weight: 1, arbitrary: fc.constantFrom(...names) },
    ),
    { minLength: 1, maxLength: 4 },
  )
/** How each kind of message is answered, again and again. */
const histories = fc.record({
  '/meta/handshake': behaviour(4),
  '/meta/subscribe': behaviour(4),
  '/meta/connect': behaviour(1),
})
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never

/** So long nothing happened, and nothing said why. */
async function longestSilence(t: Test, history: History): Promise<number> {
  const asked = new Map<string, number>()
  const { stream } = await openScripted(t, {
    cursor: '5',
    pollMs: quick(110_000),
    play(sent) {
      const n = asked.get(sent.channel) ?? 0
      asked.set(sent.channel, n + 1)
      const answers = history[sent.channel as keyof History] ?? ['good']
      const name = answers[n % answers.length] ?? 'good'
      // A good poll is held, as Salesforce holds it.
      return name === 'good' ? undefined : ANSWERS[name]?.(sent)
    },
    options: { timing },
  })
  const progress = (state: StreamState): string =>
    `${state.state} ${state.since.getTime()} ${state.lastMessageAt?.getTime()} ${state.received}`
  let longest = 0
  let quietSince = Date.now()
  let last = ''
  for (const end = Date.now() + WATCHED_MS; Date.now() < end; await sleep(10)) {
    const state = stream.state()
    const explained = state.state !== 'live' && state.reason !== undefined && state.advice !== undefined
    if (explained || progress(state) !== last) quietSince = Date.now()
    last = progress(state)
    longest = Math.max(longest, Date.now() - quietSince)
  }
  return longest
}

t.test('no state lasts longer than three minutes without progress or a visible reason', async (t) => {
  const seed = Number(process.env['STREAM_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`STREAM_SEED=${seed}`)
  const sample = fc.sample(histories, { seed, numRuns: HISTORIES })
  const silences = await Promise.all(sample.map((history) => longestSilence(t, history)))
  for (const [n, silence] of silences.entries())
    t.ok(silence <= THREE_MINUTES_MS + SLACK_MS, `${silence} ms: ${JSON.stringify(sample[n])}`)
})

t.test('a server that is too busy is left alone for minutes, and no state outlasts three', async (t) => {
  t.ok(TIMING.serverBusy.firstMs >= 2 * 60_000, 'back off minutes, same token')
  t.ok(TIMING.serverBusy.capMs < 3 * 60_000)
})
