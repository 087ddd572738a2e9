// What 10,000 changed records cost of Salesforce's daily calls: told by events, and found by the reconcile.
import { setTimeout as wait } from 'node:timers/promises'
import { leadRows, userRows } from '../rows.ts'
import type { Scenario } from '../scenario.ts'
import { MINUTE, startSystem, UNLIMITED } from '../system.ts'

const ROWS_A_TRANSACTION = 200
/** sObject Collections retrieve takes 2,000 ids (salesforce facts §7). */
const IDS_A_RETRIEVE = 2_000
const ROWS_A_PAGE = 2_000
const OBJECTS = 6

export const salesforceCalls: Scenario = {
  name: 'salesforce',
  title: 'Salesforce calls for 10,000 changed records',
  async run(bench) {
    const database = bench.databases[0]
    if (database === undefined) return
    await using open = new AsyncDisposableStack()
    const count = bench.small ? 2_000 : 10_000
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
    await wait(16_000)
    const reads = Math.ceil(count / IDS_A_RETRIEVE)
    const made = async (): Promise<number> => {
      const calls = (await salesforce.calls()).filter(({ kind }) => kind !== 'bayeux')
      for (const [kind, some] of Map.groupBy(calls, (call) => call.kind)) bench.say(`${kind}: ${some.length}`)
      return calls.length
    }

    await salesforce.clearCalls()
    for (let from = 0; from < count; from += ROWS_A_TRANSACTION)
      await salesforce.update(
        'Lead',
        ids.slice(from, from + ROWS_A_TRANSACTION).map((id) => ({ id, fields: { Title: 'By events' } })),
      )
    await wait(2_000)
    await service.settled(5 * MINUTE)
    bench.report({
      what: `${count} records told by events as fast as they come`,
      value: await made(),
      unit: 'calls',
      floor: { value: reads, from: `${count} records / ${IDS_A_RETRIEVE} ids a retrieve; events cost none` },
      // A few events show nothing of how changes gather.
      ...(bench.small ? {} : { atMost: 1.5 * reads }),
      kind: 'count',
    })

    await wait(16_000)
    await salesforce.clearCalls()
    await service.post('/api/reconcile')
    await wait(3_000)
    await service.settled(5 * MINUTE)
    const pages = Math.ceil(count / ROWS_A_PAGE)
    bench.report({
      what: `${count} records found by the reconcile, unchanged in Marketo`,
      value: await made(),
      unit: 'calls',
      floor: {
        value: pages + reads + 2 * OBJECTS,
        from: `${pages} pages of ${ROWS_A_PAGE} ids, ${reads} retrieves, the time and a page for each of ${OBJECTS} objects`,
      },
      kind: 'count',
    })
    const { violations } = await marketo.calls()
    bench.report({ what: 'never-events', value: violations.length, unit: '', atMost: 0, kind: 'count' })
  },
}
