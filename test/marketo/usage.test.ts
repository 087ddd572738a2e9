import t from 'tap'
import { usage } from '../../src/marketo/usage.ts'
import { startMarketo } from '../simulators/marketo/index.ts'
import { connectClient } from './fixtures/client.ts'
import { json, startScriptedMarketo, success } from './fixtures/scripted-marketo.ts'

const turn = { priority: 'refresh' } as const

t.test("the whole instance's calls of today are told, others' too", async (t) => {
  const marketo = await startMarketo()
  t.teardown(() => marketo.close())
  const { client } = connectClient(t, marketo)
  marketo.instance.otherConsumerCalls(1_234, { user: 'other@apis.example' })
  const used = await usage(client, turn)
  t.match(used, { ok: true, usage: { date: /^\d{4}-\d\d-\d\d$/ } })
  t.ok(used.ok && used.usage.total >= 1_234)
  t.ok(
    used.ok &&
      used.usage.users.some(({ userId, count }) => userId === 'other@apis.example' && count === 1_234),
  )
})

t.test('a day without calls has none, and one in an odd form is not known', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(success([]))
  t.same(await usage(client, turn), { ok: true, usage: { date: undefined, total: 0, users: [] } })
  const date = '2026-11-23'
  const totals = [undefined, null, '', '-1', -1, 1.5, true, [], {}].map((total) => ({ date, total }))
  for (const odd of [
    { total: 'many' },
    { total: 5 },
    { date: 'today', total: 5 },
    null,
    'x',
    [],
    ...totals,
  ]) {
    marketo.script(success([odd]))
    t.match(await usage(client, turn), { ok: false, code: 'not-marketo' }, JSON.stringify(odd))
  }
  marketo.script(success([{ date: '2026-11-23', total: '12' }]))
  t.same(await usage(client, turn), { ok: true, usage: { date: '2026-11-23', total: 12, users: [] } })
  marketo.script(json({ success: false, errors: [{ code: '607', message: 'Daily quota reached' }] }))
  t.match(await usage(client, turn), { ok: false, code: '607' })
})
