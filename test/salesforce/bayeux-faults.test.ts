import * as fc from 'fast-check'
import t from 'tap'
import { adviceOf, faultOf, httpFault } from '../../src/salesforce/bayeux-faults.ts'

interface Case {
  name: string
  channel: string
  error?: string
  failureReason?: string
  reconnect?: string
  kind: string
  code: string
}

const cases: Case[] = [
  {
    name: 'token bad while connected',
    channel: '/meta/connect',
    error: '401::Authentication invalid',
    reconnect: 'none',
    kind: 'renew-token',
    code: 'stream_token_refused',
  },
  {
    name: 'token bad at the handshake',
    channel: '/meta/handshake',
    error: '403::Handshake denied',
    failureReason: '401::Authentication invalid',
    reconnect: 'none',
    kind: 'renew-token',
    code: 'stream_token_refused',
  },
  {
    name: 'no token at the handshake',
    channel: '/meta/handshake',
    error: '403::Handshake denied',
    failureReason: '401::Request requires authentication',
    reconnect: 'none',
    kind: 'renew-token',
    code: 'stream_token_refused',
  },
  {
    name: 'session lost',
    channel: '/meta/connect',
    error: '403::Unknown client',
    reconnect: 'handshake',
    kind: 'rebuild',
    code: 'stream_client_lost',
  },
  {
    name: 'session lost, without advice',
    channel: '/meta/connect',
    error: '403::Unknown client',
    kind: 'rebuild',
    code: 'stream_client_lost',
  },
  {
    name: 'session lost, on an old server',
    channel: '/meta/connect',
    error: '402::Unknown client',
    reconnect: 'none',
    kind: 'rebuild',
    code: 'stream_client_lost',
  },
  {
    name: 'a cookie missing',
    channel: '/meta/connect',
    error: '400::Client {x} has established a session, but no {BAYEUX_BROWSER} cookie present',
    kind: 'rebuild',
    code: 'stream_client_lost',
  },
  {
    name: 'too many clients at one server',
    channel: '/meta/handshake',
    error: '403::Handshake denied',
    failureReason: '403::To ensure fair use we limit the number of simultaneous connections per server',
    reconnect: 'none',
    kind: 'rebuild',
    code: 'stream_client_limit',
  },
  {
    name: 'too many clients of the org',
    channel: '/meta/handshake',
    error: '403::Handshake denied',
    failureReason: '403::Organization concurrent user limit exceeded',
    reconnect: 'none',
    kind: 'rebuild',
    code: 'stream_client_limit',
  },
  ...['/meta/handshake', '/meta/connect', '/meta/subscribe'].map((channel) => ({
    name: `server busy on ${channel}, told as 401`,
    channel,
    error: '401::Authentication invalid',
    failureReason: '503::Server is too busy. Please try your request again later.',
    reconnect: 'none',
    kind: 'server-busy',
    code: 'stream_server_busy',
  })),
  {
    name: 'server busy, told plainly',
    channel: '/meta/connect',
    error: '503::Server is too busy',
    kind: 'server-busy',
    code: 'stream_server_busy',
  },
  ...['/meta/connect', '/meta/subscribe'].map((channel) => ({
    name: `daily deliveries used up on ${channel}`,
    channel,
    error: '403::Organization total events daily limit exceeded',
    reconnect: 'none',
    kind: 'daily-limit',
    code: 'stream_daily_limit',
  })),
  {
    name: 'replay id expired',
    channel: '/meta/subscribe',
    error:
      '400::The replayId {77} you provided was invalid. Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.',
    kind: 'bad-replay',
    code: 'stream_replay_expired',
  },
  {
    name: 'replay id not understood',
    channel: '/meta/subscribe',
    error: "400::The replayId for channel {/event/X__e} wasn't found using the provided replay ID map {{}}",
    kind: 'bad-replay',
    code: 'stream_replay_expired',
  },
  {
    name: 'channel missing',
    channel: '/meta/subscribe',
    error: "400::The channel you requested to subscribe to doesn't exist {/event/X__e}",
    kind: 'config',
    code: 'stream_channel_missing',
  },
  {
    name: 'channel can not be created',
    channel: '/meta/subscribe',
    error: '403::Cannot create channel',
    kind: 'config',
    code: 'stream_channel_missing',
  },
  {
    name: 'no permission',
    channel: '/meta/subscribe',
    error: '403::Restricted channel',
    kind: 'config',
    code: 'stream_permission_missing',
  },
  {
    name: 'version too old',
    channel: '/meta/handshake',
    error: "400::Unsupported API version. Only '37.0' and above",
    reconnect: 'none',
    kind: 'config',
    code: 'stream_version_unsupported',
  },
  {
    name: 'handshake denied without a reason',
    channel: '/meta/handshake',
    error: '403::Handshake denied',
    reconnect: 'none',
    kind: 'rebuild',
    code: 'stream_refused',
  },
  {
    name: 'invalid connection type',
    channel: '/meta/connect',
    error: '400::Invalid connection type',
    kind: 'rebuild',
    code: 'stream_refused',
  },
  {
    name: 'something new',
    channel: '/meta/connect',
    error: '499::News',
    kind: 'rebuild',
    code: 'stream_refused',
  },
]

for (const { name, channel, error, failureReason, reconnect, kind, code } of cases)
  t.test(`${name} means ${kind}`, async (t) => {
    const fault = faultOf({
      channel,
      error,
      successful: false,
      ...(failureReason === undefined ? {} : { ext: { sfdc: { failureReason } } }),
      ...(reconnect === undefined ? {} : { advice: { reconnect, interval: 0 } }),
    })
    t.match(fault, { kind, code })
    t.match(fault?.reason, failureReason ?? error)
    t.ok((fault?.advice ?? '').length > 20)
  })

t.test('an unsolicited disconnect, and advice to leave on a good answer, mean rebuild', async (t) => {
  t.match(faultOf({ channel: '/meta/disconnect', clientId: 'x' }), {
    kind: 'rebuild',
    code: 'stream_disconnected',
  })
  t.match(faultOf({ channel: '/meta/connect', successful: true, advice: { reconnect: 'handshake' } }), {
    kind: 'rebuild',
  })
  t.match(faultOf({ channel: '/meta/connect', successful: true, advice: { reconnect: 'none' } }), {
    kind: 'rebuild',
  })
})

t.test('good answers and events are no faults, whatever an event holds', async (t) => {
  t.equal(
    faultOf({
      channel: '/meta/connect',
      successful: true,
      advice: { reconnect: 'retry', interval: 0, timeout: 110_000 },
    }),
    undefined,
  )
  t.equal(
    faultOf({ channel: '/event/X__e', successful: false, error: '401::x', advice: { reconnect: 'none' } }),
    undefined,
  )
})

t.test('an HTTP answer without messages means a new token or a new client', async (t) => {
  t.equal(httpFault(401, undefined).kind, 'renew-token')
  t.equal(httpFault(200, 'INVALID_SESSION_ID').kind, 'renew-token')
  t.equal(httpFault(503, undefined).kind, 'rebuild')
  t.match(httpFault(403, 'API_DISABLED_FOR_ORG').reason, /HTTP 403, API_DISABLED_FOR_ORG/)
})

t.test('advice that makes no sense is not followed', async (t) => {
  t.same(adviceOf({ reconnect: 7, interval: 'x' }), { intervalMs: 0 })
  t.same(adviceOf({ reconnect: 'retry', interval: -5 }), { reconnect: 'retry', intervalMs: 0 })
  t.same(adviceOf({ interval: 1e12 }), { intervalMs: 30_000 })
  t.same(adviceOf(null), { intervalMs: 0 })
})

t.test('any message is classified without a throw', async (t) => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('successful', 'error', 'ext', 'advice', 'clientId'), fc.jsonValue()),
      (rest) => {
        const fault = faultOf({ channel: '/meta/connect', ...rest })
        t.ok(fault === undefined || fault.reason !== '')
      },
    ),
    { numRuns: 200 },
  )
})
