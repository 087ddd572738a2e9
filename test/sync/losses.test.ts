import t from 'tap'
import { lossOf } from '../../src/sync/losses.ts'

t.test('what each pair of types loses', async (t) => {
  const cases: [from: string, to: string, loss: RegExp | null][] = [
    ['string', 'string', null],
    ['picklist', 'string', null],
    ['multipicklist', 'text', null],
    ['reference', 'string', null],
    ['email', 'email', null],
    ['boolean', 'boolean', null],
    ['boolean', 'string', null],
    ['int', 'integer', null],
    ['int', 'currency', null],
    ['double', 'float', null],
    ['percent', 'integer', /decimals.* are rounded/],
    ['currency', 'currency', null],
    ['date', 'date', null],
    ['date', 'datetime', null],
    ['datetime', 'datetime', null],
    ['datetime', 'date', /time of day is dropped.*UTC/],
    ['string', 'date', /only texts that are a date/],
    ['string', 'boolean', /only texts that are a boolean/],
    ['picklist', 'integer', /only texts that are a integer|only texts that are an integer/],
    ['boolean', 'date', /nothing is sent/],
    ['date', 'integer', /nothing is sent/],
    ['address', 'text', /JSON/],
    ['location', 'float', /map one of its parts/],
  ]
  for (const [type, dataType, loss] of cases) {
    const told = lossOf({ type, length: 0 }, { name: 'field', dataType })
    if (loss === null) t.equal(told, null, `${type} → ${dataType}`)
    else t.match(told, loss, `${type} → ${dataType}`)
  }
})

t.test('text that may be longer than the field', async (t) => {
  const notes = { type: 'textarea', length: 32_000 }
  t.match(lossOf(notes, { name: 'notes', dataType: 'string', length: 255 }), /more than 255 .*32000/)
  t.equal(lossOf({ type: 'string', length: 80 }, { name: 'title', dataType: 'string', length: 255 }), null)
  t.equal(lossOf(notes, { name: 'notes', dataType: 'text' }), null)
})

t.test('an org with several currencies loses which one it was', async (t) => {
  const [from, to] = [
    { type: 'currency', length: 0 },
    { name: 'amount', dataType: 'currency' },
  ]
  t.match(lossOf(from, to, { severalCurrencies: true }), /without saying which/)
})
