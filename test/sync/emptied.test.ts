import t from 'tap'
import { emptiedBy } from '../../src/sync/emptied.ts'
import type { Mapping } from '../../src/sync/mapping.ts'
import { wholeMapping } from './fixtures/mappings.ts'

const mappingBy = (filter: string | null, { empty = false, active = true } = {}) => {
  const setting = { object: 'Lead', active, filter }
  return wholeMapping({ settings: [setting], empty: new Set(empty ? [setting] : []) })
}
const SOME = { Lead: 1, Contact: 9 }

t.test(
  'a changed filter that lets nothing through, where Marketo has records, empties its object',
  async (t) => {
    const slip = mappingBy('Slip = 1', { empty: true })
    t.strictSame(emptiedBy({}, mappingBy(null), slip, SOME), { Lead: 'Slip = 1' })
    t.strictSame(emptiedBy({}, mappingBy('Good = 1'), slip, SOME), { Lead: 'Slip = 1' })
    const off = mappingBy('Slip = 1', { active: false })
    t.strictSame(emptiedBy({}, off, slip, SOME), { Lead: 'Slip = 1' }, 'switched on with it')
    t.strictSame(emptiedBy({}, mappingBy(null), slip, { Contact: 9 }), {}, 'Marketo has none')
    t.strictSame(emptiedBy({}, mappingBy(null), mappingBy('Slip = 1'), SOME), {}, 'it lets some through')
    t.strictSame(emptiedBy({}, undefined, slip, SOME), {}, 'the first mapping removes nothing')
  },
)

t.test(
  'the last record may leave a filter that is in force; a stop lasts while nothing comes in',
  async (t) => {
    const [full, empty] = [mappingBy('A = 1'), mappingBy('A = 1', { empty: true })]
    t.strictSame(emptiedBy({}, full, empty, SOME), {})
    const held = { Lead: 'A = 1' }
    t.strictSame(emptiedBy(held, empty, empty, SOME), held)
    t.strictSame(emptiedBy(held, empty, full, SOME), {})
    t.strictSame(emptiedBy(held, empty, mappingBy('B = 1', { empty: true }), SOME), { Lead: 'B = 1' })
    t.strictSame(emptiedBy(held, empty, mappingBy(null), SOME), {})
    t.strictSame(emptiedBy(held, empty, mappingBy('A = 1', { empty: true, active: false }), SOME), {}, 'off')
  },
)

t.test('an edit that Salesforce refuses leaves the filter in force, and the stop with it', async (t) => {
  const slip = mappingBy('A = 1', { empty: true })
  const held = { Lead: 'A = 1' }
  const refusedAfter = (before: Mapping, active = true) => {
    const setting = { object: 'Lead', active, filter: 'A =' }
    const refused = new Map([[setting, 'unexpected token']])
    return wholeMapping({ settings: [setting], refused, before: before.objects })
  }
  t.strictSame(emptiedBy(held, slip, refusedAfter(slip), SOME), held)
  t.strictSame(emptiedBy({}, slip, refusedAfter(slip), SOME), {}, 'what was confirmed stays so')
  t.strictSame(emptiedBy(held, slip, refusedAfter(slip, false), SOME), {}, 'off')

  const [now, second] = [
    { object: 'Lead', active: true, filter: 'A = 1' },
    { object: 'Lead', active: true, filter: 'B = 1' },
  ]
  const two = wholeMapping({ settings: [now, second], before: slip.objects })
  t.strictSame(emptiedBy(held, slip, two, SOME), {}, 'a second row is bad too, and the first one was tried')
})
