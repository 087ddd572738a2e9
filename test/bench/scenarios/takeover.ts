// The leader is killed in the middle of a load: how long until another process calls Marketo, and whether any call is out twice.
import { setTimeout as wait } from 'node:timers/promises'
import { leadRows, userRows } from '../rows.ts'
import type { Scenario } from '../scenario.ts'
import { startService } from '../service.ts'
import { MINUTE, REAL, startSystem } from '../system.ts'

export const takeover: Scenario = {
  name: 'takeover',
  title: 'kill -9 of the leader in the middle of a load (PostgreSQL)',
  counts: true,
  async run(bench) {
    if (!bench.databases.includes('postgres')) return
    await using open = bench.resources()
    const leads = bench.small ? 6_000 : 30_000
    // Slow enough that calls are out when the process dies.
    const marketo = { ...REAL, callsPer20Seconds: 1_000, latencyMs: 300, concurrency: 5 }
    const environment = {
      MARKETO_CALLS_PER_20_SECONDS: '1000',
      MARKETO_CONCURRENCY: '5',
      MARKETO_AMBIGUOUS_WAIT_SECONDS: '5',
      MATCH_BY_EMAIL: 'false',
    }
    const system = await startSystem(open, bench, {
      database: 'postgres',
      marketo,
      environment,
      async fill(salesforce) {
        await salesforce.insert('User', userRows(1), { silent: true })
        await salesforce.insert('Lead', leadRows(leads), { silent: true })
      },
    })
    const standby = await startService(open, { ...system, environment, migrated: true })
    const written = async (): Promise<number> => (await system.marketo.counts()).leads
    while ((await written()) < leads / 5) await wait(20)
    await system.service.kill()
    const killedAt = Date.now()
    let leadsAfterMs = Number.NaN
    while (Number.isNaN(leadsAfterMs) && Date.now() - killedAt < MINUTE) {
      if ((await standby.status())?.leader === true) leadsAfterMs = Date.now() - killedAt
      else await wait(50)
    }
    await standby.settled(5 * MINUTE)
    const calls = await system.marketo.callList()
    const next = calls.find(({ at, endpoint }) => at > killedAt && endpoint === 'leads.json')
    const { violations } = await system.marketo.calls()
    bench.report({ what: 'kill to leader', value: leadsAfterMs / 1_000, unit: 's', atMost: 15, kind: 'cost' })
    bench.report({
      what: 'kill to the next call for a lead',
      value: ((next?.at ?? Number.NaN) - killedAt) / 1_000,
      unit: 's',
      kind: 'cost',
    })
    bench.report({
      what: 'never-events (a key in two calls at once, and others)',
      value: violations.length,
      unit: '',
      atMost: 0,
      kind: 'count',
    })
    for (const violation of violations.slice(0, 3)) bench.say(violation)
    bench.report({
      what: 'lost',
      value: Math.max(0, leads - (await written())),
      unit: 'leads',
      atMost: 0,
      kind: 'count',
    })
    bench.report({
      what: 'duplicates',
      value: Math.max(0, (await written()) - leads),
      unit: 'leads',
      atMost: 0,
      kind: 'count',
    })
  },
}
