import * as fc from 'fast-check'
import t from 'tap'
import { convert, cutCharacters } from '../../src/sync/values.ts'

const TYPES = [
  'boolean',
  'integer',
  'score',
  'long',
  'float',
  'double',
  'currency',
  'percent',
  'date',
  'datetime',
  'text',
  'string',
  'email',
  'phone',
  'url',
  'reference',
  'unheard-of',
]

t.test('values as each of Marketo’s types takes them', async (t) => {
  const cases: [type: string, given: unknown, value: unknown, lost?: RegExp][] = [
    ['string', 'x', 'x'],
    ['string', '', null],
    ['string', null, null],
    ['string', undefined, null],
    ['string', 7, '7'],
    ['string', false, 'false'],
    ['string', { street: 'Main' }, '{"street":"Main"}'],
    ['boolean', true, true],
    ['boolean', false, false],
    ['boolean', 'TRUE', true],
    ['boolean', 'no', false],
    ['boolean', '0', false],
    ['boolean', 'perhaps', null, /no boolean/],
    ['integer', 3, 3],
    ['integer', '42', 42],
    ['integer', 2.5, 3, /rounded from 2.5/],
    ['integer', 'many', null, /no integer/],
    ['integer', '  ', null, /no integer/],
    ['currency', '1200.5', 1200.5],
    ['percent', 99.5, 99.5],
    ['float', 'Infinity', null, /no float/],
    ['date', '2026-11-23', '2026-11-23'],
    ['date', '2026-11-23T09:15:00.000+0000', '2026-11-23'],
    ['date', 'soon', null, /no date/],
    ['datetime', '2026-11-23T09:15:00.000+0000', '2026-11-23T09:15:00Z'],
    ['datetime', '2026-11-23T09:15:00.250Z', '2026-11-23T09:15:00.250Z'],
    ['datetime', 'soon', null, /no datetime/],
  ]
  for (const [dataType, given, value, lost] of cases) {
    const converted = convert(given, { name: 'field', dataType })
    t.strictSame(converted.value, value, `${dataType}: ${JSON.stringify(given)}`)
    if (lost === undefined) t.equal(converted.note, undefined)
    else t.match(converted.note, lost)
  }
})

t.test('text longer than the field is cut, never within a character, and said so', async (t) => {
  t.strictSame(convert('abcdef', { name: 'title', dataType: 'string', length: 3 }), {
    value: 'abc',
    note: 'title was cut to 3 characters, all that Marketo takes',
  })
  t.equal(cutCharacters('ab🎉cd', 3), 'ab')
  t.equal(cutCharacters('ab🎉cd', 4), 'ab🎉')
  t.equal(convert('abcdef', { name: 'notes', dataType: 'text', length: 3 }).value, 'abc')
  const long = convert('ü'.repeat(20_000), { name: 'notes', dataType: 'text' })
  t.equal(long.value, 'ü'.repeat(15_000))
  const odd = convert(`x${'€'.repeat(20_000)}`, { name: 'notes', dataType: 'text' })
  t.ok(Buffer.byteLength(String(odd.value)) <= 30_000)
  t.notOk(String(odd.value).includes('\ufffd'))
})

t.test('a note never holds the value', async (t) => {
  const { note } = convert('very private', { name: 'employees', dataType: 'integer' })
  t.notOk(note?.includes('very private'))
})

t.test('any JSON into any type never throws, fits, and what is lost is said', async () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.string({ unit: 'grapheme', maxLength: 80 })),
      fc.constantFrom(...TYPES),
      fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      (given, dataType, length) => {
        const { value, note } = convert(given, { name: 'field', dataType, length })
        if (value === null) return given === null || given === '' || note !== undefined
        if (typeof value === 'number') return Number.isFinite(value)
        if (typeof value === 'boolean') return dataType === 'boolean'
        const text = typeof given === 'string' ? given : JSON.stringify(given)
        const limited = dataType !== 'date' && dataType !== 'datetime'
        return (
          (!limited || length === undefined || value.length <= length) &&
          (value === text || note !== undefined || dataType === 'date' || dataType === 'datetime')
        )
      },
    ),
    { numRuns: 1_000 },
  )
})
