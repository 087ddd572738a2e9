// Many edits of the same leads in half a minute: what is sent is the last value, a few times at most.
import { setTimeout as wait } from 'node:timers/promises'
import type { DatabaseName } from '../database.ts'
import { leadRows, userRows } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { MINUTE, REAL, startSystem } from '../system.ts'

const FOR_MS = 30_000
const ROWS_A_TRANSACTION = 200

export const edits: Scenario = {
  name: 'edits',
  title: '100 edits each of 3,000 leads within 30 s',
  counts: true,
  async run(bench) {
    for (const database of bench.databases) await edit(bench, database)
  },
}

async function edit(bench: Bench, database: DatabaseName): Promise<void> {
  await using open = bench.resources()
  const [count, rounds, forMs] = bench.small ? [400, 10, 3_000] : [3_000, 100, FOR_MS]
  let ids: string[] = []
  const { marketo, salesforce, service } = await startSystem(open, bench, {
    database,
    marketo: { ...REAL, keepRecords: 5_000 },
    environment: { MATCH_BY_EMAIL: 'false' },
    async fill(world) {
      await world.insert('User', userRows(1), { silent: true })
      ids = await world.insert('Lead', leadRows(count), { silent: true })
    },
  })
  await service.settled(5 * MINUTE)
  await marketo.clear()
  const startedAt = Date.now()
  for (let round = 1; round <= rounds; round++) {
    for (let from = 0; from < count; from += ROWS_A_TRANSACTION)
      await salesforce.update(
        'Lead',
        ids.slice(from, from + ROWS_A_TRANSACTION).map((id) => ({ id, fields: { Title: `Edit ${round}` } })),
      )
    await wait(Math.max(0, startedAt + (round * forMs) / rounds - Date.now()))
  }
  const editedMs = Date.now() - startedAt
  // What was marked last may rest for 15 s.
  await wait(1_000)
  await service.settled(5 * MINUTE)

  const pushes = new Map<unknown, number>()
  for (const { method, endpoint, records = [] } of await marketo.callList())
    if (method === 'POST' && endpoint === 'leads.json')
      for (const { id } of records) pushes.set(id, (pushes.get(id) ?? 0) + 1)
  let stale = 0
  for (const id of ids) {
    const [lead] = await marketo.leadsWith('externalPersonId', id)
    if (lead?.fields.title !== `Edit ${rounds}`) stale++
  }
  bench.say(`${database}: ${count * rounds} edits in ${editedMs} ms`)
  bench.report({
    what: `pushes of the lead pushed most, ${database}`,
    value: Math.max(0, ...pushes.values()),
    unit: '',
    floor: { value: 1, from: 'the last value alone' },
    atMost: 4,
    kind: 'count',
  })
  bench.report({
    what: `leads without the last value, ${database}`,
    value: stale + (count - pushes.size),
    unit: 'leads',
    atMost: 0,
    kind: 'count',
  })
  const { total, violations } = await marketo.calls()
  bench.report({ what: `calls, ${database}`, value: total, unit: 'calls', kind: 'count' })
  bench.report({
    what: `never-events, ${database}`,
    value: violations.length,
    unit: '',
    atMost: 0,
    kind: 'count',
  })
}
