// Ids mode when Marketo is slow: what could be read in time is answered, the rest with its reason, and nobody waits longer.
import t from 'tap'
import { createReadNow } from '../../src/insights/read-now.ts'
import { createLog } from '../../src/log.ts'
import { databaseKinds, type TestContext } from '../fixtures/databases.ts'
import { startMarketoSide, type MarketoSide } from '../fixtures/marketo.ts'
import { personId } from '../fixtures/persons.ts'

const kind = (await databaseKinds()).at(-1)!
const DEADLINE_MS = 800
const NEVER_MS = 30_000
const ids = Array.from({ length: 600 }, (_, n) => personId(n))

async function start(t: TestContext): Promise<{
  marketo: MarketoSide
  readNow: ReturnType<typeof createReadNow>
}> {
  const { db } = await kind.create(t)
  const marketo = await startMarketoSide(t)
  for (const id of ids) marketo.simulator.instance.createLead({ externalPersonId: id, priority: 1 })
  await marketo.schema()
  const log = createLog('silent')
  return { marketo, readNow: createReadNow({ db, marketo, log, now: Date.now, deadlineMs: DEADLINE_MS }) }
}

t.test('batches are read side by side, and one that is late is told beside the others', async (t) => {
  const { marketo, readNow } = await start(t)
  const { faults, calls } = marketo.simulator
  faults.add({ kind: 'slow', ms: NEVER_MS, match: { endpoint: 'leads.json' }, times: 1 })
  const startedAt = Date.now()
  const read = await readNow(ids)
  t.ok(Date.now() - startedAt < DEADLINE_MS + 4_000)
  if ('reason' in read) throw new Error(read.reason)
  t.equal(read.records.length, 300)
  t.equal(read.missing.length, 300)
  t.match(read.missing[0]?.reason, 'not read: Marketo did not answer in time; ask again.')
  t.strictSame(new Set([...read.records, ...read.missing].map(({ id }) => id)), new Set(ids))
  const [first, second] = calls.entries.filter(({ endpoint }) => endpoint === 'leads.json')
  t.ok(first && second && second.at - first.at < DEADLINE_MS, 'the second did not wait for the first')
})

t.test('when nothing comes in time the caller is told so in time', async (t) => {
  const { marketo, readNow } = await start(t)
  marketo.simulator.faults.add({ kind: 'slow', ms: NEVER_MS, match: { endpoint: 'leads.json' } })
  const startedAt = Date.now()
  const read = await readNow(ids)
  t.ok(Date.now() - startedAt < DEADLINE_MS + 4_000)
  t.match(read, { reason: /Marketo can't be asked: .*in time/, retryAfterSeconds: Number })
})

t.test('when Marketo does not even describe itself in time, neither', async (t) => {
  const { db } = await kind.create(t)
  const { client } = await startMarketoSide(t)
  const readNow = createReadNow({
    db,
    marketo: { client, schema: () => new Promise(() => undefined) },
    log: createLog('silent'),
    now: Date.now,
    deadlineMs: 100,
  })
  t.match(await readNow([personId(1)]), { reason: /Marketo can't be asked: no answer in time/ })
})
