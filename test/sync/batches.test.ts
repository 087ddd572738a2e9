import * as fc from 'fast-check'
import t from 'tap'
import { batchesOf, RECORDS_A_CALL } from '../../src/sync/batches.ts'

interface Item {
  key: string
  bytes: number
  place: number
}

const LIMIT = 1_000_000

const items = fc
  .array(fc.record({ key: fc.stringMatching(/^[a-f]$/), bytes: fc.integer({ min: 1, max: 600_000 }) }), {
    maxLength: 60,
  })
  .map((list): Item[] => list.map((item, place) => ({ ...item, place })))

const cut = (list: Item[], atMost?: number): Item[][] =>
  batchesOf(
    list,
    (item) => item.bytes,
    (item) => item.key,
    atMost,
  )

t.test('nothing is lost or doubled, and limits are kept', async () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 20 }), (list, atMost) => {
      const batches = cut(list, atMost)
      const places = batches.flat().map((item) => item.place)
      return (
        places.length === list.length &&
        new Set(places).size === list.length &&
        batches.every(
          (batch) =>
            batch.length > 0 &&
            batch.length <= atMost &&
            new Set(batch.map((item) => item.key)).size === batch.length &&
            (batch.length === 1 || batch.reduce((sum, item) => sum + item.bytes, 0) < LIMIT),
        )
      )
    }),
  )
})

t.test('of one key, the earlier stays earlier', async () => {
  fc.assert(
    fc.property(items, (list) => {
      const sent = cut(list).flat()
      return ['a', 'b', 'c', 'd', 'e', 'f'].every((key) => {
        const places = sent.filter((item) => item.key === key).map((item) => item.place)
        return places.every((place, index) => index === 0 || places[index - 1]! < place)
      })
    }),
  )
})

t.test('no call is cut before it is full', async (t) => {
  const list = Array.from({ length: 650 }, (_, place) => ({ key: String(place), bytes: 10, place }))
  t.strictSame(
    cut(list).map((batch) => batch.length),
    [RECORDS_A_CALL, RECORDS_A_CALL, 50],
  )
  t.strictSame(cut([]), [])
})

t.test('a record too large for any call goes alone, and takes nobody with it', async (t) => {
  const sizes = [10, 2_000_000, 10]
  const list = sizes.map((bytes, place) => ({ key: String(place), bytes, place }))
  t.strictSame(
    cut(list).map((batch) => batch.map((item) => item.place)),
    [[0], [1], [2]],
  )
})
