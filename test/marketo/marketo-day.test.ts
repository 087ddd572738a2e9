import t from 'tap'
import { marketoDayOf } from '../../src/marketo/marketo-day.ts'

const HOUR = 3_600_000
const at = (iso: string): number => Date.parse(iso)

t.test('the day begins at midnight US Central, in winter and in summer', async (t) => {
  t.same(marketoDayOf(at('2026-01-15T05:59:59.999Z')), {
    date: '2026-01-14',
    start: at('2026-01-14T06:00:00Z'),
    end: at('2026-01-15T06:00:00Z'),
  })
  t.equal(marketoDayOf(at('2026-01-15T06:00:00Z')).date, '2026-01-15')
  t.same(marketoDayOf(at('2026-07-15T12:00:00Z')), {
    date: '2026-07-15',
    start: at('2026-07-15T05:00:00Z'),
    end: at('2026-07-16T05:00:00Z'),
  })
})

t.test('the days on which the clocks change have 23 and 25 hours', async (t) => {
  const spring = marketoDayOf(at('2026-03-08T12:00:00Z'))
  t.equal(spring.end - spring.start, 23 * HOUR)
  const autumn = marketoDayOf(at('2026-11-01T12:00:00Z'))
  t.equal(autumn.end - autumn.start, 25 * HOUR)
  t.equal(marketoDayOf(autumn.end).date, '2026-11-02')
})
