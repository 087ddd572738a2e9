import t from 'tap'
import { CHANNEL, listen, startStream, until } from './fixtures.ts'
import { createWire, getToken, replayIds } from './wire.ts'

t.test('a handshake answers with replay support and a cookie for /cometd/', async (t) => {
  const { sf, wire } = await startStream(t)
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
  const { wire } = await startStream(t)
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
  const { wire } = await startStream(t)
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
  const { sf } = await startStream(t)
  const wire = await createWire(sf, '36.0')
  t.match(await wire.handshake(), {
    successful: false,
    error: "400::Unsupported API version. Only '37.0' and above",
  })
})

t.test('the first connect returns at once with advice, the next is held', async (t) => {
  const { wire } = await startStream(t, { longPollMs: 150 })
  await wire.handshake()
  const [first] = await wire.connect()
  t.match(first, { successful: true, advice: { reconnect: 'retry', interval: 0, timeout: 150 } })
  const before = performance.now()
  const [second] = await wire.connect()
  t.ok(performance.now() - before > 100, 'held until the poll time is over')
  t.match(second, { channel: '/meta/connect', successful: true, clientId: wire.clientId })
})

t.test('a client that is not known is told to shake hands', async (t) => {
  const { wire } = await startStream(t)
  wire.clientId = 'nobody'
  t.match(await wire.connect(), [
    { successful: false, error: '403::Unknown client', advice: { reconnect: 'handshake', interval: 0 } },
  ])
})

t.test('a client without its cookie is refused', async (t) => {
  const { wire } = await startStream(t)
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
  const { sf, wire } = await startStream(t, { mostClients: 1 })
  await wire.handshake()
  const second = await createWire(sf)
  t.match(await second.handshake(), {
    error: '403::Handshake denied',
    ext: { sfdc: { failureReason: '403::Organization concurrent user limit exceeded' } },
  })
})

t.test('requests over 32,768 bytes and of other types are refused', async (t) => {
  const { wire } = await startStream(t)
  const large = await wire.raw(JSON.stringify([{ channel: '/meta/handshake', padding: 'x'.repeat(32_768) }]))
  t.match(large, { status: 413, text: 'Maximum Request Size Exceeded' })
  t.equal((await wire.raw('[]', { 'Content-Type': 'text/plain' })).status, 400)
  t.equal((await wire.raw('no json')).status, 400)
})

t.test('publishing over CometD is refused, leaving works', async (t) => {
  const { sf, wire } = await listen(t)
  const [refused] = await wire.post({ channel: CHANNEL, clientId: wire.clientId, data: {} })
  t.equal(refused!['successful'], false)
  const [gone] = await wire.post({ channel: '/meta/disconnect', clientId: wire.clientId })
  t.equal(gone!['successful'], true)
  t.equal(sf.events.clients(), 0)
})
