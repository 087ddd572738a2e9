// Person accounts count as their Contact, with no company (design §5, rule 5).
import { smallOrg } from './fixtures/organisation.ts'
import { storyTeller } from './fixtures/story.ts'
import type { Org } from '../simulators/salesforce/org.ts'

const { story } = await storyTeller()

const withAda = (org: Org) => {
  org.enablePersonAccounts()
  const ids = smallOrg(org)
  const ada = org.insert('Account', {
    FirstName: 'Ada',
    LastName: 'Byron',
    PersonEmail: 'ada@home.example',
    OwnerId: ids.ann,
  })
  return { ...ids, ada, contact: String(org.get('Account', ada)?.PersonContactId) }
}

story(
  "A person account is a person without company; an event of its Account brings its Contact's values",
  { org: withAda },
  async (t, { org, ids, salesforce, inStep, person, instance }) => {
    await inStep()
    t.match(person(ids.contact).fields, { email: 'ada@home.example', lastName: 'Byron' })
    t.notOk(person(ids.contact).fields.externalCompanyId)
    t.notOk(instance.findCompany(ids.ada))

    salesforce.faults.dropEventsAtSource(1)
    org.update('Account', ids.ada, { LastName: 'Lovelace' })
    salesforce.events.publishRaw({
      Object_Type__c: 'Account',
      Change_Type__c: 'UPDATE',
      Record_Ids__c: ids.ada,
      Replaced_By_Ids__c: null,
    })
    await inStep()
    t.equal(person(ids.contact).fields.lastName, 'Lovelace')
  },
)
