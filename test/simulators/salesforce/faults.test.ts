import t, { type Test } from 'tap'
import { startSalesforce } from './index.ts'
import { createRest, getToken } from './wire.ts'

async function start(t: Test) {
  const sf = await startSalesforce()
  t.teardown(() => sf.close())
  return { sf, faults: sf.faults, rest: await createRest(sf) }
}

t.test('a fault hits the next call, or as many as asked, and counts', async (t) => {
  const { faults, rest } = await start(t)
  const once = faults.status(503)
  t.match(await rest('limits'), { status: 503, json: [{ errorCode: 'SERVER_UNAVAILABLE' }] })
  t.equal((await rest('limits')).status, 200)
  t.equal(once.hits, 1)
  t.equal(once.active, false)

  const twice = faults.status(500, { times: 2, skip: 1, html: true })
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await rest('limits')).status)
  t.strictSame(statuses, [200, 500, 500, 200])
  t.equal(twice.hits, 2)

  const always = faults.status(502, { times: Infinity })
  t.equal((await rest('limits')).status, 502)
  t.equal((await rest('limits')).status, 502)
  always.remove()
  t.equal((await rest('limits')).status, 200)
})

t.test('a fault can be kept to one kind of call or to what a test says', async (t) => {
  const { faults, rest } = await start(t)
  faults.status(500, { kind: 'describe' })
  faults.status(418, { when: (call) => call.path.endsWith('/limits') })
  t.equal((await rest('sobjects')).status, 500)
  t.equal((await rest('limits')).status, 418)
  faults.status(500, { times: Infinity })
  faults.removeAll()
  t.equal((await rest('limits')).status, 200)
})

t.test('answers can be HTML, of another type, cut, slow', async (t) => {
  const { faults, rest } = await start(t)
  faults.html200()
  t.match(await rest('limits'), { status: 200, text: /^<!DOCTYPE html>.*\n$/ })
  faults.contentType('text/plain')
  t.equal((await rest('limits')).headers.get('content-type'), 'text/plain')
  const whole = (await rest('sobjects')).text.length
  faults.truncate()
  await t.rejects(rest('sobjects'), SyntaxError)
  faults.contentType('text/plain')
  t.equal((await rest('sobjects')).text.length, whole)
  faults.slow(60)
  const before = performance.now()
  await rest('limits')
  t.ok(performance.now() - before >= 55)
})

t.test('a connection can be dropped before, amid and after the work', async (t) => {
  const { sf, faults, rest } = await start(t)
  const insert = (LastName: string) =>
    rest('sobjects/Lead', { json: { LastName, Company: 'x' } }).catch(() => 'dropped')
  faults.dropConnection()
  t.equal(await insert('A'), 'dropped')
  t.equal(sf.org.count('Lead'), 0)
  faults.dropConnection({ moment: 'after' })
  t.equal(await insert('B'), 'dropped')
  t.equal(sf.org.count('Lead'), 1, 'the work was done')
  faults.dropConnection({ moment: 'mid-body' })
  t.equal(await insert('C'), 'dropped')
  t.equal(sf.org.count('Lead'), 2)
})

t.test('the daily request limit is 403, tokens can be refused', async (t) => {
  const { sf, faults, rest } = await start(t)
  faults.requestLimitExceeded()
  t.match(await rest('limits'), { status: 403, json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }] })
  faults.refuseTokens()
  t.equal(await getToken(sf), undefined)
  t.ok(await getToken(sf))
})

t.test('row locks refuse the next writes', async (t) => {
  const { sf } = await start(t)
  const id = sf.org.insert('Lead', { LastName: 'A', Company: 'x' })
  sf.faults.lockRows(1)
  t.throws(() => sf.org.update('Lead', id, { Title: 'x' }), { message: /^UNABLE_TO_LOCK_ROW/ })
  sf.org.update('Lead', id, { Title: 'x' })
})

t.test('the log counts calls per kind and keeps what they asked', async (t) => {
  const { sf, rest } = await start(t)
  sf.calls.clear()
  await rest('limits')
  await rest('query?q=SELECT+Id+FROM+Lead')
  await rest('query?q=nonsense')
  t.equal(sf.calls.count('query'), 2)
  t.equal(sf.calls.count(), 3)
  t.match(sf.calls.list.slice(-2), [
    { kind: 'query', status: 200, detail: 'SELECT Id FROM Lead', path: '/services/data/v67.0/query' },
    { kind: 'query', status: 400, detail: 'nonsense' },
  ])
})
