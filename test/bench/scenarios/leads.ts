// 45,000 leads that Marketo doesn't know, as fast as its limits let them.
import { RECORDS_A_CALL } from '../../../src/sync/batches.ts'
import type { DatabaseName } from '../database.ts'
import { leadRows, userRows } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { MINUTE, REAL, refusalsOf, spanMs, startSystem } from '../system.ts'

const WINDOW_S = 20
/** The last calls of the window's second turn still take a moment. */
const LATENCY_S = REAL.latencyMs / 1_000

export const leads: Scenario = {
  name: 'leads',
  title: '45,000 new leads, 100 calls in 20 s, 10 at once, 50 ms',
  counts: true,
  async run(bench) {
    for (const database of bench.databases)
      for (const matchByEmail of [false, true]) await load(bench, database, matchByEmail)
  },
}

export const leadsOf = (bench: Bench): number => (bench.small ? 1_500 : 45_000)
export const floorOf = (count: number): number => Math.ceil(count / RECORDS_A_CALL)

/** As many at once as the window allows, the others when it opens again. */
export function limitSeconds(calls: number): number {
  return Math.floor((calls - 1) / REAL.callsPer20Seconds) * WINDOW_S + 2 * LATENCY_S
}

async function load(bench: Bench, database: DatabaseName, matchByEmail: boolean): Promise<void> {
  const count = leadsOf(bench)
  const how = `${database}, MATCH_BY_EMAIL ${matchByEmail ? 'on' : 'off'}`
  const load = await loadLeads(bench, { database, count, matchByEmail, atOnce: REAL.concurrency })
  const floor = floorOf(count)
  const needed = matchByEmail ? 2 * floor : floor
  const seconds = limitSeconds(needed)
  bench.report({
    what: `calls, ${how}`,
    value: load.calls,
    unit: 'calls',
    floor: { value: floor, from: `${count} leads / ${RECORDS_A_CALL} a call` },
    atMost: (matchByEmail ? 2.1 : 1.05) * floor,
    kind: 'count',
  })
  bench.report({
    what: `wall, ${how}`,
    value: load.seconds,
    unit: 's',
    floor: {
      value: seconds,
      from: `${REAL.callsPer20Seconds} calls at once, the next ones ${WINDOW_S} s later, and ${REAL.latencyMs} ms a call`,
    },
    atMost: 1.1 * seconds,
    kind: 'cost',
  })
  bench.report({ what: `606 and 615, ${how}`, value: load.refusals, unit: '', atMost: 0, kind: 'count' })
  bench.report({ what: `lost, ${how}`, value: load.lost, unit: 'leads', atMost: 0, kind: 'count' })
  bench.report({ what: `never-events, ${how}`, value: load.violations, unit: '', atMost: 0, kind: 'count' })
  bench.report({
    what: `other calls (token, describe, sales person, values), ${how}`,
    value: load.otherCalls,
    unit: 'calls',
    kind: 'count',
  })
  bench.report({ what: `own CPU, ${how}`, value: load.cpuSeconds, unit: 's', kind: 'cost' })
  bench.report({ what: `resident at most, ${how}`, value: load.peakMb, unit: 'MB', kind: 'cost' })
}

export interface LeadLoad {
  /** That carried leads, look-ups included. */
  calls: number
  otherCalls: number
  seconds: number
  refusals: number
  lost: number
  violations: number
  cpuSeconds: number
  peakMb: number
}

export async function loadLeads(
  bench: Bench,
  how: { database: DatabaseName; count: number; matchByEmail: boolean; atOnce: number },
): Promise<LeadLoad> {
  await using open = bench.resources()
  const { marketo, service } = await startSystem(open, bench, {
    database: how.database,
    marketo: REAL,
    environment: { MATCH_BY_EMAIL: String(how.matchByEmail), MARKETO_CONCURRENCY: String(how.atOnce) },
    async fill(salesforce) {
      await salesforce.insert('User', userRows(1), { silent: true })
      await salesforce.insert('Lead', leadRows(how.count), { silent: true })
    },
  })
  await service.settled(5 * MINUTE)
  const made = await marketo.calls()
  const list = (await marketo.callList()).filter(
    ({ recordCount, endpoint }) => endpoint === 'leads.json' && recordCount > 0,
  )
  // The values' first sweep begins only when everything is there; it reads what was just sent.
  const written = list.findLastIndex(({ method }) => method === 'POST')
  const calls = list.slice(0, written + 1)
  return {
    calls: calls.length,
    otherCalls: made.total - calls.length,
    seconds: spanMs(calls) / 1_000,
    refusals: refusalsOf(made),
    lost: how.count - (await marketo.counts()).leads,
    violations: made.violations.length,
    ...service.usage(),
  }
}
