// What the service itself is able to: Marketo without limits and without latency. First load of leads, end to end, and how its cost grows.
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseName } from '../database.ts'
import { byFunction } from '../profile.ts'
import { leadRows, userRows } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { MINUTE, spanMs, startSystem, UNLIMITED } from '../system.ts'
import { floorOf } from './leads.ts'

/** Four times what Marketo takes; of the embedded database, which is for trying out, less is asked. */
const AT_LEAST: Record<DatabaseName, number> = { postgres: 6_000, embedded: 4_000 }
const MARKETO_TAKES = 1_500

export const capacity: Scenario = {
  name: 'capacity',
  title: 'records a second without limits and latency; where the time goes (--profile)',
  counts: false,
  async run(bench) {
    const leads = bench.small ? 3_000 : 60_000
    for (const database of bench.databases) {
      const { perSecond, calls, cpuSeconds, lost } = await load(bench, database, leads)
      bench.report({
        what: `records a second, ${database}`,
        value: perSecond,
        unit: 'a second',
        floor: { value: MARKETO_TAKES, from: "Marketo's own limit: 100 calls in 20 s of 300 records" },
        atLeast: AT_LEAST[database],
        kind: 'cost',
      })
      bench.report({
        what: `own CPU per 10,000 records, ${database}`,
        value: (cpuSeconds / leads) * 10_000,
        unit: 's',
        kind: 'cost',
      })
      bench.report({
        what: `calls, ${database}`,
        value: calls,
        unit: 'calls',
        floor: { value: floorOf(leads), from: 'records / 300 a call' },
        atMost: 1.05 * floorOf(leads),
        kind: 'count',
      })
      bench.report({ what: `lost, ${database}`, value: lost, unit: 'leads', atMost: 0, kind: 'count' })
    }
  },
}

export const growth: Scenario = {
  name: 'growth',
  title: 'how the cost grows: 1, 10 and 100 times as many leads',
  counts: false,
  async run(bench) {
    for (const database of bench.databases)
      for (const leads of bench.small ? [300, 3_000] : [2_000, 20_000, 200_000]) {
        const { seconds, calls, cpuSeconds, peakMb, bytes, lost } = await load(bench, database, leads)
        const how = `${leads} leads, ${database}`
        bench.report({
          what: `calls, ${how}`,
          value: calls,
          unit: 'calls',
          floor: { value: floorOf(leads), from: 'records / 300 a call' },
          kind: 'count',
        })
        bench.report({ what: `lost, ${how}`, value: lost, unit: 'leads', atMost: 0, kind: 'count' })
        bench.report({ what: `start to settled, ${how}`, value: seconds, unit: 's', kind: 'cost' })
        bench.report({
          what: `own CPU per 10,000, ${how}`,
          value: (cpuSeconds / leads) * 10_000,
          unit: 's',
          kind: 'cost',
        })
        bench.report({ what: `resident at most, ${how}`, value: peakMb, unit: 'MB', kind: 'cost' })
        bench.report({ what: `database a record, ${how}`, value: bytes / leads, unit: 'bytes', kind: 'cost' })
      }
  },
}

interface Load {
  /** From the first call that carries leads to the end of the last. */
  perSecond: number
  /** From ready to settled: reading the org's ids and the first batch included. */
  seconds: number
  calls: number
  cpuSeconds: number
  peakMb: number
  bytes: number
  lost: number
}

async function load(bench: Bench, database: DatabaseName, leads: number): Promise<Load> {
  await using open = bench.resources()
  const folder = bench.profile === undefined ? undefined : join(bench.profile, `${database}-${leads}`)
  if (folder !== undefined) await mkdir(folder, { recursive: true })
  const system = await startSystem(open, bench, {
    database,
    marketo: UNLIMITED,
    environment: { MATCH_BY_EMAIL: 'false' },
    nodeArgs: folder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', folder],
    async fill(salesforce) {
      await salesforce.insert('User', userRows(1), { silent: true })
      await salesforce.insert('Lead', leadRows(leads), { silent: true })
    },
  })
  const { marketo, service } = system
  const before = { cpuSeconds: service.usage().cpuSeconds, bytes: await system.database.bytes() }
  const startedAt = performance.now()
  await service.settled(15 * MINUTE)
  const seconds = (performance.now() - startedAt) / 1_000
  const list = await marketo.callList()
  const written = list.filter(
    ({ method, endpoint, recordCount }) => method === 'POST' && endpoint === 'leads.json' && recordCount > 0,
  )
  const { cpuSeconds, peakMb } = service.usage()
  const result = {
    perSecond: leads / (spanMs(written) / 1_000),
    seconds,
    calls: written.length,
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    peakMb,
    bytes: (await system.database.bytes()) - before.bytes,
    lost: leads - (await marketo.counts()).leads,
  }
  if (folder !== undefined) {
    await service.stop()
    for (const file of await readdir(folder))
      for (const line of byFunction(await readFile(join(folder, file), 'utf8'))) bench.say(line)
  }
  return result
}
