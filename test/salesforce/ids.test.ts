import t from 'tap'
import { isQueueId, objectOf, toId18 } from '../../src/salesforce/ids.ts'

t.test('15 characters become 18 as in real orgs', async (t) => {
  for (const id of ['001D000000KnaXjIAJ', '0014H00002LbR7QQAV', '00D58000000arpqEAA', '00558000000yFyDAAU'])
    t.equal(toId18(id.slice(0, 15)), id)
})

t.test('18 characters stay, and their checksum is put in capitals', async (t) => {
  t.equal(toId18('001D000000KnaXjIAJ'), '001D000000KnaXjIAJ')
  t.equal(toId18('001D000000KnaXjiaj'), '001D000000KnaXjIAJ')
  t.equal(toId18(' 001D000000KnaXj '), '001D000000KnaXjIAJ')
})

t.test('what is no id is refused', async (t) => {
  for (const text of [
    '',
    '001D000000KnaX',
    '001D000000KnaXjI',
    '001D000000KnaXjIAK',
    "001D000000Kna'j",
    'x'.repeat(19),
    '001d000000knaxjIAJ',
  ])
    t.equal(toId18(text), undefined, text)
})

t.test('the object is told by the key prefix', async (t) => {
  t.equal(objectOf('00558000000yFyDAAU'), 'User')
  t.equal(objectOf('001D000000KnaXjIAJ'), 'Account')
  t.equal(objectOf('00Q000000000001EAA'), 'Lead')
  t.equal(objectOf('003000000000001AAA'), 'Contact')
  t.equal(objectOf('006000000000001AAA'), 'Opportunity')
  t.equal(objectOf('00K000000000001EAA'), 'OpportunityContactRole')
  t.equal(objectOf('00D58000000arpqEAA'), undefined)
  t.equal(objectOf('con'), undefined)
  t.ok(isQueueId('00G000000000001EAA'))
  t.notOk(isQueueId('00558000000yFyDAAU'))
})
