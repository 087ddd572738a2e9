import t from 'tap'
import { alignResults } from '../../src/marketo/results.ts'

const input = [{ externalPersonId: 'a' }, { externalPersonId: 'b' }]

t.test('leads are aligned by their order', async (t) => {
  const result = [
    { id: 1, status: 'created' },
    { status: 'skipped', reasons: [{ code: 1007, message: 'several' }] },
  ]
  t.same(alignResults(result, input, 'Lead'), [
    { id: 1, status: 'created', reasons: [] },
    { status: 'skipped', reasons: [{ code: '1007', message: 'several' }] },
  ])
})

t.test('other objects are aligned by seq, in whatever order they come', async (t) => {
  const result = [
    { seq: 1, status: 'updated', marketoGUID: 'b' },
    { seq: 0, status: 'created', marketoGUID: 'a' },
  ]
  t.same(
    alignResults(result, input, 'other')?.map((one) => one.marketoGUID),
    ['a', 'b'],
  )
  t.ok(alignResults([{ status: 'updated' }, { status: 'updated' }], input, 'other'), 'without any, by order')
})

t.test('what does not fit the input is not guessed', async (t) => {
  const fits = { status: 'updated', id: 7 }
  t.equal(alignResults([fits], input, 'Lead'), undefined, 'too few')
  t.equal(alignResults([fits, fits, fits], input, 'Lead'), undefined, 'too many')
  t.equal(alignResults([fits, null], input, 'Lead'), undefined, 'null')
  t.equal(alignResults([fits, 'updated'], input, 'Lead'), undefined, 'a string')
  t.equal(alignResults([{ id: 7, status: 'updated' }], [{ id: 8 }], 'Lead'), undefined, "another person's id")
  t.ok(alignResults([{ id: 8, status: 'updated' }], [{ id: '8' }], 'Lead'), 'the same id as text')
  const twice = [
    { seq: 0, status: 'updated' },
    { seq: 0, status: 'updated' },
  ]
  t.equal(alignResults(twice, input, 'other'), undefined, 'a number twice')
  t.equal(alignResults([{ seq: 0 }, { seq: 5 }], input, 'other'), undefined, 'a number out of range')
  t.equal(
    alignResults([{ seq: 0, status: 'updated' }, { status: 'updated' }], input, 'other'),
    undefined,
    'one lacks it',
  )
})

t.test('a status that is unknown, or a person without an id, is unclear', async (t) => {
  t.match(alignResults([{ status: 'queued', id: 3 }, { id: 4 }], input, 'Lead'), [
    { status: 'unclear' },
    { status: 'unclear' },
  ])
  t.match(alignResults([{ status: 'created' }], [{}], 'Lead'), [{ status: 'unclear' }])
  t.match(alignResults([{ status: 'created', seq: 0 }], [{}], 'other'), [{ status: 'created' }])
})

t.test("reasons are read as the documents have them, and as Marketo's OpenAPI file has them", async (t) => {
  const reason = { code: '1004', message: 'Lead not found' }
  t.match(alignResults([{ status: 'skipped', reason }], [{}], 'Lead'), [{ reasons: [reason] }])
  t.match(alignResults([{ status: 'skipped', reasons: 'none' }], [{}], 'Lead'), [{ reasons: [] }])
})
