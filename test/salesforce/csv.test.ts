import * as fc from 'fast-check'
import t from 'tap'
import { parseCsv } from '../../src/salesforce/csv.ts'

t.test('a page of bulk results is read with quotes, commas, line breaks and blanks', async (t) => {
  const { rows, complete } = parseCsv('"Id","Name"\n"1","Acme, ""Inc""\nBerlin"\n"2",""\n')
  t.ok(complete)
  t.same(rows, [
    { Id: '1', Name: 'Acme, "Inc"\nBerlin' },
    { Id: '2', Name: null },
  ])
})

t.test('semicolons and tabs are no separators', async (t) => {
  t.same(parseCsv('Id,Name\n1,a;b\tc|d\n').rows, [{ Id: '1', Name: 'a;b\tc|d' }])
})

t.test('a page cut anywhere but at the end of a row is noticed', async (t) => {
  const text = '"Id","Name"\n"1","Acme"\n"2","Umbrella; Co"\n'
  for (let length = 0; length < text.length; length += 1) {
    const cut = parseCsv(text.slice(0, length))
    const atRowEnd = ['\n', undefined].includes(text[length - 1]) || text[length] === '\n'
    if (!atRowEnd || length === 0)
      t.notOk(cut.complete && cut.columns.length === 2, JSON.stringify(text.slice(0, length)))
  }
})

t.test('a row with too few or too many columns makes the page incomplete', async (t) => {
  t.notOk(parseCsv('"Id","Name"\n"1"\n"2","Acme"\n').complete)
  t.notOk(parseCsv('"Id"\n"1","Acme"\n').complete)
})

t.test('unquoted values without a line break at the end count as cut', async (t) => {
  t.notOk(parseCsv('Id\n001000000000001').complete)
  t.notOk(parseCsv('Id,Name\n1,').complete)
  t.notOk(parseCsv('').complete)
})

function quote(value: string): string {
  return `"${value.replaceAll('"', '""')}"`
}

t.test('whatever is written is read back, and any text is read without a throw', async (t) => {
  const cell = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 20 }), (rows) => {
      const text = ['"A","B"', ...rows.map(([a, b]) => `${quote(a)},${quote(b)}`)].join('\n') + '\n'
      const read = parseCsv(text)
      t.ok(read.complete)
      t.same(
        read.rows,
        rows.map(([A, B]) => ({ A: A || null, B: B || null })),
      )
    }),
    { numRuns: 50 },
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => void parseCsv(text)),
    { numRuns: 300 },
  )
})
