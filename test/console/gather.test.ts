import t from 'tap'
import { gather } from '../../src/console/gather.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { startMarketoSide } from '../fixtures/marketo.ts'
import { personId } from '../fixtures/persons.ts'

// PostgreSQL where there is one: it starts faster than the embedded database.
const kind = (await databaseKinds()).at(-1)

t.test('a Salesforce that hangs does not use up the time of Marketo', async (t) => {
  const { db } = await kind!.create(t)
  const marketo = await startMarketoSide(t)
  await marketo.schema()
  const lead = marketo.simulator.instance.createLead({ externalPersonId: personId(1) })
  const startedAt = performance.now()
  const facts = await gather(
    { db, marketo, salesforce: () => new Promise(() => undefined), deadlineMs: 500 },
    'Lead',
    personId(1),
  )
  t.ok(performance.now() - startedAt < 3_000)
  t.match(facts.salesforce, { known: false, reason: /did not answer in time/ })
  t.match(facts.marketo, { known: true, value: [{ id: lead.id }] })
})
