// The stream against the simulated org: DML publishes events, faults happen, and what is stored at the end is everything.
import t from 'tap'
import { until } from '../fixtures/until.ts'
import { remember, type Memory } from './fixtures/open-stream.ts'
import { CHANNEL } from './fixtures/scripted-bayeux.ts'
import { connectSimulated, openSimulated } from './fixtures/simulated.ts'

function idsIn({ events }: Memory): Set<string> {
  return new Set(
    events.flatMap(
      ({ payload }) => /"Record_Ids__c":"([^"]*)"/.exec(JSON.stringify(payload))?.[1]?.split(',') ?? [],
    ),
  )
}

t.test('changes in the org arrive, and a restart goes on where it ended', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const first = openSimulated(t, salesforce)
  await first.stream.subscribed
  const one = simulator.org.insert('Lead', { LastName: 'One', Company: 'C' })
  await until('the first', () => idsIn(first.memory).has(one))
  await first.stream.close()
  t.equal(simulator.events.clients(), 0, 'it said good-bye')
  const two = simulator.org.insert('Lead', { LastName: 'Two', Company: 'C' })
  const second = openSimulated(t, salesforce, { memory: remember(first.memory.cursor) })
  await until('the second', () => idsIn(second.memory).has(two))
  t.notOk(idsIn(second.memory).has(one))
  t.same(second.memory.gaps, [])
  t.match(second.memory.events[0]?.uuid, /^[\da-f-]{36}$/)
})

t.test('a thousand events that waited arrive in slices', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { memory, stream } = openSimulated(t, salesforce)
  await stream.subscribed
  simulator.events.publishRaw({ Object_Type__c: 'Lead', Record_Ids__c: 'first' })
  await until('the first', () => memory.events.length === 1)
  await stream.close()
  for (let i = 0; i < 3_000; i += 1)
    simulator.events.publishRaw({ Object_Type__c: 'Lead', Record_Ids__c: `r${i}` })
  const again = openSimulated(t, salesforce, { memory })
  await until('all', () => idsIn(memory).size === 3_001)
  t.equal(memory.events.length, 3_001, 'none twice')
  await again.stream.close()
})

t.test('through every fault at once nothing is lost', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t, { longPollMs: 60 })
  const { memory, stream } = openSimulated(t, salesforce, {
    timing: { serverBusy: { firstMs: 40, capMs: 60 } },
  })
  await stream.subscribed
  simulator.org.insert('Lead', { LastName: 'Zero', Company: 'C' })
  await until('the first', () => memory.events.length === 1)
  const { faults, events, org } = simulator
  const bayeux = { kind: 'bayeux' } as const
  const happenings: (() => unknown)[] = [
    () => faults.expireTokens(),
    () => faults.forgetClients(),
    () => faults.unknownClient({ reconnect: 'none' }),
    () => events.disconnectAll(),
    () => events.disconnectAll({ reconnect: 'absent' }),
    () => faults.serverBusy({ at: 'handshake' }),
    () => faults.serverBusy({ at: 'connect' }),
    () => faults.serverBusy({ at: 'subscribe' }),
    () => faults.clientCap(),
    () => faults.dropConnection({ ...bayeux, moment: 'mid-body' }),
    () => faults.dropConnection({ ...bayeux, moment: 'after' }),
    () => faults.html200(bayeux),
    () => faults.truncate(bayeux),
    () => faults.status(502, { ...bayeux, html: true }),
    () => faults.slow(400, bayeux),
    () => faults.duplicateEvents(1),
    () => events.publishRaw('not an object at all'),
    () => events.publishRaw(null, { data: { odd: true } }),
    () => faults.dailyLimit(true),
    () => faults.dailyLimit(false),
    () => faults.refuseTokens(),
    () => faults.expireTokens(),
  ]
  const expected = new Set<string>()
  for (const happen of happenings) {
    expected.add(org.insert('Lead', { LastName: 'Before', Company: 'C' }))
    happen()
    expected.add(org.insert('Lead', { LastName: 'After', Company: 'C' }))
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  await until('everything', () => [...expected].every((id) => idsIn(memory).has(id)), 10_000)
  t.same(memory.gaps, [])
  await until('live', () => stream.state().state === 'live')
  t.ok(
    simulator.events.clients() <= 5,
    `${simulator.events.clients()} clients of ${happenings.length} are left`,
  )
})

t.test('an expired position, and a stream that began anew, are gaps after which it goes on', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { memory, stream } = openSimulated(t, salesforce, { memory: remember('7') })
  await stream.subscribed
  t.equal(memory.gaps.length, 1)
  const one = simulator.org.insert('Lead', { LastName: 'One', Company: 'C' })
  await until('the first', () => idsIn(memory).has(one))
  simulator.faults.resetEvents()
  simulator.faults.forgetClients()
  await until('the second gap', () => memory.gaps.length === 2)
  await until('live', () => stream.state().state === 'live')
  const two = simulator.org.insert('Lead', { LastName: 'Two', Company: 'C' })
  await until('the second', () => idsIn(memory).has(two))
})

t.test('without permission on the event the stream says so, and starts when it is given', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const fault = simulator.faults.restrictChannel(CHANNEL)
  const { stream } = openSimulated(t, salesforce)
  await until('the state', () => stream.state().state === 'stopped')
  t.equal(stream.state().code, 'stream_permission_missing')
  fault.remove()
  await stream.subscribed
})
