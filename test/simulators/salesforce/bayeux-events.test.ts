import t from 'tap'
import { CHANNEL, listen, startStream, until } from './fixtures.ts'
import { createWire, getToken, replayIds } from './wire.ts'

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
  const { sf } = await startStream(t)
  const wire = await createWire(sf, '51.0')
  await wire.handshake()
  await wire.subscribe(CHANNEL)
  sf.org.insert('Account', { Name: 'Acme' })
  const [event] = await wire.connect()
  const header = (event!['data'] as { event: object }).event
  t.strictSame(Object.keys(header), ['replayId'])
})

t.test('replay: -1 is what is new, -2 all that is retained, N what came after N', async (t) => {
  const { sf } = await startStream(t)
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
  t.strictSame(sf.events.joinedAfter, [])
  t.strictSame(await seen({ [CHANNEL]: -1 }), [])
  t.strictSame(await seen(undefined), [])
  t.strictSame(sf.events.joinedAfter, [3, 3], 'it is known from which event on they listened')
})

t.test('a replay id that is not retained is refused by name', async (t) => {
  const { sf, wire } = await startStream(t)
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
  const { sf, wire } = await startStream(t)
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
  const { sf, wire } = await startStream(t, { now: () => time })
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
  const { sf, wire } = await startStream(t)
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
  const { sf, wire } = await startStream(t)
  sf.org.insert('Account', { Name: 'Before' })
  const before = sf.events.published[0]!.replayId
  sf.events.reset()
  await wire.handshake()
  t.match(await wire.subscribe(CHANNEL, { [CHANNEL]: before }), { error: /^400::The replayId/ })
  sf.org.insert('Account', { Name: 'After' })
  t.ok(sf.events.published[1]!.replayId < before)

  sf.events.reset()
  for (let n = 0; n < 30; n++) sf.org.insert('Account', { Name: `Later ${n}` })
  const ids = sf.events.published.map(({ replayId }) => replayId)
  t.equal(new Set(ids).size, ids.length, 'no position is one of a former stream')
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
