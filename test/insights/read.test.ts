import t from 'tap'
import * as fc from 'fast-check'
import { fieldsToRead, readInsight, type InsightNames } from '../../src/insights/read.ts'

const NAMES: InsightNames = {
  lastInterestingMomentType: 'msiLastInterestingMomentType',
  lastInterestingMomentDate: 'msiLastInterestingMomentDate',
  lastInterestingMomentDesc: 'msiLastInterestingMomentDesc',
  lastInterestingMomentSource: 'msiLastInterestingMomentSource',
  priority: 'priority',
  urgency: 'relativeUrgency',
  relativeScore: 'relativeScore',
}

const date = (text: unknown): string | null =>
  readInsight({ msiLastInterestingMomentDate: text }, NAMES).date?.toISOString() ?? null
const description = (text: unknown): string | null =>
  readInsight({ msiLastInterestingMomentDesc: text }, NAMES).description
const pad = (n: number): string => String(Math.abs(Math.trunc(n))).padStart(2, '0')
const priority = (value: unknown): number | null => readInsight({ priority: value }, NAMES).priority

t.test('every value is read from the field that the instance has for it', (t) => {
  t.strictSame(
    readInsight(
      {
        id: 7,
        msiLastInterestingMomentType: 'Web',
        msiLastInterestingMomentDate: '2026-11-23T09:15:00Z',
        msiLastInterestingMomentDesc: 'Visited pricing page',
        msiLastInterestingMomentSource: 'Web',
        priority: 3,
        relativeUrgency: 2,
        urgency: 29.25,
        relativeScoring: 1,
      },
      { ...NAMES, relativeScore: 'relativeScoring' },
    ),
    {
      type: 'Web',
      date: new Date('2026-11-23T09:15:00Z'),
      description: 'Visited pricing page',
      source: 'Web',
      priority: 3,
      urgency: 2,
      relativeScore: 1,
    },
  )
  t.strictSame(fieldsToRead({ priority: 'priority', urgency: 'urgency' }), ['id', 'priority', 'urgency'])
  t.end()
})

t.test('what Marketo leaves out is null, and so is a value whose field the instance lacks', (t) => {
  t.strictSame(readInsight({}, NAMES), {
    type: null,
    date: null,
    description: null,
    source: null,
    priority: null,
    urgency: null,
    relativeScore: null,
  })
  t.equal(readInsight({ priority: 3 }, {}).priority, null)
  t.end()
})

t.test('dates of every form that Marketo emits become the same moment', (t) => {
  for (const text of [
    '2015-05-07T11:47:30-08:00',
    '2015-05-07T11:47:30-0800',
    '2015-05-07T19:47:30Z',
    '2015-05-07T19:47:30+0000',
    '2015-05-07T19:47:30Z+0000',
    '2015-05-07T19:47:30.000Z',
    '2015-05-07 19:47:30',
    ' 2015-05-07T19:47:30Z ',
  ])
    t.equal(date(text), '2015-05-07T19:47:30.000Z', text)
  t.equal(date('2015-05-07'), '2015-05-07T00:00:00.000Z', 'a date alone is midnight UTC')
  for (const text of [
    '',
    'yesterday',
    '2015-02-30',
    '0000-00-00',
    '10:00',
    '2015',
    '0017-01-01',
    '9999-12-31',
    7,
    {},
  ])
    t.equal(date(text), null, JSON.stringify(text))
  t.end()
})

t.test('text survives as it is', (t) => {
  t.equal(description('Visited 🎉\r\nthe “pricing” page'), 'Visited 🎉\r\nthe “pricing” page')
  t.equal(description('null'), 'null', 'the word null is text')
  t.equal(description(''), null)
  t.equal(description('a\u0000b'), 'ab', 'NUL fits in no database')
  t.end()
})

t.test('numbers come as numbers or as text, and 0 is not blank', (t) => {
  t.equal(priority(0), 0)
  t.equal(priority('0'), 0)
  t.equal(priority(' 12 '), 12)
  t.equal(priority('2.6'), 3)
  for (const odd of ['', ' ', 'high', null, undefined, true, Infinity, 1e300, '1e400', [], {}])
    t.equal(priority(odd), null, JSON.stringify(odd))
  t.ok(Object.is(priority(-0.2), 0))
  t.end()
})

t.test('a description is cut at 255 units and never inside a surrogate pair', (t) => {
  t.equal(description('x'.repeat(300)), 'x'.repeat(255))
  t.equal(description(`${'x'.repeat(254)}🎉`), 'x'.repeat(254))
  t.equal(description(`${'x'.repeat(253)}🎉!`), `${'x'.repeat(253)}🎉`)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const read = description(text) ?? ''
      const whole = text.replaceAll('\u0000', '').toWellFormed()
      const full = read.length === whole.length || read.length === 255 || read.length === 254
      return whole.startsWith(read) && read.isWellFormed() && full
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('any moment in any zone is read to the second', (t) => {
  const moments = fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
  const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 })
  fc.assert(
    fc.property(moments, minutes, fc.boolean(), (moment, offset, colon) => {
      const seconds = new Date(Math.floor(moment.getTime() / 1000) * 1000)
      const local = new Date(seconds.getTime() + offset * 60_000).toISOString().slice(0, 19)
      const zone = `${offset < 0 ? '-' : '+'}${pad(offset / 60)}${colon ? ':' : ''}${pad(offset % 60)}`
      return date(local + zone) === seconds.toISOString()
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('no value whatever makes reading fail', (t) => {
  const person = fc.record(Object.fromEntries(Object.values(NAMES).map((name) => [name, fc.anything()])))
  fc.assert(
    fc.property(person, (fields) => {
      const values = Object.values(readInsight(fields, NAMES))
      return values.every(
        (value) =>
          value === null || typeof value === 'string' || Number.isSafeInteger(value) || value instanceof Date,
      )
    }),
    { numRuns: 500 },
  )
  t.end()
})
