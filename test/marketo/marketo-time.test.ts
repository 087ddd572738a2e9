import t from 'tap'
import { parseMarketoTime } from '../../src/marketo/marketo-time.ts'

t.test('all the ways in which Marketo writes a time are one', async (t) => {
  const cases = {
    '2015-05-07T11:47:30-08:00': '2015-05-07T19:47:30.000Z',
    '2015-05-07T19:47:30Z': '2015-05-07T19:47:30.000Z',
    '2014-09-17T22:31:49+0000': '2014-09-17T22:31:49.000Z',
    '2014-09-17T17:31:49-0500': '2014-09-17T22:31:49.000Z',
    '2015-05-07T19:47:30Z+0000': '2015-05-07T19:47:30.000Z',
    '2015-05-07T19:47:30.250Z': '2015-05-07T19:47:30.250Z',
    ' 2015-05-07 ': '2015-05-07T00:00:00.000Z',
  }
  for (const [text, iso] of Object.entries(cases)) t.equal(parseMarketoTime(text)?.toISOString(), iso, text)
})

t.test('what is no time is none', async (t) => {
  for (const text of ['', 'null', 'yesterday', '2015-13-01', '07/05/2015'])
    t.equal(parseMarketoTime(text), undefined, text)
})
