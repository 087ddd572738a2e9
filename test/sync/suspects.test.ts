// Writes whose call fails as a whole: the neighbours of the record that is at fault are not held up by it, and cost few calls.
import t from 'tap'
import { mark, PRIORITY } from '../../src/database/changes.ts'
import type { LoggedCall } from '../simulators/marketo/index.ts'
import { outward } from './fixtures/outward.ts'

const COUNT = 300
/** So often the whole call is repeated before it gets smaller, and a record is sent before it is parked. */
const WHOLE = 4
const ATTEMPTS = 51
/** Not every group is cut in exactly two. */
const MOST_CALLS = WHOLE + 3 * Math.ceil(Math.log2(COUNT))

type Fields = Record<string, unknown>
const isWrite = ({ endpoint, action }: LoggedCall): boolean =>
  endpoint === 'leads.json' && action !== undefined
const isBad = (record: unknown): boolean => (record as Fields).title === 'bad'

for (const beginning of ['new', 'known'] as const)
  t.test(
    `611 for every call that holds one bad record of ${COUNT} ${beginning} ones: the others are written in few calls, it is parked`,
    async (t) => {
      const { db, org, marketo, round } = await outward(t)
      const ids = org.insert(
        'Lead',
        Array.from({ length: COUNT }, (_, n) => ({ LastName: `L${n}`, Company: 'C', Title: 'before' })),
      )
      const [bad] = ids.slice(100) as [string]
      const send = async (): Promise<void> => {
        await mark(
          db,
          ids.map((id) => ({ object: 'Lead', id, priority: PRIORITY.asked })),
        )
        await round()
      }
      const written = (): number => marketo.instance.findLeads('title', 'good').length
      // Their owner first.
      await send()
      if (beginning === 'known') {
        await send()
        t.equal(marketo.instance.leads.size, COUNT)
      }
      for (const id of ids) org.update('Lead', id, { Title: id === bad ? 'bad' : 'good' })
      marketo.calls.clear()
      const fault = marketo.faults.add({
        kind: 'error',
        code: '611',
        match: { endpoint: 'leads.json', where: ({ records = [] }) => records.some(isBad) },
      })

      await send()
      t.equal(written(), 0, 'all in one call, of unknown outcome')
      for (let rounds = 1; written() < COUNT - 1 && rounds < ATTEMPTS; rounds++) await round()
      t.equal(written(), COUNT - 1)
      const calls = [...marketo.calls].filter(isWrite).length
      t.ok(calls <= MOST_CALLS, `${calls} calls`)
      t.strictSame(await db.selectFrom('parked').selectAll().execute(), [], 'an outage parks nobody')

      for (let rounds = 0; rounds < ATTEMPTS && (await round()); rounds++);
      t.match(await db.selectFrom('parked').select(['id', 'code', 'payload']).execute(), [
        { id: bad, code: '611', payload: { title: 'bad' } },
      ])
      t.equal(fault.hits, ATTEMPTS)
      t.strictSame(await db.selectFrom('intents').selectAll().execute(), [])
      t.strictSame(await db.selectFrom('changes').selectAll().execute(), [])
      t.strictSame(marketo.calls.violations(), [])
    },
  )
