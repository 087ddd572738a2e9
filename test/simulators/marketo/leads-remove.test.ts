import t from 'tap'
import { codeOf, outcomes, startTester } from './tester.ts'

const role = (leadId: number, name: string) => ({ externalOpportunityId: '006A', leadId, role: name })

t.test('leads are deleted by Marketo id, in the body or the query', async (t) => {
  const { post, marketo } = await startTester(t)
  const ids = [1, 2, 3].map(() => marketo.instance.createLead({ lastName: 'Doe' }).id)
  t.strictSame(outcomes(await post('leads/delete.json', { input: [{ id: ids[0] }, { id: 7 }] })), [
    'deleted',
    '1004',
  ])
  t.strictSame(outcomes(await post(`leads/delete.json?id=${ids[1]},${ids[2]}`)), ['deleted', 'deleted'])
  t.equal(marketo.instance.leads.size, 0)
  t.match(marketo.instance.activities(37), [{ leadId: ids[0], primary: 'Doe' }, {}, {}])
  t.equal(codeOf(await post('leads/delete.json', { input: [] })), '701')
  const many = Array.from({ length: 301 }, (_, id) => ({ id }))
  t.equal(codeOf(await post('leads/delete.json', { input: many })), '1003')
})

t.test('a deleted lead takes its roles along', async (t) => {
  const { post, marketo } = await startTester(t)
  const { id } = marketo.instance.createLead({})
  await post('opportunities.json', { input: [{ externalOpportunityId: '006A', name: 'Deal' }] })
  await post('opportunities/roles.json', {
    input: [{ externalOpportunityId: '006A', leadId: id, role: 'Other' }],
  })
  await post('leads/delete.json', { input: [{ id }] })
  t.equal(marketo.instance.roles.size, 0)
})

t.test('a merge keeps what the winner has, fills what it lacks, and moves the roles', async (t) => {
  const { post, marketo } = await startTester(t)
  const winner = marketo.instance.createLead({ email: 'a@b.example', city: 'Rome' })
  const first = marketo.instance.createLead({ city: 'Paris', title: 'CEO', externalPersonId: '00QA' })
  const second = marketo.instance.createLead({ title: 'CFO', phone: '1' })
  await post('opportunities.json', { input: [{ externalOpportunityId: '006A', name: 'Deal' }] })
  await post('opportunities/roles.json', {
    input: [role(winner.id, 'Buyer'), role(first.id, 'Buyer'), role(second.id, 'User')],
  })
  const answer = await post(`leads/${winner.id}/merge.json?leadIds=${first.id},${second.id}`)
  t.strictSame(Object.keys(answer).sort(), ['requestId', 'success'], 'no result array')
  t.strictSame([...marketo.instance.leads.keys()], [winner.id])
  t.match(winner.fields, {
    email: 'a@b.example',
    city: 'Rome',
    title: 'CEO',
    phone: '1',
    externalPersonId: '00QA',
  })
  t.equal(marketo.instance.findLeads('externalPersonId', '00QA')[0], winner)
  t.strictSame(
    marketo.instance
      .rolesOf(winner.id)
      .map((one) => String(one.fields.role))
      .toSorted(),
    ['Buyer', 'User'],
  )
  t.equal(marketo.instance.roles.size, 2)
  t.match(marketo.instance.activities(32), [
    { leadId: winner.id, attributes: { 'Merge IDs': `${first.id},${second.id}` } },
  ])
  t.equal(marketo.instance.activities(37).length, 0)
})

t.test('a merge that can not be done changes nothing', async (t) => {
  const { post, marketo } = await startTester(t)
  const [a, b] = [marketo.instance.createLead({}).id, marketo.instance.createLead({}).id]
  const code = async (winner: number, query: string) =>
    codeOf(await post(`leads/${winner}/merge.json?${query}`))
  t.equal(await code(7, `leadId=${a}`), '1004')
  t.equal(await code(a, `leadIds=${b},7`), '1004')
  t.equal(await code(a, ''), '701')
  t.equal(await code(a, `leadId=${a}`), '1003')
  t.equal(await code(a, `leadId=${b}&mergeInCRM=true`), '1003')
  t.equal(await code(a, `leadIds=${Array.from({ length: 26 }, (_, n) => n + 1).join(',')}`), '1080')
  t.equal(marketo.instance.leads.size, 2)
  t.equal(await code(a, `leadId=${b}`), undefined)
})
