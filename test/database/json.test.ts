import * as fc from 'fast-check'
import t from 'tap'
import { toJson, toText } from '../../src/database/json.ts'

t.test('what PostgreSQL refuses is replaced, all else stays', async (t) => {
  const cases: [unknown, unknown][] = [
    ['plain', 'plain'],
    ['a\0b', 'a\ufffdb'],
    ['cut \ud83d', 'cut \ufffd'],
    ['\ude00 tail', '\ufffd tail'],
    ['whole 😀', 'whole 😀'],
    ['the text \\u0000', 'the text \\u0000'],
    ['back\\\0', 'back\\\ufffd'],
    ['\u0001 control', '\u0001 control'],
    [{ 'key\0': ['\0'] }, { 'key\ufffd': ['\ufffd'] }],
  ]
  for (const [given, stored] of cases) {
    t.strictSame(JSON.parse(toJson(given)), stored, JSON.stringify(given))
    if (typeof given === 'string') t.equal(toText(given), stored)
  }
})

t.test('any JSON stays JSON, and well-formed text stays as it is', async () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value)
      const stored = toJson(value)
      JSON.parse(stored)
      return text.includes('\\u0000') || /\\ud[89a-f]/.test(text) || stored === text
    }),
    { numRuns: 150 },
  )
})
