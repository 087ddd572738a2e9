import * as fc from 'fast-check'
import t from 'tap'
import { createCookieJar } from '../../src/salesforce/cookies.ts'

t.test('every cookie goes back, the newest value of each', async (t) => {
  const jar = createCookieJar()
  t.equal(jar.header(), '')
  jar.keep([
    'BrowserId=a1; domain=.salesforce.com; path=/; expires=Sun, 22-Nov-2043 10:00:00 GMT',
    'BAYEUX_BROWSER=x=y; Path=/cometd/; HttpOnly',
  ])
  jar.keep('BrowserId=a2; Max-Age=3600')
  t.equal(jar.header(), 'BrowserId=a2; BAYEUX_BROWSER=x=y')
})

t.test('a cookie that is over goes', async (t) => {
  const jar = createCookieJar()
  jar.keep(['a=1', 'b=2', 'c=3'])
  jar.keep(['a=; Max-Age=0', 'b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])
  t.equal(jar.header(), 'c=3')
})

t.test(
  'cookies of other hosts, broken ones and any text do no harm, and never break the header',
  async (t) => {
    const jar = createCookieJar()
    jar.keep(['ok=1; Domain=elsewhere.example', '=nameless', 'noequals', 'bad name=1', 'ctl=a\nb', ''])
    t.equal(jar.header(), 'ok=1')
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => {
        jar.keep(lines)
        t.match(jar.header(), /^[\x20-\x7e]*$/)
      }),
      { numRuns: 200 },
    )
  },
)
