import t, { type Test } from 'tap'
import { startSalesforce, type SalesforceOptions } from './index.ts'
import { createWire, getToken, replayIds } from './wire.ts'

const CHANNEL = '/event/Record_Change__e'

async function start(t: Test, options: SalesforceOptions = {}) {
  const sf = await startSalesforce({ longPollMs: 300, ...options })
  t.teardown(() => sf.close())
  const wire = await createWire(sf)
  return { sf, wire }
}

/** A client that has shaken hands, connected once and subscribed. */
async function listen(t: Test, options: SalesforceOptions = {}, replay?: unknown) {
  const { sf, wire } = await start(t, options)
  await wire.handshake()
  await wire.connect()
  const subscribed = await wire.subscribe(CHANNEL, replay)
  t.equal(subscribed['successful'], true)
  return { sf, wire }
}

t.test('a handshake answers with replay support and a cookie for /cometd/', async (t) => {
  const { sf, wire } = await start(t)
  const token = await getToken(sf)
  const { headers, json } = await wire.raw(
    JSON.stringify([
      { channel: '/meta/handshake', id: '1', version: '1.0', supportedConnectionTypes: ['long-polling'] },
    ]),
    { Authorization: `Bearer ${token}` },
  )
  const [reply] = json as Array<Record<string, unknown>>
  t.match(reply, {
    channel: '/meta/handshake',
    id: '1',
    version: '1.0',
    minimumVersion: '1.0',
    successful: true,
    supportedConnectionTypes: ['long-polling'],
    ext: { replay: true, 'payload.format': true },
    clientId: /^\w{20,}$/,
  })
  t.match(headers.get('set-cookie'), /^BAYEUX_BROWSER=\w+; Path=\/cometd\/; HttpOnly$/)
})

t.test('a handshake without a session is denied, and says why in failureReason', async (t) => {
  const { wire } = await start(t)
  const message = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }
  const [bad] = await wire.post(message, { Authorization: 'OAuth nonsense' })
  t.match(bad, {
    successful: false,
    error: '403::Handshake denied',
    ext: { sfdc: { failureReason: '401::Authentication invalid' } },
    advice: { reconnect: 'none', interval: 0 },
  })
  const [none] = await wire.post(message, { Authorization: '' })
  t.match(none, { ext: { sfdc: { failureReason: '401::Request requires authentication' } } })
})

t.test('only long polling is spoken', async (t) => {
  const { wire } = await start(t)
  const [denied] = await wire.post({
    channel: '/meta/handshake',
    version: '1.0',
    supportedConnectionTypes: ['websocket'],
  })
  t.equal(denied!['error'], '400::Invalid connection type')
  await wire.handshake()
  const [reply] = await wire.post({
    channel: '/meta/connect',
    clientId: wire.clientId,
    connectionType: 'callback-polling',
  })
  t.equal(reply!['error'], '400::Invalid connection type')
})

t.test('versions before 37.0 are refused', async (t) => {
  const { sf } = await start(t)
  const wire = await createWire(sf, '36.0')
  t.match(await wire.handshake(), {
    successful: false,
    error: "400::Unsupported API version. Only '37.0' and above",
  })
})

t.test('the first connect returns at once with advice, the next is held', async (t) => {
  const { wire } = await start(t, { longPollMs: 150 })
  await wire.handshake()
  const [first] = await wire.connect()
  t.match(first, { successful: true, advice: { reconnect: 'retry', interval: 0, timeout: 150 } })
  const before = performance.now()
  const [second] = await wire.connect()
  t.ok(performance.now() - before > 100, 'held until the poll time is over')
  t.match(second, { channel: '/meta/connect', successful: true, clientId: wire.clientId })
})

t.test('an event ends the poll and comes before the reply', async (t) => {
  const { sf, wire } = await listen(t, { longPollMs: 5_000 })
  const polling = wire.connect()
  const id = sf.org.insert('Account', { Name: 'Acme' })
  const [event, reply] = await polling
  t.match(event, {
    channel: CHANNEL,
    data: {
      schema: String,
      payload: {
        CreatedDate: /^\d{4}-.*Z$/,
        CreatedById: /^005\w{12}$/,
        Object_Type__c: 'Account',
        Change_Type__c: 'CREATE',
        Record_Ids__c: id,
        Replaced_By_Ids__c: null,
      },
      event: { EventUuid: /^[0-9a-f-]{36}$/, replayId: Number },
    },
  })
  t.match(reply, { channel: '/meta/connect', successful: true })
  sf.options.longPollMs = 30
  t.strictSame(replayIds(await wire.connect()), [], 'delivered once')
})

t.test('EventUuid is there from version 52.0', async (t) => {
  const { sf } = await start(t)
  const wire = await createWire(sf, '51.0')
  await wire.handshake()
  await wire.subscribe(CHANNEL)
  sf.org.insert('Account', { Name: 'Acme' })
  const [event] = await wire.connect()
  const header = (event!['data'] as { event: object }).event
  t.strictSame(Object.keys(header), ['replayId'])
})

t.test('replay: -1 is what is new, -2 all that is retained, N what came after N', async (t) => {
  const { sf } = await start(t)
  for (const name of ['A', 'B', 'C']) sf.org.insert('Account', { Name: name })
  const ids = sf.events.published.map((event) => event.replayId)
  t.ok(ids[2]! - ids[0]! > 2, 'replay ids are not contiguous')
  const seen = async (replay: unknown) => {
    const wire = await createWire(sf)
    await wire.handshake()
    await wire.subscribe(CHANNEL, replay)
    return replayIds(await wire.connect())
  }
  t.strictSame(await seen({ [CHANNEL]: -2 }), ids)
  t.strictSame(await seen({ [CHANNEL]: ids[0] }), ids.slice(1))
  t.strictSame(await seen({ [CHANNEL]: -1 }), [])
  t.strictSame(await seen(undefined), [])
})

t.test('a replay id that is not retained is refused by name', async (t) => {
  const { sf, wire } = await start(t)
  sf.org.insert('Account', { Name: 'Acme' })
  await wire.handshake()
  t.match(await wire.subscribe(CHANNEL, { [CHANNEL]: 7 }), {
    successful: false,
    subscription: CHANNEL,
    error:
      '400::The replayId {7} you provided was invalid. Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.',
  })
})

t.test('a replay map with null, text or another channel is refused', async (t) => {
  const { sf, wire } = await start(t)
  sf.org.insert('Account', { Name: 'Acme' })
  await wire.handshake()
  const id = sf.events.published[0]!.replayId
  for (const map of [{ [CHANNEL]: null }, { '/event/Other__e': id }, { [CHANNEL]: String(id) }]) {
    t.match(await wire.subscribe(CHANNEL, map), {
      successful: false,
      error:
        /^400::The replayId for channel \{\/event\/Record_Change__e\} wasn't found using the provided replay ID map/,
    })
  }
})

t.test('events leave after 72 hours, and their replay ids with them', async (t) => {
  let time = Date.parse('2026-11-20T10:00:00Z')
  const { sf, wire } = await start(t, { now: () => time })
  sf.org.insert('Account', { Name: 'Old' })
  const old = sf.events.published[0]!.replayId
  time += 72 * 3_600_000 + 1_000
  sf.org.insert('Account', { Name: 'New' })
  const wire2 = await createWire(sf)
  await wire2.handshake()
  t.match(await wire2.subscribe(CHANNEL, { [CHANNEL]: old }), { error: /^400::The replayId/ })
  await wire2.subscribe(CHANNEL, { [CHANNEL]: -2 })
  t.equal(replayIds(await wire2.connect()).length, 1)
  t.equal(wire.clientId, '')
})

t.test('unknown, misspelt, wild and forbidden channels each have their error', async (t) => {
  const { sf, wire } = await start(t)
  await wire.handshake()
  const error = async (channel: string) => (await wire.subscribe(channel))['error']
  t.equal(
    await error('/event/record_change__e'),
    "400::The channel you requested to subscribe to doesn't exist {/event/record_change__e}",
  )
  t.equal(await error('/event/*'), '403::Cannot create channel')
  const restricted = sf.faults.restrictChannel()
  t.equal(await error(CHANNEL), '403::Restricted channel')
  restricted.remove()
  t.equal(await error(CHANNEL), undefined)
})

t.test('a client that is not known is told to shake hands', async (t) => {
  const { wire } = await start(t)
  wire.clientId = 'nobody'
  t.match(await wire.connect(), [
    { successful: false, error: '403::Unknown client', advice: { reconnect: 'handshake', interval: 0 } },
  ])
})

t.test('a client without its cookie is refused', async (t) => {
  const { wire } = await start(t)
  await wire.handshake()
  wire.cookie = ''
  const [reply] = await wire.connect()
  t.match(reply!['error'], /^400::Client \{\w+\} has established a session, but no \{BAYEUX_BROWSER\} cookie/)
})

t.test('two polling clients in one cookie jar: the second is not known', async (t) => {
  const { sf, wire } = await listen(t, { longPollMs: 2_000 })
  const polling = wire.connect()
  await until(t, () => sf.calls.list.filter((call) => call.detail === '/meta/connect').length === 2)
  const second = await createWire(sf)
  second.cookie = wire.cookie
  await second.handshake()
  t.match(await second.connect(), [{ error: '403::Unknown client' }])
  sf.org.insert('Account', { Name: 'Acme' })
  t.equal(replayIds(await polling).length, 1, 'the first goes on')
})

t.test('a client that does not connect in time is forgotten', async (t) => {
  const { sf, wire } = await listen(t, { clientTimeoutMs: 50 })
  await until(t, () => sf.events.subscribers() === 0)
  t.match(await wire.connect(), [{ error: '403::Unknown client' }])
})

t.test('an unsolicited disconnect comes before the failed connect', async (t) => {
  const { sf, wire } = await listen(t, { longPollMs: 5_000 })
  const polling = wire.connect()
  await until(t, () => sf.calls.list.filter((call) => call.detail === '/meta/connect').length === 2)
  sf.events.disconnectAll()
  t.match(await polling, [
    { channel: '/meta/disconnect' },
    {
      channel: '/meta/connect',
      successful: false,
      error: '403::Unknown client',
      advice: { reconnect: 'none' },
    },
  ])
  t.equal(sf.events.clients(), 0)
})

t.test('a revoked token ends a held poll with 401', async (t) => {
  const { sf, wire } = await listen(t, { longPollMs: 5_000 })
  const polling = wire.connect()
  await until(t, () => sf.calls.list.filter((call) => call.detail === '/meta/connect').length === 2)
  sf.faults.expireTokens()
  t.match(await polling, [
    { error: '401::Authentication invalid', advice: { reconnect: 'none', interval: 0 }, successful: false },
  ])
})

t.test('the daily limit ends delivery; the events wait and are delivered later', async (t) => {
  const { sf, wire } = await listen(t, { longPollMs: 5_000, dailyDeliveredEvents: 2 })
  for (const name of ['A', 'B', 'C']) sf.org.insert('Account', { Name: name })
  const ids = sf.events.published.map((event) => event.replayId)
  t.strictSame(replayIds(await wire.connect()), ids.slice(0, 2))
  t.match(await wire.connect(), [{ error: '403::Organization total events daily limit exceeded' }])
  await wire.handshake()
  t.match(await wire.subscribe(CHANNEL, { [CHANNEL]: ids[1] }), {
    error: '403::Organization total events daily limit exceeded',
  })
  sf.options.dailyDeliveredEvents = 100
  await wire.subscribe(CHANNEL, { [CHANNEL]: ids[1] })
  t.strictSame(replayIds(await wire.connect()), ids.slice(2))
})

t.test('server busy reads 401 and means 503', async (t) => {
  const { sf, wire } = await listen(t)
  sf.faults.serverBusy()
  t.match(await wire.connect(), [
    {
      error: '401::Authentication invalid',
      ext: { sfdc: { failureReason: /^503::Server is too busy/ } },
      advice: { reconnect: 'none' },
    },
  ])
})

t.test('the cap on clients denies the handshake', async (t) => {
  const { sf, wire } = await start(t, { mostClients: 1 })
  await wire.handshake()
  const second = await createWire(sf)
  t.match(await second.handshake(), {
    error: '403::Handshake denied',
    ext: { sfdc: { failureReason: '403::Organization concurrent user limit exceeded' } },
  })
})

t.test('requests over 32,768 bytes and of other types are refused', async (t) => {
  const { wire } = await start(t)
  const large = await wire.raw(JSON.stringify([{ channel: '/meta/handshake', padding: 'x'.repeat(32_768) }]))
  t.match(large, { status: 413, text: 'Maximum Request Size Exceeded' })
  t.equal((await wire.raw('[]', { 'Content-Type': 'text/plain' })).status, 400)
  t.equal((await wire.raw('no json')).status, 400)
})

t.test('a dropped poll takes no events along', async (t) => {
  const { sf, wire } = await listen(t, { longPollMs: 5_000 })
  const abort = new AbortController()
  const token = await getToken(sf)
  const poll = fetch(`${sf.url}/cometd/67.0`, {
    method: 'POST',
    signal: abort.signal,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Cookie: wire.cookie },
    body: JSON.stringify({
      channel: '/meta/connect',
      clientId: wire.clientId,
      connectionType: 'long-polling',
    }),
  }).catch(() => 'aborted')
  await until(t, () => sf.calls.list.filter((call) => call.detail === '/meta/connect').length === 2)
  abort.abort()
  t.equal(await poll, 'aborted')
  await until(t, () => sf.calls.list.at(-1)?.status !== undefined)
  sf.org.insert('Account', { Name: 'Acme' })
  t.equal(replayIds(await wire.connect()).length, 1)
})

t.test('duplicates have the same EventUuid and another replay id; lost events never come', async (t) => {
  const { sf, wire } = await listen(t)
  sf.faults.dropEventsAtSource(1)
  sf.org.insert('Account', { Name: 'Lost' })
  sf.faults.duplicateEvents(1)
  sf.org.insert('Account', { Name: 'Twice' })
  const messages = await wire.connect()
  const events = messages
    .slice(0, -1)
    .map((message) => (message['data'] as { event: Record<string, unknown> }).event)
  t.equal(events.length, 2)
  t.equal(events[0]!['EventUuid'], events[1]!['EventUuid'])
  t.not(events[0]!['replayId'], events[1]!['replayId'])
})

t.test('after a reset old replay ids mean nothing', async (t) => {
  const { sf, wire } = await start(t)
  sf.org.insert('Account', { Name: 'Before' })
  const before = sf.events.published[0]!.replayId
  sf.events.reset()
  await wire.handshake()
  t.match(await wire.subscribe(CHANNEL, { [CHANNEL]: before }), { error: /^400::The replayId/ })
  sf.org.insert('Account', { Name: 'After' })
  t.ok(sf.events.published[1]!.replayId < before)
})

t.test('raw payloads and whole envelopes are delivered as they are', async (t) => {
  const { sf, wire } = await listen(t)
  sf.events.publishRaw({ Object_Type__c: 'Lead', Change_Type__c: 'DELETE', Record_Ids__c: 'forged' })
  sf.events.publishRaw('not an object')
  sf.events.publishRaw(null, { data: { surprise: true } })
  const [forged, text, foreign] = await wire.connect()
  t.match(forged, { data: { payload: { Change_Type__c: 'DELETE', Record_Ids__c: 'forged' } } })
  t.match(text, { data: { payload: 'not an object', event: { replayId: Number } } })
  t.strictSame(foreign!['data'], { surprise: true })
})

t.test('publishing over CometD is refused, leaving works', async (t) => {
  const { sf, wire } = await listen(t)
  const [refused] = await wire.post({ channel: CHANNEL, clientId: wire.clientId, data: {} })
  t.equal(refused!['successful'], false)
  const [gone] = await wire.post({ channel: '/meta/disconnect', clientId: wire.clientId })
  t.equal(gone!['successful'], true)
  t.equal(sf.events.clients(), 0)
})

async function until(t: Test, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  if (!condition()) t.fail('the condition did not come true within 2 s')
}
