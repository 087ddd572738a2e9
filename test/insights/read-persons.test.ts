import t from 'tap'
import { personsByMarketoId, storeKnownInsights } from '../../src/database/insights.ts'
import { dropWanted, wantedInsights, wantInsights } from '../../src/database/refresh-progress.ts'
import { createReadPersons } from '../../src/insights/read-persons.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { endedOrLocked } from '../fixtures/meanwhile.ts'
import { knowPersons, personId } from '../fixtures/persons.ts'

const kind = (await databaseKinds()).at(-1)!

t.test('of a part of the persons, taken for all, nobody is declared lost', async (t) => {
  const { db } = await kind.create(t)
  const { client, simulator, schema } = await startMarketoSide(t)
  const persons = [1, 2].map((n) => ({
    id: personId(n),
    marketoId: simulator.instance.createLead({ externalPersonId: personId(n), priority: n }).id,
  }))
  await knowPersons(db, persons)
  const lost: unknown[] = []
  const readPersons = createReadPersons({
    db,
    leader: (work) => db.transaction().execute(work),
    client,
    schema: await schema(),
    onLost: async (some) => void lost.push(...some),
    now: Date.now,
    signal: AbortSignal.timeout(60_000),
  })
  const known = await personsByMarketoId(
    db,
    persons.map(({ marketoId }) => String(marketoId)),
  )
  simulator.faults.add({
    kind: 'http',
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify({ success: true, result: [{ id: persons[0]!.marketoId }], moreResult: true }),
    times: 1,
  })
  const read = () => readPersons(known, 'background', async () => undefined)
  t.match(await read(), { ok: false, code: 'search-not-whole' })
  t.match(await read(), { ok: true, changed: 2 })
  t.strictSame(lost, [])
})

t.test(
  'whoever stores values and wants others does not get in the way of the refresh',
  { skip: kind.name !== 'postgres' && 'several transactions at once need PostgreSQL' },
  async (t) => {
    const { db } = await kind.create(t)
    const { client, simulator, schema } = await startMarketoSide(t)
    const marketoId = simulator.instance.createLead({ externalPersonId: personId(1), priority: 1 }).id
    await knowPersons(db, [{ id: personId(1), marketoId }])
    await wantInsights(db, [String(marketoId)])
    const readPersons = createReadPersons({
      db,
      leader: (work) => db.transaction().execute(work),
      client,
      schema: await schema(),
      onLost: async () => undefined,
      now: Date.now,
      signal: AbortSignal.timeout(60_000),
    })
    let storing: Promise<void> | undefined
    const persons = await personsByMarketoId(db, [String(marketoId)])
    const read = await readPersons(persons, 'refresh', async (trx) => {
      await dropWanted(trx, 1)
      storing = db.transaction().execute(async (other) => {
        await storeKnownInsights(other, [])
        await wantInsights(other, ['999999'])
      })
      await endedOrLocked(db, storing)
    })
    await storing
    t.match(read, { ok: true, changed: 1 })
    t.strictSame((await wantedInsights(db)).ids, ['999999'])
  },
)
