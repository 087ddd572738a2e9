import t from 'tap'
import { startSalesforce } from '../simulators/salesforce/index.ts'
import { expand, expandEvent, readCases, replayIn } from './recorded-dml.ts'

for (const recorded of readCases())
  t.test(`the simulator tells what the publisher tells of ${recorded.case}`, async (t) => {
    const simulator = await startSalesforce()
    t.teardown(() => simulator.close())
    const replay = replayIn(simulator, recorded)
    replay.run(recorded.given)
    replay.told()
    replay.run(recorded.when)
    t.strictSame(replay.told(), recorded.told.map(expandEvent))
    for (const { payload } of simulator.events.published)
      t.ok(String((payload as Record<string, unknown>)['Record_Ids__c']).split(',').length <= 200)
  })

t.test('names of many records', async (t) => {
  t.strictSame(expand('many 1..7/3'), ['many 1', 'many 4', 'many 7'])
  t.strictSame(expand('acme'), ['acme'])
  t.equal(expandEvent('Lead MERGE many 1..2 -> w,w'), 'Lead MERGE many 1,many 2 -> w,w')
})
