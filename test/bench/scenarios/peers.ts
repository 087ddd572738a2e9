// The same leads by node-marketo-rest 0.7.8 (Apache-2.0), in batches and one by one: no durability, no order, no look-up, keyed by e-mail.
import { startChild } from '../child.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { REAL, refusalsOf } from '../system.ts'
import { MARKETO, startMarketo } from '../worlds.ts'
import { floorOf, leadsOf, limitSeconds } from './leads.ts'

export const peers: Scenario = {
  name: 'peers',
  title: 'the same by node-marketo-rest 0.7.8, 300 records a call and one',
  async run(bench) {
    const count = leadsOf(bench)
    await send(bench, { how: '300 a call, 5 at once', leads: count, aCall: 300, atOnce: 5 })
    await send(bench, { how: '300 a call, 10 at once', leads: count, aCall: 300, atOnce: 10 })
    await send(bench, { how: '300 a call, 20 at once', leads: count, aCall: 300, atOnce: 20 })
    // 45,000 would take 2.5 hours.
    await send(bench, { how: '1 a call, 5 at once', leads: bench.small ? 90 : 300, aCall: 1, atOnce: 5 })
  },
}

async function send(
  bench: Bench,
  { how, leads, aCall, atOnce }: { how: string; leads: number; aCall: number; atOnce: number },
): Promise<void> {
  await using open = new AsyncDisposableStack()
  const marketo = await startMarketo(open, REAL)
  const child = startChild('test/bench/peers/marketo-rest.ts', {
    args: [marketo.url, MARKETO.id, MARKETO.secret, leads, aCall, atOnce].map(String),
  })
  open.defer(() => child.stop())
  const [line] = await child.line(/^\{"ms".*\}$/, 10 * 60_000)
  const { ms, peakMb } = JSON.parse(line) as { ms: number; peakMb: number }
  const made = await marketo.calls()
  const floor = floorOf(leads)
  const what = `${leads} leads, ${how}`
  bench.report({
    what: `calls, ${what}`,
    value: made.total,
    unit: 'calls',
    floor: { value: floor, from: `${leads} leads / 300 a call` },
    kind: 'count',
  })
  bench.report({
    what: `wall, ${what}`,
    value: ms / 1_000,
    unit: 's',
    floor: { value: limitSeconds(floor), from: "Marketo's limits, as in the scenario leads" },
    kind: 'cost',
  })
  bench.report({ what: `606 and 615, ${what}`, value: refusalsOf(made), unit: '', kind: 'count' })
  const counts = await marketo.counts()
  bench.report({
    what: `lost, ${what}`,
    value: leads - counts.leads,
    unit: 'leads',
    kind: 'count',
  })
  bench.report({ what: `resident at most, ${what}`, value: peakMb, unit: 'MB', kind: 'cost' })
}
