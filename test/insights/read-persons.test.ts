import t from 'tap'
import { personsByMarketoId, storeKnownInsights } from '../../src/database/insights.ts'
import { dropWanted, wantedInsights, wantInsights } from '../../src/database/refresh-progress.ts'
import { createReadPersons } from '../../src/insights/read-persons.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { endedOrLocked } from '../fixtures/meanwhile.ts'
import { knowPersons, personId } from '../fixtures/persons.ts'

const kind = (await databaseKinds()).at(-1)!

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
