import t from 'tap'
import { checksum, createIdFactory, to18 } from './record-id.ts'

// Real ids, salesforce §9.
const REAL = {
  '001D000000KnaXj': 'IAJ',
  '0014H00002LbR7Q': 'QAV',
  '00D58000000arpq': 'EAA',
  '00558000000yFyD': 'AAU',
}

t.test('the checksum is that of real ids', async (t) => {
  for (const [id, suffix] of Object.entries(REAL)) t.equal(checksum(id), suffix)
})

t.test('15 characters become 18, 18 are checked, the rest is no id', async (t) => {
  t.equal(to18('001D000000KnaXj'), '001D000000KnaXjIAJ')
  t.equal(to18('001D000000KnaXjIAJ'), '001D000000KnaXjIAJ')
  for (const text of ['001D000000KnaXjIAK', '001D000000', '001D000000Kna-j', ''])
    t.equal(to18(text), undefined)
})

t.test('made ids are valid, distinct and sort in the order they were made', async (t) => {
  const newId = createIdFactory()
  const ids = Array.from({ length: 200 }, () => newId('00Q'))
  t.ok(ids.every((id) => to18(id) === id && id.startsWith('00Q')))
  t.equal(new Set(ids).size, 200)
  t.strictSame([...ids].sort(), ids)
})
