import t from 'tap'
import { addressOf, LONGEST_URI, queryString } from '../../src/marketo/uri.ts'

t.test('lists are joined by commas, what is undefined is left out, and everything is encoded', async (t) => {
  t.equal(
    queryString({
      filterType: 'email',
      filterValues: ['a+b@x.com', 'c d'],
      nextPageToken: undefined,
      batchSize: 300,
    }),
    'filterType=email&filterValues=a%2Bb%40x.com%2Cc%20d&batchSize=300',
  )
  t.equal(queryString({ token: 'WQV2====' }), 'token=WQV2%3D%3D%3D%3D')
  t.equal(queryString({ half: '\ud800' }), 'half=%EF%BF%BD', 'half a surrogate pair does not throw')
})

t.test('a search goes as GET while its address is short', async (t) => {
  t.same(addressOf('/rest/v1/leads.json', 'GET', { filterValues: ['1'] }), {
    path: '/rest/v1/leads.json?filterValues=1',
    method: 'GET',
  })
  t.same(addressOf('/x.json', 'GET'), { path: '/x.json', method: 'GET' })
})

t.test('300 ids of 18 characters with ten fields fit an address; 300 e-mails go into the body', async (t) => {
  const ids = Array.from({ length: 300 }, (_, i) => `00Q5e00000${String(i).padStart(8, '0')}`)
  const fields = Array.from({ length: 10 }, (_, i) => `field${i}`)
  t.equal(addressOf('/rest/v1/leads.json', 'GET', { filterValues: ids, fields }).method, 'GET')
  const emails = ids.map((id) => `${id}@a-rather-long-company-name.example`)
  const address = addressOf('/rest/v1/leads.json', 'GET', { filterType: 'email', filterValues: emails })
  t.match(address, {
    path: '/rest/v1/leads.json?_method=GET',
    method: 'POST',
    form: /^filterType=email&filterValues=/,
  })
  t.ok(address.path.length < LONGEST_URI)
})

t.test('a POST keeps its query, and form forces the body', async (t) => {
  t.same(addressOf('/m.json', 'POST', { leadIds: [1, 2] }), { path: '/m.json?leadIds=1%2C2', method: 'POST' })
  t.match(addressOf('/x.json', 'GET', { a: 'b' }, true), { method: 'POST', form: 'a=b' })
})
