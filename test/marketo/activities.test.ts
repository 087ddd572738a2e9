import t from 'tap'
import { activityPage, activityTypes, pagingToken, type Activity } from '../../src/marketo/activities.ts'
import { startMarketo } from '../simulators/marketo/index.ts'
import { connectClient } from './fixtures/client.ts'
import { json, refusal, startScriptedMarketo, success } from './fixtures/scripted-marketo.ts'

const turn = { priority: 'refresh' } as const

t.test('types are found by their names, whatever their ids', async (t) => {
  const marketo = await startMarketo({ interestingMomentTypeId: 41, changeScoreTypeId: 99 })
  t.teardown(() => marketo.close())
  t.match(await activityTypes(connectClient(t, marketo).client, turn), {
    ok: true,
    types: { interestingMoment: 41, changeScore: 99, mergeLeads: 32 },
  })
})

t.test('a walk from a token finds every activity since, over short and empty pages', async (t) => {
  const marketo = await startMarketo({ callsPer20Seconds: 1_000 })
  t.teardown(() => marketo.close())
  const { client } = connectClient(t, marketo)
  const persons = Array.from(
    { length: 700 },
    (_, i) => marketo.instance.createLead({ email: `${i}@example.com` }).id,
  )
  const since = new Date(Date.now() - 60_000)
  for (const id of persons) marketo.instance.interestingMoment(id, { type: 'Web', description: 'Visited' })
  marketo.instance.changeScore(persons[0]!, { priority: 7 })

  const types = await activityTypes(client, turn)
  const token = await pagingToken(client, { ...turn, since })
  if (!types.ok || !token.ok) throw new Error('no types, or no token')
  const typeIds = [types.types.interestingMoment!, types.types.changeScore!]
  const seen: Activity[] = []
  let nextPageToken = token.token
  for (let more = true; more;) {
    const page = await activityPage(client, { ...turn, typeIds, token: nextPageToken })
    if (!page.ok) throw new Error(page.message)
    seen.push(...page.activities)
    nextPageToken = page.nextPageToken
    more = page.moreResult
  }
  t.equal(new Set(seen.map(({ guid }) => guid)).size, 701)
  t.same(new Set(seen.map(({ leadId }) => leadId)), new Set(persons))
  t.ok(seen.every(({ at }) => at !== undefined && Math.abs(at.getTime() - Date.now()) < 60_000))
  t.ok(seen.some(({ typeId }) => typeId === types.types.changeScore))

  const later = await activityPage(client, { ...turn, typeIds, token: nextPageToken })
  t.match(later, { ok: true, activities: [], moreResult: false })
  marketo.instance.interestingMoment(persons[5]!, { type: 'Email' })
  t.match(await activityPage(client, { ...turn, typeIds, token: nextPageToken }), {
    activities: [{ leadId: persons[5] }],
  })
})

t.test('activities in any form are read, and what is none is left out', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  const odd = [
    {
      id: 5,
      leadId: '7',
      activityTypeId: '46',
      activityDate: '2014-09-17T22:31:49+0000',
      attributes: 'none',
    },
    {
      marketoGUID: 'g',
      id: 6,
      leadId: 8,
      activityTypeId: 22,
      activityDate: 'soon',
      attributes: [{ name: 'Reason', value: 1 }],
    },
    { leadId: 'x', activityTypeId: 1 },
    null,
  ]
  marketo.script(json({ success: true, result: odd, moreResult: true }))
  t.same(await activityPage(client, { ...turn, typeIds: [46], token: 'here' }), {
    ok: true,
    activities: [
      { guid: '5', typeId: 46, leadId: 7, at: new Date('2014-09-17T22:31:49Z'), attributes: {} },
      { guid: 'g', typeId: 22, leadId: 8, at: undefined, attributes: { Reason: 1 } },
    ],
    nextPageToken: 'here',
    moreResult: false,
  })
})

t.test('failures are passed on', async (t) => {
  const marketo = await startScriptedMarketo(t)
  const { client } = connectClient(t, marketo)
  marketo.script(refusal('603'))
  t.match(await activityTypes(client, turn), { ok: false, code: '603' })
  t.match(await pagingToken(client, { ...turn, since: new Date(0) }), { ok: false, code: '603' })
  t.match(await activityPage(client, { ...turn, typeIds: [1], token: 'x' }), { ok: false, code: '603' })
  t.match(marketo.seen[1]?.path, /sinceDatetime=1970-01-01T00%3A00%3A00Z/)
  marketo.script(success())
  t.match(await pagingToken(client, { ...turn, since: new Date() }), { ok: false, code: 'not-marketo' })
  marketo.script(success([{ id: 1, name: 'Visit Webpage' }]))
  t.same(await activityTypes(client, turn), { ok: true, types: {} })
})
