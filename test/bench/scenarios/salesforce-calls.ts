// What 10,000 changed records cost of Salesforce's daily calls: told by events, and found by the reconcile.
import { setTimeout as wait } from 'node:timers/promises'
import { leadRows, userRows } from '../rows.ts'
import type { Scenario } from '../scenario.ts'
import { MINUTE, startSystem, UNLIMITED } from '../system.ts'

/** sObject Collections retrieve takes 2,000 ids (salesforce facts §7). */
const IDS_A_RETRIEVE = 2_000
const ROWS_A_PAGE = 2_000
const OBJECTS = 6
/** A record rests for 15 s after a push. */
const RESTED_MS = 16_000

export const salesforceCalls: Scenario = {
  name: 'salesforce',
  title: 'Salesforce calls for 10,000 changed records',
  counts: false,
  async run(bench) {
    const database = bench.databases[0]
    if (database === undefined) return
    await using open = bench.resources()
    const count = 10_000
    let ids: string[] = []
    const { salesforce, service, marketo } = await startSystem(open, bench, {
      database,
      marketo: UNLIMITED,
      environment: { MATCH_BY_EMAIL: 'false' },
      async fill(world) {
        await world.insert('User', userRows(1), { silent: true })
        ids = await world.insert('Lead', leadRows(count), { silent: true })
      },
    })
    await service.settled(5 * MINUTE)
    const reads = Math.ceil(count / IDS_A_RETRIEVE)
    // What is asked for because of the changes; the census and the mapping have times of their own.
    const made = async (): Promise<number> => {
      const calls = (await salesforce.calls()).filter(
        ({ kind, detail }) => kind === 'retrieve' || detail.includes('SystemModstamp'),
      )
      bench.say(calls.map(({ kind, detail }) => `${kind} ${detail.slice(0, 60)}`).join('; '))
      return calls.length
    }

    await salesforce.clearCalls()
    await salesforce.update(
      'Lead',
      ids.map((id) => ({ id, fields: { Title: 'By events' } })),
    )
    await wait(2_000)
    await service.settled(5 * MINUTE)
    bench.report({
      what: `${count} records of a mass update, told by events`,
      value: await made(),
      unit: 'calls',
      floor: { value: reads, from: `${count} records / ${IDS_A_RETRIEVE} ids a retrieve; events cost none` },
      atMost: 1.5 * reads,
      kind: 'count',
    })

    await wait(RESTED_MS)
    await salesforce.clearCalls()
    await service.post('/api/reconcile')
    await wait(3_000)
    await service.settled(5 * MINUTE)
    const pages = Math.ceil(count / ROWS_A_PAGE)
    const needed = pages + reads + OBJECTS - 1
    bench.report({
      what: `${count} records found by the reconcile`,
      value: await made(),
      unit: 'calls',
      floor: {
        value: needed,
        from: `${pages} pages of ${ROWS_A_PAGE} ids, ${reads} retrieves, a page for each of the other ${OBJECTS - 1} objects`,
      },
      atMost: 1.5 * needed,
      kind: 'count',
    })
    const { violations } = await marketo.calls()
    bench.report({ what: 'never-events', value: violations.length, unit: '', atMost: 0, kind: 'count' })
  },
}
