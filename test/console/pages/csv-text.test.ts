import t from 'tap'
import { csvLine } from '../../../src/console/pages/csv-text.ts'

t.test('what a spreadsheet would take for a formula is text', (t) => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\n=cmd'])
    t.match(csvLine([formula]), /^"'/, formula)
  t.equal(csvLine(['say "hi", please', 3, 'a\nb']), '"say ""hi"", please",3,"a\nb"\r\n')
  t.end()
})
