// One edit at a time while nothing else is to do: from the event's publication to the end of the Marketo call that carries it.
import { setTimeout as wait } from 'node:timers/promises'
import type { DatabaseName } from '../database.ts'
import { percentile } from '../figures.ts'
import { leadRows, userRows } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { MINUTE, startSystem, UNLIMITED } from '../system.ts'

const MARKETO_MS = 50

export const latency: Scenario = {
  name: 'latency',
  title: '500 edits while idle: event to row in Marketo',
  counts: false,
  async run(bench) {
    for (const database of bench.databases) await measure(bench, database)
  },
}

async function measure(bench: Bench, database: DatabaseName): Promise<void> {
  await using open = bench.resources()
  const events = bench.small ? 30 : 500
  let ids: string[] = []
  const { marketo, salesforce, service } = await startSystem(open, bench, {
    database,
    marketo: { ...UNLIMITED, latencyMs: MARKETO_MS, keepRecords: 20_000 },
    async fill(world) {
      await world.insert('User', userRows(1), { silent: true })
      ids = await world.insert('Lead', leadRows(events), { silent: true })
    },
  })
  await service.settled(2 * MINUTE)
  // A record rests for 15 s after a push.
  await wait(16_000)
  await marketo.clear()
  const published = new Map<string, number>()
  for (const [n, id] of ids.entries()) {
    published.set(id, Date.now())
    await salesforce.update('Lead', [{ id, fields: { Title: `Edit ${n}` } }])
    // Not in step with any timer of ours.
    await wait(200 + ((n * 37) % 150))
  }
  await wait(1_000)
  await service.settled(MINUTE)

  const marketoIds = new Map<unknown, string>()
  for (const id of ids)
    for (const lead of await marketo.leadsWith('externalPersonId', id)) marketoIds.set(lead.id, id)
  const took = new Map<string, number>()
  for (const { method, endpoint, records = [], endedAt = Number.NaN } of await marketo.callList())
    if (method === 'POST' && endpoint === 'leads.json')
      for (const record of records) {
        const id = marketoIds.get(record.id)
        const at = id === undefined ? undefined : published.get(id)
        if (id !== undefined && at !== undefined && !took.has(id)) took.set(id, endedAt - at)
      }
  const values = [...took.values()]
  bench.report({
    what: `lost, ${database}`,
    value: events - took.size,
    unit: 'edits',
    atMost: 0,
    kind: 'count',
  })
  const floor = { value: MARKETO_MS, from: "Marketo's own time for the call" }
  bench.report({
    what: `median, ${database}`,
    value: percentile(values, 0.5),
    unit: 'ms',
    floor,
    atMost: 400,
    kind: 'cost',
  })
  bench.report({
    what: `99 of 100, ${database}`,
    value: percentile(values, 0.99),
    unit: 'ms',
    floor,
    atMost: 1_000,
    kind: 'cost',
  })
}
