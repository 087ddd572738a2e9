// What became of writes without outcome is looked up, also where Marketo does not have what was sent any more.
import t from 'tap'
import { mark, PRIORITY } from '../../src/database/changes.ts'
import { outward } from './fixtures/outward.ts'

t.test(
  'a lost write of a field that Marketo has no more is looked up by its keys, and the record is sent again',
  async (t) => {
    const { db, org, marketo, round } = await outward(t)
    const id = org.insert('Lead', { LastName: 'Field', Company: 'X', Title: 'One', City: 'Rome' })
    const send = async (): Promise<void> => {
      await mark(db, [{ object: 'Lead', id, priority: PRIORITY.asked }])
      await round()
    }
    // Their owner first.
    await send()
    await send()
    const lead = marketo.instance.findLeads('externalPersonId', id)[0]!
    // Null where Marketo has nothing either: without its value nothing is proven.
    org.update('Lead', id, { Title: null, City: 'Paris' })
    marketo.instance.dropLeadField('title')
    marketo.faults.add({
      kind: 'drop',
      when: 'before',
      times: 1,
      match: { endpoint: 'leads.json', where: ({ action }) => action !== undefined },
    })
    await send()
    t.strictSame(await db.selectFrom('intents').selectAll().execute(), [])
    t.match(await db.selectFrom('changes').select(['id', 'force', 'code']).execute(), [
      { id, force: true, code: 'unknown-outcome' },
    ])
    marketo.instance.addLeadField({ name: 'title', dataType: 'string', length: 255 })
    await round()
    t.match(lead.fields, { title: null, city: 'Paris' })
    t.strictSame(marketo.calls.violations(), [])
  },
)
