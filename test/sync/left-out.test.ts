import t from 'tap'
import { createReader, type Reader } from '../../src/salesforce/read.ts'
import { leftOut } from '../../src/sync/left-out.ts'
import { connectSimulated } from '../salesforce/fixtures/simulated.ts'

t.test('who is hidden when the filter is asked for is not taken for one that it leaves out', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { org } = simulator
  const [inside, outside, stranger, hidden] = org.insert(
    'Lead',
    ['Sweden', 'Norway', 'Norway', 'Sweden'].map((Country) => ({ LastName: 'Doe', Company: 'X', Country })),
  ) as [string, string, string, string]
  const reader = createReader(salesforce)
  const queries: string[][] = []
  const hiding: Pick<Reader, 'matching'> = {
    matching(object, ids, condition, signal) {
      org.hide('Lead', hidden)
      queries.push(ids)
      return reader.matching(object, ids, condition, signal)
    },
  }
  const { signal } = new AbortController()
  const ids = [inside, outside, stranger, hidden]
  const isInMarketo = (id: string): boolean => id !== stranger
  t.strictSame(await leftOut(hiding, 'Lead', "Country = 'Sweden'", { ids, isInMarketo, signal }), {
    out: new Set([outside, stranger]),
    hidden: new Set([hidden]),
  })
  t.strictSame(queries, [ids, [outside, hidden]], 'only who would leave Marketo costs a second query')
  t.strictSame(await leftOut(hiding, 'Lead', null, { ids, isInMarketo, signal }), {
    out: new Set(),
    hidden: new Set(),
  })
})
