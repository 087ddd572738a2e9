// What the scheduled Apex job calls: pages of 2,000 out of 100,000 stored persons, and 2,000 persons read from Marketo now.
import { openDatabase } from '../../../src/database/connection.ts'
import { storeInsights } from '../../../src/database/insights.ts'
import { migrate } from '../../../src/database/schema.ts'
import { createLog } from '../../../src/log.ts'
import { toId18 } from '../../../src/salesforce/ids.ts'
import { createDatabase, type DatabaseName, type OwnDatabase } from '../database.ts'
import { percentile } from '../figures.ts'
import { times } from '../rows.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { startService } from '../service.ts'
import { REAL } from '../system.ts'
import { startMarketo } from '../worlds.ts'

const PAGE = 2_000
const ROWS_AT_ONCE = 5_000
const RECORDS_A_CALL = 300
const READ_AT = new Date('2026-11-23T09:00:00Z')

export const webhook: Scenario = {
  name: 'webhook',
  title: 'pages of 2,000 of 100,000 persons; 2,000 ids',
  counts: true,
  async run(bench) {
    for (const database of bench.databases) await measure(bench, database)
  },
}

const idOf = (n: number): string => toId18(`00Q5e${String(n).padStart(10, '0')}`) ?? ''

async function measure(bench: Bench, name: DatabaseName): Promise<void> {
  await using open = bench.resources()
  const [persons, walks] = bench.small ? [4_000, 1] : [100_000, 4]
  const database = await createDatabase(open, name, bench.serverUrl)
  await store(database, persons)
  const marketo = await startMarketo(open, REAL)
  await marketo.createLeads(
    times(PAGE, 0, (n) => ({ email: `person${n}@x.example`, externalPersonId: idOf(n) })),
  )
  // Without Salesforce there is no sync, so nothing but the webhook runs.
  const service = await startService(open, { database, marketo, migrated: true })

  const took: number[] = []
  let given = 0
  for (let walk = 0; walk < walks; walk++)
    for (let cursor: string | null = null, more = true; more;) {
      const startedAt = performance.now()
      const { status, text } = await service.webhook({ cursor, limit: PAGE })
      took.push(performance.now() - startedAt)
      if (status !== 200) throw new Error(`the webhook answered ${status}: ${text}`)
      const page = JSON.parse(text) as { records: unknown[]; cursor: string; hasMore: boolean }
      given += page.records.length
      cursor = page.cursor
      more = page.hasMore
    }
  const of = `page of ${PAGE} of ${persons}, ${name}`
  bench.report({ what: `${of}, median`, value: percentile(took, 0.5), unit: 'ms', kind: 'cost' })
  bench.report({
    what: `${of}, 99 of 100`,
    value: percentile(took, 0.99),
    unit: 'ms',
    atMost: 100,
    kind: 'cost',
  })
  bench.report({
    what: `persons not given, ${name}`,
    value: persons * walks - given,
    unit: 'persons',
    atMost: 0,
    kind: 'count',
  })

  // The first call of all describes.
  await service.webhook({ ids: [idOf(0)] })
  await marketo.clear()
  const startedAt = performance.now()
  const { text } = await service.webhook({ ids: times(PAGE, 0, idOf) })
  const ms = performance.now() - startedAt
  const { total } = await marketo.calls()
  const floor = Math.ceil(PAGE / RECORDS_A_CALL)
  bench.report({
    what: `calls of ${PAGE} ids, ${name}`,
    value: total,
    unit: 'calls',
    floor: { value: floor, from: `${PAGE} ids / ${RECORDS_A_CALL} a call` },
    atMost: floor,
    kind: 'count',
  })
  const { records } = JSON.parse(text) as { records: unknown[] }
  bench.report({
    what: `ids not answered, ${name}`,
    value: PAGE - records.length,
    unit: 'persons',
    atMost: 0,
    kind: 'count',
  })
  bench.report({ what: `${PAGE} ids, ${name}`, value: ms, unit: 'ms', kind: 'cost' })
}

async function store(own: OwnDatabase, persons: number): Promise<void> {
  const database = await openDatabase({
    url: own.url,
    tls: 'off',
    folder: own.folder,
    log: createLog('silent'),
  })
  try {
    await migrate(database.db)
    for (let from = 0; from < persons; from += ROWS_AT_ONCE)
      await storeInsights(
        database.db,
        times(Math.min(ROWS_AT_ONCE, persons - from), from, (n) => ({
          id: idOf(n),
          marketoId: String(n + 1),
          readAt: READ_AT,
          values: {
            type: 'Web',
            date: READ_AT,
            description: `Visited the pricing page ${n % 17} times and asked for a call`,
            source: 'Web',
            priority: n % 4,
            urgency: n % 3,
            relativeScore: n % 4,
          },
        })),
      )
  } finally {
    await database.close()
  }
}
