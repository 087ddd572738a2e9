import * as fc from 'fast-check'
import t from 'tap'
import { createTable, type Row } from './table.ts'

const stampOf = (row: Row) => Number(row['SystemModstamp'])

t.test('the indexes agree with a plain look at all rows, whatever was put and removed', async (t) => {
  const step = fc.record({
    id: fc.integer({ min: 0, max: 40 }),
    stamp: fc.integer({ min: 0, max: 30 }),
    target: fc.integer({ min: 0, max: 3 }),
    remove: fc.boolean(),
    look: fc.boolean(),
  })
  // Looking in between builds the indexes early.
  let looks = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(30), fc.nat(30), (steps, low, high) => {
      const table = createTable()
      const plain = new Map<string, Row>()
      for (const { id, stamp, target, remove, look } of steps) {
        const row = { Id: `id${String(id).padStart(2, '0')}`, SystemModstamp: stamp, OwnerId: `o${target}` }
        if (remove && plain.delete(row.Id)) table.remove(row.Id)
        else if (!remove) {
          plain.set(row.Id, row)
          table.put(row)
        }
        if (look) looks += [...table.byStamp(), ...table.byId(), ...table.pointingTo('OwnerId', 'o1')].length
      }
      const rows = [...plain.values()].sort((a, b) => (a.Id < b.Id ? -1 : 1))
      const byStamp = [...rows].sort((a, b) => stampOf(a) - stampOf(b))
      const within = byStamp.filter((row) => stampOf(row) >= low && stampOf(row) <= high)
      const same = (found: Iterable<Row>, wanted: Row[]) =>
        JSON.stringify([...found]) === JSON.stringify(wanted)
      const owned = rows.filter((row) => row['OwnerId'] === 'o1').map((row) => row.Id)
      return (
        same(table.byId(), rows) &&
        same(table.byId({ descending: true }), rows.toReversed()) &&
        same(
          table.byId({ from: 'id20' }),
          rows.filter((row) => row.Id >= 'id20'),
        ) &&
        same(table.byStamp(), byStamp) &&
        same(table.byStamp({ from: low, to: high }), within) &&
        same(table.byStamp({ from: low, to: high, descending: true }), within.toReversed()) &&
        JSON.stringify(
          table
            .pointingTo('OwnerId', 'o1')
            .map((row) => row.Id)
            .sort(),
        ) === JSON.stringify(owned)
      )
    }),
    { numRuns: 200 },
  )
  t.ok(looks > 0)
})

t.test('many late rows are merged in', async (t) => {
  const table = createTable()
  for (let i = 0; i < 6_000; i++)
    table.put({ Id: `b${String(i).padStart(5, '0')}`, SystemModstamp: 1_000 + i })
  t.equal([...table.byStamp()].length, 6_000)
  for (let i = 0; i < 100; i++) table.put({ Id: `a${String(i).padStart(5, '0')}`, SystemModstamp: 100 - i })
  const stamps = [...table.byStamp()].map(stampOf)
  t.strictSame(
    stamps,
    [...stamps].sort((a, b) => a - b),
  )
  t.equal(stamps.length, 6_100)
})
