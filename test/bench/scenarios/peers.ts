// The same leads by us and by node-marketo-rest 0.7.8 (Apache-2.0), side by side in one run. The peer knows no durability, no order, no
// look-up, and a key that is the e-mail: less work, and so the best that a client of these limits can be held against.
import { createRequire } from 'node:module'
import { startChild } from '../child.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { REAL, refusalsOf, spanMs } from '../system.ts'
import { MARKETO, startMarketo } from '../worlds.ts'
import { floorOf, leadsOf, limitSeconds, loadLeads } from './leads.ts'

/** Twice what Marketo allows, as a client that doesn't know the limit would. */
const TOO_MANY = 20

export const peers: Scenario = {
  name: 'peers',
  title: 'the same beside node-marketo-rest 0.7.8, 300 records a call and one',
  counts: true,
  async run(bench) {
    const [database] = bench.databases
    if (database === undefined) return
    assertInstalled()
    const count = leadsOf(bench)
    const batched = []
    for (const atOnce of [5, REAL.concurrency, TOO_MANY])
      batched.push(await send(bench, { leads: count, aCall: 300, atOnce }))
    // 45,000 would take 2.5 hours.
    await send(bench, { leads: bench.small ? 90 : 300, aCall: 1, atOnce: 5 })

    const whole = batched.filter(({ lost }) => lost === 0)
    const ours = await loadLeads(bench, { database, count, matchByEmail: false, atOnce: REAL.concurrency })
    tell(bench, `${count} leads, ours, ${REAL.concurrency} at once`, count, ours)
    const fewest = Math.min(...whole.map(({ calls }) => calls))
    bench.report({
      what: 'calls, ours beside the fewest of a peer that lost nothing',
      value: ours.calls - fewest,
      unit: 'calls',
      atMost: 0,
      kind: 'count',
    })
    bench.report({
      what: 'wall, ours beside the shortest of a peer that lost nothing',
      value: ours.seconds / Math.min(...whole.map(({ seconds }) => seconds)),
      unit: 'times',
      atMost: 1,
      kind: 'cost',
    })
    const pushed = await loadLeads(bench, { database, count, matchByEmail: false, atOnce: TOO_MANY })
    tell(bench, `${count} leads, ours, ${TOO_MANY} at once`, count, pushed)
    bench.report({
      what: `lost, ours, ${TOO_MANY} at once`,
      value: pushed.lost,
      unit: 'leads',
      atMost: 0,
      kind: 'count',
    })
  },
}

function assertInstalled(): void {
  try {
    createRequire(import.meta.url).resolve('node-marketo-rest')
  } catch (cause) {
    throw new Error('the peer is not installed: npm --prefix test/bench ci', { cause })
  }
}

interface Sent {
  calls: number
  seconds: number
  refusals: number
  lost: number
  peakMb: number
}

async function send(
  bench: Bench,
  { leads, aCall, atOnce }: { leads: number; aCall: number; atOnce: number },
): Promise<Sent> {
  await using open = bench.resources()
  const marketo = await startMarketo(open, REAL)
  const child = startChild('test/bench/peers/marketo-rest.ts', {
    args: [marketo.url, MARKETO.id, MARKETO.secret, leads, aCall, atOnce].map(String),
  })
  open.defer(() => child.stop())
  const [line] = await child.line(/^\{"peakMb".*\}$/, 10 * 60_000)
  const { peakMb } = JSON.parse(line) as { peakMb: number }
  const made = await marketo.calls()
  const calls = (await marketo.callList()).filter(({ endpoint }) => endpoint === 'leads.json')
  const sent = {
    calls: calls.length,
    seconds: spanMs(calls) / 1_000,
    refusals: refusalsOf(made),
    lost: leads - (await marketo.counts()).leads,
    peakMb,
  }
  tell(bench, `${leads} leads, peer, ${aCall} a call, ${atOnce} at once`, leads, sent)
  return sent
}

function tell(bench: Bench, what: string, leads: number, sent: Sent): void {
  const floor = floorOf(leads)
  bench.report({
    what: `calls, ${what}`,
    value: sent.calls,
    unit: 'calls',
    floor: { value: floor, from: `${leads} leads / 300 a call` },
    kind: 'count',
  })
  bench.report({
    what: `wall, ${what}`,
    value: sent.seconds,
    unit: 's',
    floor: { value: limitSeconds(floor), from: "Marketo's limits, as in the scenario leads" },
    kind: 'cost',
  })
  bench.report({ what: `606 and 615, ${what}`, value: sent.refusals, unit: '', kind: 'count' })
  bench.report({ what: `lost, ${what}`, value: sent.lost, unit: 'leads', kind: 'count' })
  bench.report({ what: `resident at most, ${what}`, value: sent.peakMb, unit: 'MB', kind: 'cost' })
}
