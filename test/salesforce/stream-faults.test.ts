// Every way in which Salesforce's streaming can fail: what the stream does about it, what it shows meanwhile, and that it comes back.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { TIMING } from '../../src/salesforce/stream.ts'
import { until } from '../fixtures/until.ts'
import { openScripted, type Opened } from './fixtures/open-stream.ts'
import { CHANNEL, event, good, refused, type BayeuxScript, type Sent } from './fixtures/scripted-bayeux.ts'
import type { Reply } from './fixtures/scripted-server.ts'

type Play = NonNullable<BayeuxScript['play']>

/** Plays the fault on the n-th message of a channel, the first if not said; everything else is good. */
function once(channel: string, reply: (sent: Sent) => Reply, n = 1): Play {
  let seen = 0
  return (sent) => {
    if (sent.channel === channel) seen += 1
    return sent.channel === channel && seen === n ? reply(sent) : undefined
  }
}

/** From the fault to a new subscription from the stored cursor that delivers. */
async function comesBack({ stream, memory, bayeux }: Opened): Promise<void> {
  await until('a second client', () => bayeux.of('/meta/handshake').length >= 2)
  await until('the event', () => memory.events.length >= 1)
  await until('live again', () => stream.state().state === 'live')
}

const denied = (failureReason: string): object => ({
  ext: { sfdc: { failureReason } },
  advice: { reconnect: 'none', interval: 0 },
})
const TOO_BUSY = '503::Server is too busy. Please try your request again later.'

/** Faults that a new client cures at once, each with what the stream says about it. */
const cured: [name: string, play: () => Play, code: string][] = [
  [
    '401 while connected',
    () =>
      once(
        '/meta/connect',
        (sent) =>
          refused(sent, '401::Authentication invalid', { advice: { reconnect: 'none', interval: 0 } }),
        2,
      ),
    'stream_token_refused',
  ],
  [
    '401 at the handshake',
    () =>
      once('/meta/handshake', (sent) =>
        refused(sent, '403::Handshake denied', denied('401::Authentication invalid')),
      ),
    'stream_token_refused',
  ],
  [
    'HTTP 401 with JSON that is no Bayeux',
    () =>
      once('/meta/connect', () => ({
        status: 401,
        json: [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired' }],
      })),
    'stream_token_refused',
  ],
  [
    'unknown client, advice handshake',
    () =>
      once('/meta/connect', (sent) =>
        refused(sent, '403::Unknown client', { advice: { reconnect: 'handshake', interval: 0 } }),
      ),
    'stream_client_lost',
  ],
  [
    'unknown client, advice none',
    () =>
      once('/meta/connect', (sent) =>
        refused(sent, '403::Unknown client', { advice: { reconnect: 'none', interval: 0 } }),
      ),
    'stream_client_lost',
  ],
  [
    'unknown client, advice retry',
    () =>
      once('/meta/connect', (sent) =>
        refused(sent, '403::Unknown client', { advice: { reconnect: 'retry', interval: 0 } }),
      ),
    'stream_client_lost',
  ],
  [
    'a missing cookie',
    () =>
      once('/meta/subscribe', (sent) =>
        refused(sent, '400::Client {x} has established a session, but no {BAYEUX_BROWSER} cookie present'),
      ),
    'stream_client_lost',
  ],
  [
    'an unsolicited disconnect, connect refused with it',
    () =>
      once(
        '/meta/connect',
        (sent) => ({
          json: [
            { channel: '/meta/disconnect', clientId: 'client-1' },
            {
              channel: sent.channel,
              id: sent.id,
              successful: false,
              error: '403::Unknown client',
              advice: { reconnect: 'none' },
            },
          ],
        }),
        2,
      ),
    'stream_disconnected',
  ],
  [
    'an unsolicited disconnect alone',
    () => once('/meta/connect', () => ({ json: [{ channel: '/meta/disconnect' }] })),
    'stream_disconnected',
  ],
  [
    'good answers that advise a handshake',
    () =>
      once('/meta/connect', (sent) => ({
        json: [good(sent, { advice: { reconnect: 'handshake', interval: 0 } })],
      })),
    'stream_client_lost',
  ],
  [
    'a handshake without client id',
    () =>
      once('/meta/handshake', (sent) => ({
        json: [{ channel: sent.channel, id: sent.id, successful: true }],
      })),
    'stream_refused',
  ],
  [
    'a refusal that nobody knows',
    () => once('/meta/subscribe', (sent) => refused(sent, '499::News')),
    'stream_refused',
  ],
  ['a dropped socket', () => once('/meta/connect', () => ({ fate: 'drop' })), 'stream_transport'],
  [
    'a dropped socket at the handshake',
    () => once('/meta/handshake', () => ({ fate: 'drop' })),
    'stream_transport',
  ],
  [
    'a body cut by the network',
    () =>
      once('/meta/connect', (sent) => ({ json: [good(sent), { padding: 'x'.repeat(500) }], fate: 'cut' })),
    'stream_transport',
  ],
  [
    'half an array',
    () => once('/meta/connect', (sent) => ({ text: JSON.stringify([good(sent), good(sent)]).slice(0, -9) })),
    'stream_transport',
  ],
  [
    'HTML with status 503',
    () => once('/meta/connect', () => ({ status: 503, text: '<html>Service Unavailable</html>' })),
    'stream_transport',
  ],
  [
    'HTML with status 200',
    () => once('/meta/connect', () => ({ text: '<html>Maintenance</html>' })),
    'stream_transport',
  ],
  ['an empty array', () => once('/meta/connect', () => ({ json: [] })), 'stream_transport'],
  ['an empty body', () => once('/meta/handshake', () => ({ text: '' })), 'stream_transport'],
  [
    'JSON that is no Bayeux',
    () => once('/meta/handshake', () => ({ json: { hello: 'world' } })),
    'stream_transport',
  ],
  ['scalars', () => once('/meta/connect', () => ({ json: [1, null, 'x', [2]] })), 'stream_transport'],
  [
    'an answer to something else',
    () => once('/meta/connect', (sent) => ({ json: [{ ...good(sent), channel: '/meta/unsubscribe' }] })),
    'stream_refused',
  ],
  [
    'a request that is too large',
    () => once('/meta/subscribe', () => ({ status: 413, text: 'Maximum Request Size Exceeded' })),
    'stream_transport',
  ],
  ['no answer to the handshake', () => once('/meta/handshake', () => ({ fate: 'hang' })), 'stream_silent'],
  ['no answer to the subscription', () => once('/meta/subscribe', () => ({ fate: 'hang' })), 'stream_silent'],
  [
    'no answer to a poll: the watchdog',
    () => once('/meta/connect', () => ({ fate: 'hang' }), 2),
    'stream_silent',
  ],
]

for (const [name, play, code] of cured)
  t.test(`back after ${name}`, async (t) => {
    const fault = play()
    let over = false
    const opened = await openScripted(t, {
      cursor: '40',
      pollMs: 60,
      async play(sent, asked) {
        const reply = await fault(sent, asked)
        if (reply !== undefined) {
          over = true
          return reply
        }
        // The event comes when the fault is over.
        return over && sent.channel === '/meta/connect' && opened.memory.events.length === 0
          ? { json: [event(41), good(sent)] }
          : undefined
      },
    })
    await comesBack(opened)
    const { memory, bayeux, logins, stream } = opened
    t.same(bayeux.of('/meta/subscribe').at(-1)?.ext?.replay, { [CHANNEL]: 40 })
    t.equal(memory.cursor, '41')
    t.same(memory.gaps, [])
    t.equal(logins(), code === 'stream_token_refused' ? 2 : 1)
    const shown = memory.states.find((state) => state.state === 'backing-off')
    t.match(shown, { code, reason: /\w/, advice: /\w/ })
    t.equal(stream.state().reason, undefined, 'the reason goes with the fault')
  })

for (const channel of ['/meta/handshake', '/meta/connect', '/meta/subscribe'])
  t.test(
    `a busy server that says 401 on ${channel} is left alone for long, with the same token`,
    async (t) => {
      const started = Date.now()
      const opened = await openScripted(t, {
        play: once(channel, (sent) => refused(sent, '401::Authentication invalid', denied(TOO_BUSY))),
      })
      await until('the reason', () => opened.stream.state().code === 'stream_server_busy')
      await until(
        'live',
        () => opened.bayeux.of('/meta/handshake').length === 2 && opened.stream.state().state === 'live',
      )
      t.ok(Date.now() - started >= 75, 'half of the busy backoff at least')
      t.equal(opened.logins(), 1)
    },
  )

t.test('too many clients of the org: backs off, without a new token', async (t) => {
  const opened = await openScripted(t, {
    play: once('/meta/handshake', (sent) =>
      refused(sent, '403::Handshake denied', denied('403::Organization concurrent user limit exceeded')),
    ),
  })
  await opened.stream.subscribed
  t.ok(opened.memory.states.some(({ code }) => code === 'stream_client_limit'))
  t.equal(opened.logins(), 1)
})

t.test(
  'after any one fault but a busy server and the daily limit the stream is back within a minute',
  async (t) => {
    const { backoff, stoppedMs, requestMs } = TIMING
    for (const wait of [backoff.capMs, stoppedMs])
      t.ok(requestMs + wait < 55_000, 'the rest is for the handshake')
  },
)

t.test('an expired position: subscribes to what comes, and tells of the gap once it stands', async (t) => {
  const { stream, memory, bayeux } = await openScripted(t, {
    cursor: '40',
    polls: [[event(90)]],
    play: (sent) =>
      sent.channel === '/meta/subscribe' && JSON.stringify(sent.ext).includes('40')
        ? refused(
            sent,
            '400::The replayId {40} you provided was invalid. Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.',
          )
        : undefined,
  })
  await until('the event', () => memory.events.length === 1)
  t.same(
    bayeux.of('/meta/subscribe').map(({ ext }) => ext?.replay),
    [{ [CHANNEL]: 40 }, { [CHANNEL]: -1 }],
  )
  t.equal(memory.gaps.length, 1)
  t.equal(memory.cursor, '90')
  t.equal(stream.state().state, 'live')
})

t.test(
  'the daily limit: stays down, visibly, and comes back from the cursor when there is room',
  async (t) => {
    let full = true
    const { stream, memory, bayeux, states } = await openScripted(t, {
      cursor: '40',
      play: (sent) =>
        full && sent.channel === '/meta/subscribe'
          ? refused(sent, '403::Organization total events daily limit exceeded', {
              advice: { reconnect: 'none', interval: 0 },
            })
          : undefined,
      polls: [[event(41)]],
    })
    await until('some attempts', () => bayeux.of('/meta/subscribe').length >= 3)
    t.same(states(), ['connecting', 'daily-limit'])
    t.match(stream.state(), { code: 'stream_daily_limit', advice: /Event Allocations/ })
    full = false
    await until('the event', () => memory.events.length === 1)
    t.same(states(), ['connecting', 'daily-limit', 'live'])
    t.same(memory.gaps, [])
  },
)

t.test('the daily limit in the middle of a connection', async (t) => {
  const { stream } = await openScripted(t, {
    play: once(
      '/meta/connect',
      (sent) =>
        refused(sent, '403::Organization total events daily limit exceeded', {
          advice: { reconnect: 'none' },
        }),
      2,
    ),
  })
  await until('the state', () => stream.state().state === 'daily-limit')
})

for (const [error, code] of [
  [
    "400::The channel you requested to subscribe to doesn't exist {/event/Record_Change__e}",
    'stream_channel_missing',
  ],
  ['403::Restricted channel', 'stream_permission_missing'],
] as const)
  t.test(`${error}: stopped with the cure, and tried again by itself`, async (t) => {
    let broken = true
    const { stream, states } = await openScripted(t, {
      play: (sent) => (broken && sent.channel === '/meta/subscribe' ? refused(sent, error) : undefined),
    })
    await until('the state', () => stream.state().state === 'stopped')
    t.match(stream.state(), { code, advice: /Setup >/ })
    broken = false
    await stream.subscribed
    t.same(states(), ['connecting', 'stopped', 'live'])
  })

t.test('a login that is refused stops the stream visibly, until it is accepted again', async (t) => {
  let refuse = true
  const { stream } = await openScripted(t, {
    play: once('/meta/handshake', (sent) =>
      refused(sent, '403::Handshake denied', denied('401::Authentication invalid')),
    ),
    login: () =>
      refuse
        ? { status: 400, json: { error: 'inactive_user', error_description: 'user is inactive' } }
        : undefined,
  })
  await until('the state', () => stream.state().state === 'stopped')
  t.match(stream.state(), { code: 'salesforce_login_refused', advice: /Setup > Users/ })
  refuse = false
  await stream.subscribed
})

t.test('a token that stays refused does not become a storm of logins and handshakes', async (t) => {
  const { bayeux, logins } = await openScripted(t, {
    play: (sent) =>
      sent.channel === '/meta/handshake'
        ? refused(sent, '403::Handshake denied', denied('401::Authentication invalid'))
        : undefined,
    options: { timing: { backoff: { firstMs: 100, capMs: 100 } } },
  })
  await new Promise((resolve) => setTimeout(resolve, 600))
  t.ok(bayeux.of('/meta/handshake').length <= 15, `${bayeux.of('/meta/handshake').length} handshakes`)
  t.ok(logins() <= 16)
})

for (const [name, reply] of [
  [
    'refused with advice to handshake at once',
    (sent: Sent) => refused(sent, '400::No', { advice: { reconnect: 'handshake', interval: 0 } }),
  ],
  [
    'refused with absurd advice',
    (sent: Sent) => refused(sent, '400::No', { advice: { reconnect: 'retry', interval: -1, timeout: 'x' } }),
  ],
] as const)
  t.test(`no storm when every handshake is ${name}`, async (t) => {
    const { bayeux } = await openScripted(t, {
      play: (sent) => (sent.channel === '/meta/handshake' ? reply(sent) : undefined),
      options: { timing: { backoff: { firstMs: 100, capMs: 200 } } },
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    t.ok(bayeux.sent.length <= 10, `${bayeux.sent.length} messages`)
  })

t.test('no storm when every poll is answered at once', async (t) => {
  const { bayeux, stream } = await openScripted(t, { pollMs: 0, options: { timing: { pollSpacingMs: 50 } } })
  await stream.subscribed
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.ok(bayeux.of('/meta/connect').length <= 10)
  t.equal(stream.state().state, 'live')
})

t.test('advice to wait between polls is followed', async (t) => {
  const { bayeux, stream } = await openScripted(t, {
    play: (sent) =>
      sent.channel === '/meta/connect'
        ? { json: [good(sent, { advice: { reconnect: 'retry', interval: 150 } })] }
        : undefined,
  })
  await stream.subscribed
  await new Promise((resolve) => setTimeout(resolve, 350))
  const polls = bayeux.of('/meta/connect').length
  t.ok(polls >= 2 && polls <= 4, `${polls} polls`)
})

t.test('a reply without its id does not stop the polling', async (t) => {
  const { bayeux } = await openScripted(t, {
    play: (sent) =>
      sent.channel === '/meta/connect' ? { json: [{ channel: sent.channel, successful: true }] } : undefined,
  })
  await until('polls', () => bayeux.of('/meta/connect').length >= 3)
  t.equal(bayeux.of('/meta/handshake').length, 1)
})

t.test('events before a broken end are kept, and the rest comes again', async (t) => {
  const { memory, bayeux } = await openScripted(t, {
    cursor: '0',
    play: once('/meta/connect', () => ({
      text: `[${JSON.stringify(event(1))},${JSON.stringify(event(2))},${JSON.stringify(event(3)).slice(0, 40)}`,
    })),
    polls: [[event(3)]],
  })
  await until('three events', () => memory.events.length === 3)
  t.same(
    memory.events.map(({ replayId }) => replayId),
    [1, 2, 3],
  )
  t.same(bayeux.of('/meta/subscribe')[1]?.ext?.replay, { [CHANNEL]: 2 })
})

const GIVEN_UP = 6

t.test('a client that was given up delivers nothing any more', async (t) => {
  let hanging: ((reply: Reply) => void) | undefined
  const { memory, stream, bayeux } = await openScripted(t, {
    pollMs: 30,
    play(sent) {
      if (sent.channel !== '/meta/connect' || hanging) return undefined
      return new Promise<Reply>((resolve) => (hanging = resolve))
    },
  })
  await until('a second client', () => bayeux.of('/meta/handshake').length === 2)
  await until('live', () => stream.state().state === 'live')
  hanging?.({ json: [event(666), { channel: '/meta/connect', id: '3', successful: true }] })
  await new Promise((resolve) => setTimeout(resolve, 60))
  t.same(memory.events, [])
  t.equal(stream.state().state, 'live')
})

t.test('clients that were given up one after the other leave no socket', async (t) => {
  let given = 0
  const { stream, sockets } = await openScripted(t, {
    pollMs: 30,
    play(sent) {
      if (sent.channel !== '/meta/connect' || ++given > GIVEN_UP) return undefined
      return { fate: 'hang' }
    },
  })
  await until('the last of them to be given up', () => given > GIVEN_UP && stream.state().state === 'live')
  // The poll, and one that is kept for calls beside it.
  await until('no socket of theirs to be left', async () => (await sockets()) <= 2)
})

t.test('an org that is not there at all is tried again and again', async (t) => {
  // A port that nobody listens on.
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))

  let instanceUrl = `http://127.0.0.1:${port}`
  const opened = await openScripted(t, {
    salesforce: (real) => ({
      ...real,
      get instanceUrl() {
        return instanceUrl
      },
    }),
  })
  await until('the reason', () => opened.stream.state().code === 'stream_transport')
  t.match(opened.stream.state().reason, /ECONNREFUSED/)
  instanceUrl = opened.url
  await opened.stream.subscribed
})
