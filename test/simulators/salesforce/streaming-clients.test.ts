// The real clients against the simulator: jsforce's streaming, faye 1.4.3 by itself.

import faye from 'faye'
import { Connection } from 'jsforce'
import { StreamingExtension } from 'jsforce/lib/api/streaming.js'
import t, { type Test } from 'tap'
import { startSalesforce, type SalesforceOptions, type SalesforceSimulator } from './index.ts'
import { getToken } from './wire.ts'

const CHANNEL = '/event/Record_Change__e'

interface FayeClient {
  subscribe(channel: string, listener: (message: Delivered) => void): PromiseLike<unknown>
  addExtension(extension: { incoming(message: Meta, pass: (message: Meta) => void): void }): void
  setHeader(name: string, value: string): void
  disable(feature: string): void
  _dispatcher: { close(): void; _envelopes: Map<string, { timer: NodeJS.Timeout }> }
}
interface Delivered {
  payload: { Record_Ids__c: string }
  event: { replayId: number; EventUuid: string }
}
interface Meta {
  channel: string
  error?: string
  advice?: { reconnect?: string }
}

async function start(t: Test, options: SalesforceOptions = {}): Promise<SalesforceSimulator> {
  const sf = await startSalesforce({ longPollMs: 500, ...options })
  t.teardown(() => sf.close())
  return sf
}

async function connect(sf: SalesforceSimulator): Promise<Connection> {
  const { clientId, clientSecret } = sf
  const conn = new Connection({ version: '67.0', oauth2: { loginUrl: sf.url, clientId, clientSecret } })
  await conn.authorize({ grant_type: 'client_credentials' })
  return conn
}

/** A faye client, and every message it received. */
async function listen(t: Test, sf: SalesforceSimulator) {
  const Client = (faye as unknown as { Client: new (url: string) => FayeClient }).Client
  const client = new Client(`${sf.url}/cometd/67.0`)
  client.disable('websocket')
  client.setHeader('Authorization', `OAuth ${await getToken(sf)}`)
  const meta: Meta[] = []
  client.addExtension({
    incoming(message, pass) {
      meta.push(message)
      pass(message)
    },
  })
  t.teardown(() => leave(client))
  return { client, meta }
}

/** faye's timers of unanswered requests would keep the process alive for two minutes: they go by hand. */
function leave(client: FayeClient): void {
  const { _dispatcher: dispatcher } = client
  const { _envelopes: envelopes } = dispatcher
  dispatcher.close()
  for (const { timer } of envelopes.values()) clearTimeout(timer)
  envelopes.clear()
}

async function until(t: Test, what: string, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  if (!condition()) t.fail(`${what}: not within 3 s`)
}

t.test('jsforce subscribes with its Replay extension and gets what it missed', async (t) => {
  const sf = await start(t)
  const [a = '', b = ''] = sf.org.insert('Account', [{ Name: 'A' }, { Name: 'B' }])
  sf.org.update('Account', b, { Name: 'C' })
  const first = sf.events.published[0]!.replayId
  const conn = await connect(sf)
  const client = conn.streaming.createClient([
    new StreamingExtension.Replay(CHANNEL, first),
  ]) as unknown as FayeClient
  client.disable('websocket')
  t.teardown(() => leave(client))
  const got: Delivered[] = []
  await client.subscribe(CHANNEL, (message) => got.push(message))
  await until(t, 'the missed event', () => got.length === 1)
  t.equal(got[0]!.payload.Record_Ids__c, b)
  sf.org.update('Account', a, { Name: 'D' })
  await until(t, 'the next event', () => got.length === 2)
  t.equal(got[1]!.payload.Record_Ids__c, a)
})

t.test('faye goes through many polls and loses nothing', async (t) => {
  const sf = await start(t, { longPollMs: 40 })
  const { client } = await listen(t, sf)
  const got: Delivered[] = []
  await client.subscribe(CHANNEL, (message) => got.push(message))
  const id = sf.org.insert('Account', { Name: '0' })
  for (let i = 1; i < 30; i++) {
    sf.org.update('Account', id, { Name: String(i) })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await until(t, 'thirty events', () => got.length === 30)
  const ids = got.map((message) => message.event.replayId)
  t.strictSame(
    ids,
    sf.events.published.map((event) => event.replayId),
  )
})

t.test('faye shakes hands again after 403::Unknown client and subscribes anew', async (t) => {
  const sf = await start(t)
  const { client, meta } = await listen(t, sf)
  const got: Delivered[] = []
  await client.subscribe(CHANNEL, (message) => got.push(message))
  sf.faults.unknownClient()
  await until(t, 'a second handshake', () => meta.filter((m) => m.channel === '/meta/handshake').length === 2)
  await until(t, 'a second subscription', () => sf.events.subscribers(CHANNEL) === 1)
  sf.org.insert('Account', { Name: 'After' })
  await until(t, 'the event', () => got.length === 1)
})

t.test('a server-sent /meta/disconnect reaches extensions only: faye stays silent', async (t) => {
  const sf = await start(t, { longPollMs: 5_000 })
  const { client, meta } = await listen(t, sf)
  await client.subscribe(CHANNEL, () => t.fail('no event is due'))
  const connects = () => meta.filter((m) => m.channel === '/meta/connect').length
  await until(t, 'a held poll', () => connects() > 0 && sf.events.subscribers() === 1)
  sf.events.disconnectAll()
  await until(t, 'the disconnect', () => meta.some((m) => m.channel === '/meta/disconnect'))
  t.match(meta.at(-1), { channel: '/meta/connect', advice: { reconnect: 'none' } })
})

t.test('a refused replay id reaches the first subscription as an error', async (t) => {
  const sf = await start(t)
  const conn = await connect(sf)
  const replay = new StreamingExtension.Replay(CHANNEL, 5)
  const client = conn.streaming.createClient([replay]) as unknown as FayeClient
  client.disable('websocket')
  t.teardown(() => leave(client))
  const refusal = new Promise((_resolve, reject) => {
    client.subscribe(CHANNEL, () => {}).then(undefined, reject)
  })
  await t.rejects(refusal, { message: /The replayId \{5\} you provided was invalid/ })
})

t.test('AuthFailure of jsforce fires on a revoked token', async (t) => {
  const sf = await start(t, { longPollMs: 5_000 })
  const conn = await connect(sf)
  let failed = false
  const extension = new StreamingExtension.AuthFailure(() => (failed = true))
  const client = conn.streaming.createClient([extension]) as unknown as FayeClient
  client.disable('websocket')
  t.teardown(() => leave(client))
  await client.subscribe(CHANNEL, () => {})
  await until(t, 'a held poll', () => sf.events.subscribers() === 1)
  sf.faults.expireTokens()
  await until(t, 'the failure', () => failed)
  t.pass('AuthFailure was told')
})
