// A queue of a million marks, worked on as the leader does, with five batches in flight: how fast claims are, and whether the process
// still answers. On the embedded database every statement holds up the process, so its slowest one is the stall.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import {
  countChanges,
  due,
  dueKinds,
  mark,
  PRIORITY,
  settle,
  type Taken,
} from '../../../src/database/changes.ts'
import { openDatabase } from '../../../src/database/connection.ts'
import { closeIntents, openIntents } from '../../../src/database/intents.ts'
import { confirm } from '../../../src/database/ledger.ts'
import { analyzeHotTables } from '../../../src/database/maintenance.ts'
import { migrate } from '../../../src/database/schema.ts'
import type { Db } from '../../../src/database/tables.ts'
import { createLog } from '../../../src/log.ts'
import { toId18 } from '../../../src/salesforce/ids.ts'
import { createDatabase, type DatabaseName } from '../database.ts'
import type { Bench, Scenario } from '../scenario.ts'
import { times } from '../rows.ts'

const IDS_A_PAGE = 2_000
const RECORDS_A_CALL = 300
const BATCHES = 5
const LOOK_AGAIN_MS = 1_000
/** 20 fields of 10 bytes. */
const HASHES = new Uint8Array(200)

export const marks: Scenario = {
  name: 'marks',
  title: '1,000,000 marks queued, 5 batches in flight: claims a second, stalls',
  counts: false,
  async run(bench) {
    for (const database of bench.databases) await measure(bench, database)
  },
}

async function measure(bench: Bench, name: DatabaseName): Promise<void> {
  await using open = bench.resources()
  const [queued, worked] = bench.small ? [20_000, 3_000] : [1_000_000, 60_000]
  const own = await createDatabase(open, name, bench.serverUrl)
  const database = await openDatabase({
    url: own.url,
    tls: 'off',
    folder: own.folder,
    log: createLog('silent'),
  })
  open.defer(() => database.close())
  const { db } = database
  await migrate(db)

  const filling = await watched(async () => {
    for (let from = 0; from < queued; from += IDS_A_PAGE)
      await mark(
        db,
        times(IDS_A_PAGE, from, (n) => ({ object: 'Lead', id: idOf(n), priority: PRIORITY.background })),
      )
  })
  const analyzing = await watched(() => analyzeHotTables(db))
  const claiming = await watched(() => work(db, worked, (batch) => settle(db, batch)))
  const whole = await watched(() => work(db, worked, (batch) => cycle(db, batch)))
  const counting = await watched(() => countChanges(db))
  const of = `${name}, ${queued} queued`
  bench.report({
    what: `claims a second, ${of}`,
    value: worked / claiming.seconds,
    unit: 'records a second',
    atLeast: 5_000,
    kind: 'cost',
  })
  bench.report({
    what: `claimed, intended, confirmed and settled a second, ${of}`,
    value: worked / whole.seconds,
    unit: 'records a second',
    kind: 'cost',
  })
  bench.report({
    what: `longest stall while claiming, ${of}`,
    value: Math.max(claiming.stallMs, whole.stallMs),
    unit: 'ms',
    atMost: 200,
    kind: 'cost',
  })
  bench.report({
    what: `marks a second, ${of}`,
    value: queued / filling.seconds,
    unit: 'records a second',
    kind: 'cost',
  })
  bench.report({
    what: `longest stall while marking, ${of}`,
    value: filling.stallMs,
    unit: 'ms',
    atMost: 200,
    kind: 'cost',
  })
  bench.report({
    what: `longest stall of ANALYZE, ${of}`,
    value: analyzing.stallMs,
    unit: 'ms',
    atMost: 200,
    kind: 'cost',
  })
  bench.report({
    what: `counting the queue, ${of}`,
    value: counting.seconds * 1_000,
    unit: 'ms',
    kind: 'cost',
  })
  const left = (await countChanges(db)).queue.Lead ?? 0
  bench.report({
    what: `marks not settled, ${of}`,
    value: left - (queued - 2 * worked),
    unit: 'records',
    atMost: 0,
    kind: 'count',
  })
}

const idOf = (n: number): string => toId18(`00Q5e${String(n).padStart(10, '0')}`) ?? ''

/** As sync.ts claims. The queue is counted beside it, once a second at most, as for the status. */
async function work(db: Db, records: number, finish: (batch: Taken[]) => Promise<void>): Promise<void> {
  const flying = new Set<string>()
  const working = new Set<Promise<void>>()
  let taken = 0
  let countedAt = performance.now()
  let counting: Promise<unknown> = Promise.resolve()
  while (taken < records) {
    if (performance.now() - countedAt > LOOK_AGAIN_MS) {
      countedAt = performance.now()
      counting = Promise.all([counting, countChanges(db)])
    }
    await dueKinds(db)
    const room = (BATCHES - working.size) * RECORDS_A_CALL
    const limit = Math.min(room, records - taken)
    const free = await due(db, 'Lead', limit, PRIORITY.background, [...flying])
    for (let from = 0; from < free.length; from += RECORDS_A_CALL) {
      const batch = free.slice(from, from + RECORDS_A_CALL)
      for (const { id } of batch) flying.add(id)
      const done = finish(batch).finally(() => {
        for (const { id } of batch) flying.delete(id)
        working.delete(done)
      })
      working.add(done)
    }
    taken += free.length
    await Promise.race(working)
  }
  await Promise.all([...working, counting])
}

async function cycle(db: Db, batch: Taken[]): Promise<void> {
  const call = batch[0]?.id ?? ''
  await db.transaction().execute((trx) =>
    openIntents(
      trx,
      batch.map(({ id, version }) => ({
        id,
        object: 'Lead',
        kind: 'upsert',
        call,
        version,
        marketoId: null,
        payload: PAYLOAD,
      })),
    ),
  )
  await db.transaction().execute(async (trx) => {
    await confirm(
      trx,
      batch.map(({ id }) => ({
        object: 'Lead',
        id,
        marketoId: id,
        state: 'confirmed',
        hashes: HASHES,
        pushed: true,
      })),
    )
    await settle(trx, batch)
    await closeIntents(
      trx,
      batch.map(({ id }) => id),
    )
  })
}

const PAYLOAD = {
  input: Object.fromEntries(times(12, 0, (n) => [`field${n}`, `value of field ${n}`])),
  hashes: Buffer.from(HASHES).toString('base64'),
}

async function watched(work: () => Promise<unknown>): Promise<{ seconds: number; stallMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  // It measures from one turn of the loop to the next, and the embedded database may take none.
  await turn()
  delay.reset()
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1_000
  await turn()
  delay.disable()
  return { seconds, stallMs: delay.max / 1e6 }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
