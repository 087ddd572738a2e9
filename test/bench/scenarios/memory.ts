// The first load of a million records: what stays resident, whether it grows, and what the database takes.
import { setTimeout as wait } from 'node:timers/promises'
import type { DatabaseName } from '../database.ts'
import { percentile } from '../figures.ts'
import { leadRows, userRows } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { MINUTE, startSystem, UNLIMITED } from '../system.ts'

const AT_MOST: Record<DatabaseName, number> = { postgres: 300, embedded: 700 }
const LOOK_EVERY_MS = 1_000
const ROWS_AT_ONCE = 50_000
/** Half grown: what is resident then, beside what is at the end, tells whether it grows. */
const HALF = 0.5

export const memory: Scenario = {
  name: 'memory',
  title: 'backfill of 1,000,000 records: memory, and the size of the database',
  counts: false,
  async run(bench) {
    for (const database of bench.databases) await load(bench, database)
  },
}

async function load(bench: Bench, database: DatabaseName): Promise<void> {
  await using open = bench.resources()
  const leads = bench.small ? 5_000 : 1_000_000
  const system = await startSystem(open, bench, {
    database,
    marketo: UNLIMITED,
    environment: { MATCH_BY_EMAIL: 'false' },
    async fill(salesforce) {
      await salesforce.insert('User', userRows(1), { silent: true })
      for (let from = 0; from < leads; from += ROWS_AT_ONCE)
        await salesforce.insert('Lead', leadRows(Math.min(ROWS_AT_ONCE, leads - from), from), {
          silent: true,
        })
    },
  })
  const { service, marketo } = system
  const empty = await system.database.bytes()
  const startedAt = performance.now()
  const seen: { done: number; residentMb: number }[] = []
  const watching = new AbortController()
  const watch = (async () => {
    while (!watching.signal.aborted) {
      const done = (await service.status())?.backfill.done ?? 0
      seen.push({ done, residentMb: service.usage().residentMb })
      await wait(LOOK_EVERY_MS, undefined, { signal: watching.signal }).catch(() => undefined)
    }
  })()
  await service.settled(60 * MINUTE)
  const seconds = (performance.now() - startedAt) / 1_000
  watching.abort()
  await watch
  const resident = (from: number, to: number): number =>
    percentile(
      seen
        .filter(({ done }) => done >= from * leads && done <= to * leads)
        .map(({ residentMb }) => residentMb),
      0.5,
    )
  const { peakMb } = service.usage()
  const of = `${leads} leads, ${database}`
  bench.report({
    what: `lost, ${of}`,
    value: leads - (await marketo.counts()).leads,
    unit: 'leads',
    atMost: 0,
    kind: 'count',
  })
  bench.report({
    what: `resident at most, ${of}`,
    value: peakMb,
    unit: 'MB',
    atMost: AT_MOST[database],
    kind: 'cost',
  })
  bench.report({
    what: `resident in the second half beside the first, ${of}`,
    value: resident(HALF, 1) / resident(0.05, HALF),
    unit: 'times',
    floor: { value: 1, from: 'it does not grow' },
    atMost: 1.15,
    kind: 'cost',
  })
  bench.report({ what: `records a second, ${of}`, value: leads / seconds, unit: 'a second', kind: 'cost' })
  bench.report({
    what: `database per record, ${of}`,
    value: ((await system.database.bytes()) - empty) / leads,
    unit: 'bytes',
    kind: 'cost',
  })
}
