import t from 'tap'
import { until } from './fixtures/connection.ts'
import { openScripted } from './fixtures/open-stream.ts'
import { CHANNEL, event } from './fixtures/scripted-bayeux.ts'

t.test(
  'subscribes to what comes when nothing was ever stored, and stores events with their cursor',
  async (t) => {
    const { stream, memory, bayeux } = await openScripted(t, {
      polls: [[event(11), event(12)], [], [event(15)]],
    })
    await stream.subscribed
    await until('three events', () => memory.events.length === 3)
    t.equal(memory.cursor, '15')
    t.same(memory.gaps, [])
    t.match(memory.events[0], {
      replayId: 11,
      cursor: '11',
      uuid: 'uuid-11',
      payload: { Record_Ids__c: 'x' },
    })
    t.match(JSON.parse(memory.events[0]!.raw), event(11))
    t.match(bayeux.sent.slice(0, 3), [
      { channel: '/meta/handshake', supportedConnectionTypes: ['long-polling'] },
      { channel: '/meta/subscribe', subscription: CHANNEL, ext: { replay: { [CHANNEL]: -1 } } },
      { channel: '/meta/connect', clientId: 'client-1' },
    ])
    t.match(stream.state(), { state: 'live', cursor: '15', received: 3 })
  },
)
