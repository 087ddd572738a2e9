// `node test/stories/sweep-memory.ts [persons]`: the service as a process of its own sweeps a million persons that its database knows (filled by
// SQL). Prints what it took and the most memory that was resident; ends with 1 above 300 MB. Needs PostgreSQL (TEST_DATABASE_URL) and 4 GB.
import { sql } from 'kysely'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/schema.ts'
import { writeState } from '../../src/database/state.ts'
import { createLog } from '../../src/log.ts'
import { createOwnDatabase } from '../demo/own-database.ts'
import { startService } from '../demo/service.ts'
import { POSTGRES_URL } from '../fixtures/postgres.ts'
import { until } from '../fixtures/until.ts'
import { startMarketo } from '../simulators/marketo/index.ts'
import { startSalesforce } from '../simulators/salesforce/index.ts'

const MOST_MB = 300
const A_CALL = 300
const DEADLINE_MS = 60 * 60_000

const persons = Number(process.argv[2] ?? 1_000_000)
const count = (n: number): string => Math.round(n).toLocaleString('en')
const ends: (() => unknown)[] = []
try {
  const salesforce = await startSalesforce()
  ends.unshift(() => salesforce.close())
  const marketo = await startMarketo({ callsPer20Seconds: 1_000_000, dailyCalls: 1_000_000, keepRecords: 0 })
  ends.unshift(() => marketo.close())
  const create = (n: number): number =>
    marketo.instance.createLead({
      priority: n % 100,
      relativeUrgency: n % 4,
      msiLastInterestingMomentDesc: `Visited page ${n}`,
    }).id
  const first = create(0)
  for (let n = 1; n < persons; n++) create(n)
  const own = await createOwnDatabase(POSTGRES_URL)
  ends.unshift(() => own.drop())
  await fill(own.url, first)

  const service = await startService({
    environment: {
      DATABASE_URL: own.url,
      DATABASE_TLS: 'off',
      SALESFORCE_LOGIN_URL: salesforce.url,
      SALESFORCE_CLIENT_ID: salesforce.clientId,
      SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
      MARKETO_BASE_URL: marketo.url,
      MARKETO_CLIENT_ID: marketo.clientId,
      MARKETO_CLIENT_SECRET: marketo.clientSecret,
      MARKETO_CALLS_PER_20_SECONDS: '100000',
      MARKETO_DAILY_CALLS: '1000000',
      MARKETO_INSTANCE_DAILY_CALLS: '1000000',
    },
    port: 0,
    signal: new AbortController().signal,
    // Limits beyond Marketo's are warned of.
    onTrouble: () => undefined,
  })
  ends.unshift(() => service.stop())
  const startedAt = Date.now()
  await until('the sweep to end', async () => (await service.status())?.insights.lastSweepAt, DEADLINE_MS)
  const seconds = (Date.now() - startedAt) / 1_000
  const peakMb = await service.peakMb()
  const stored = (await service.status())?.insights.persons ?? 0
  console.log(`${count(persons)} persons in ${count(seconds)} s, values of ${count(stored)} stored`)
  console.log(
    `Marketo calls: ${count(marketo.calls.count('leads.json'))}, floor ${count(Math.ceil(persons / A_CALL))}`,
  )
  console.log(`most memory: ${count(peakMb)} MB, to stay under ${MOST_MB}`)
  process.exitCode = peakMb < MOST_MB && stored === persons ? 0 : 1
} finally {
  for (const end of ends) await end()
}

/** Persons as the ledger has them after a backfill that is over. */
async function fill(url: string, firstMarketoId: number): Promise<void> {
  const { db, close } = await openDatabase({ url, tls: 'off', folder: '', log: createLog('silent') })
  await migrate(db)
  const at = new Date().toISOString()
  const nothing = { object: null, jobId: null, locator: null, watermark: null, reason: null }
  const backfill = {
    state: 'done',
    objects: [],
    force: false,
    marked: 0,
    total: 0,
    startedAt: at,
    finishedAt: at,
  }
  await writeState(db, 'backfill', { ...backfill, ...nothing })
  // The last three characters tell which of the others are capitals: here the Q.
  await sql`
    insert into ledger (object, id, marketo_id, state, adopted, confirmed_at)
    select 'Lead', '00Q5e' || lpad(n::text, 10, '0') || 'EAA', (${firstMarketoId}::bigint + n)::text, 'confirmed', true, now()
    from generate_series(0, ${persons}::bigint - 1) as n`.execute(db)
  await sql`analyze ledger`.execute(db)
  await close()
}
