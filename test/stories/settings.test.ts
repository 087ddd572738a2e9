// An object that the admin does not want to be synced (Marketo_Object_Setting__mdt).
import { storyTeller } from './fixtures/story.ts'

const { story } = await storyTeller()

story(
  'An object that is switched off stays in Marketo as it is, and is caught up with when it is switched on again',
  {},
  async (t, { org, ids, instance, inStep, api, person, quiet, newCalls, reconcile }) => {
    const former = new Map([ids.carl, ids.lena].map((id) => [id, person(id).id]))
    const set = async (active: boolean): Promise<void> => {
      org.setCustomMetadata(
        'Marketo_Object_Setting__mdt',
        ['Opportunity', 'Lead'].map((Object__c) => ({ Object__c, Active__c: active })),
      )
      t.match(await api('/api/mapping/reload', { method: 'POST' }), { status: 200 })
    }
    await set(false)
    org.update('Opportunity', ids.deal, { Amount: 99 })
    const late = org.insert('Lead', { LastName: 'Late', Company: 'X' })
    org.delete('Lead', ids.lena)
    org.update('Contact', ids.carl, { Title: 'Chief' })
    await quiet(30_000)
    await reconcile()
    await quiet(30_000)
    t.equal(person(ids.carl).fields.title, 'Chief', 'the others go on')
    t.strictSame(
      newCalls()
        .filter(({ action, endpoint }) => action !== undefined || endpoint.includes('delete'))
        .map(({ records }) => JSON.stringify(records))
        .filter((records) => !records.includes(String(former.get(ids.carl)))),
      [],
      'nothing of them is sent or removed',
    )
    t.equal(person(ids.lena).fields.title, 'Engineer')
    t.ok(instance.findOpportunity(ids.deal))
    t.strictSame(instance.findLeads('externalPersonId', late), [])

    await set(true)
    await reconcile()
    await inStep({ former, deadlineMs: 30_000 })
    t.equal(Number(instance.findOpportunity(ids.deal)?.fields.amount), 99)
    t.equal(instance.findLeads('externalPersonId', late).length, 1)
    t.strictSame(instance.findLeads('externalPersonId', ids.lena), [])
  },
)
