import t from 'tap'
import { listHistory } from '../../../src/database/history.ts'
import { startBridge, ADMIN_TOKEN } from '../../fixtures/bridge.ts'
import { databaseKinds } from '../../fixtures/databases.ts'
import { personId } from '../../fixtures/persons.ts'
import { until } from '../../fixtures/until.ts'
import { startWeb } from '../../fixtures/web.ts'
import { visit } from '../fixtures/pages.ts'

const kind = (await databaseKinds()).at(-1)!

t.test('a record is found by id and e-mail, diagnosed as a chain, tried out and sent', async (t) => {
  let lead = ''
  let user = ''
  const bridge = await startBridge(t, {
    kind: kind,
    org: (org) => {
      user = org.insert('User', {
        LastName: 'Rep',
        Email: 'rep@example.com',
        Username: 'rep@example.com',
        IsActive: true,
      })
      lead = org.insert('Lead', {
        LastName: "O'Brien",
        Company: 'Acme',
        Email: "o'brien@example.com",
        OwnerId: user,
      })
    },
  })
  await bridge.settled()
  const visitor = visit(bridge.url)
  await visitor.signIn(ADMIN_TOKEN)

  for (const q of [lead, lead.slice(0, 15), "o'brien@example.com"])
    t.equal(
      (await visitor.get(`/records?q=${encodeURIComponent(q)}`)).headers.get('location'),
      `/records/${lead}`,
      q,
    )
  t.match(
    (await visitor.get('/records?q=nobody@example.com')).text,
    /no Lead, Contact or User with the e-mail/,
  )
  t.match((await visitor.get('/records?q=hello')).text, /neither a Salesforce id/)

  const page = await visitor.get(`/records/${lead}`)
  t.match(page.text, /Nothing is wrong with this record/)
  const links = [...page.text.matchAll(/<li class="(\w+)" data-link="([^"]+)"/g)].map(([, tone, name]) => [
    name,
    tone,
  ])
  t.strictSame(links, [
    ['Salesforce', 'good'],
    ['The bridge', 'good'],
    ['Sales person', 'good'],
    ['Company', 'off'],
    ['Person', 'good'],
    ['Opportunity', 'off'],
    ['Opportunity role', 'off'],
    ['Sales Insight values', 'good'],
  ])
  t.match(page.text, /Nothing but backfills in the last 30 days\. Last sent \d+ \w+ 20\d\d/)

  const pushed = bridge.marketo.calls.length
  t.equal((await visitor.post(`/records/${lead}/sync`)).status, 303)
  await until('the record to be sent again', async () => (await listHistory(bridge.db, lead, 1)).length > 0)
  t.ok(bridge.marketo.calls.length > pushed)

  const sent = await visitor.get(`/records/${lead}`)
  t.match(sent.text, /Accepted by Marketo<\/td>\s*<td>[^<]*email/)

  const dry = await visitor.get(`/settings?id=${lead}`)
  t.match(dry.text, /<th scope="row">Email<\/th>\s*<td[^>]*>o&#39;brien@example.com<\/td>/)
  const fields = await visitor.get('/settings?object=Lead')
  t.match(fields.text, /externalPersonId/)
  t.match(fields.text, /LeadSource/)
  t.equal((await visitor.post('/settings/reload')).headers.get('location'), '/settings?done=reloaded')

  t.match(await visitor.get('/records/hello'), { status: 400, text: /is no Salesforce id/ })
  t.match(await visitor.get('/records/00Q5e00000ZZZZZEAB'), { status: /400|404/ })
  t.match(await visitor.get(`/records/500${lead.slice(3, 15)}`), {
    status: 404,
    text: /other objects are not synced/,
  })
})

t.test('a Salesforce and a Marketo that are down are told in sentences', async (t) => {
  const { db } = await kind.create(t)
  const down = () => Promise.reject(new Error('connect ECONNREFUSED'))
  const web = await startWeb(t, db, { salesforce: down, org: down })
  const visitor = visit(web.url)
  await visitor.signIn()
  const page = await visitor.get(`/records/${personId(1)}`)
  t.equal(page.status, 200)
  t.match(page.text, /Salesforce could not be asked: connect ECONNREFUSED/)
  t.match(page.text, /Marketo is not set up/)
  t.match(page.text, /Unknown, as Marketo does not show the person/)
  t.notMatch(page.text, /Only persons have/, 'a lead is one')
  t.match(page.text, /Nothing yet\./)
  t.notMatch(page.text, /\.ts:\d+/)
  t.match((await visitor.get(`/records?q=someone@example.com`)).text, /could not be asked/)
  t.match((await visitor.get('/settings?object=Lead')).text, /Salesforce could not be asked/)
  t.match((await visitor.get('/setup')).text, /Salesforce could not be asked/)
})
