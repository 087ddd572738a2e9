// What Marketo loses by itself. Nothing tells of it: the next edit of the record finds it.
import type { Fields } from '../simulators/salesforce/dml-save.ts'
import { living, someOf, type Deed, type Scene } from './scene.ts'

/** Marketo's role for the contact role. Only of an opportunity's only one: whoever else is primary is told of by nobody. */
function loneRole({ org, instance }: Scene, id: string): string | undefined {
  const { OpportunityId, ContactId, Role, IsPrimary } = org.get('OpportunityContactRole', id)!
  const others = living(org, 'OpportunityContactRole', (row) => row['OpportunityId'] === OpportunityId)
  const [person] = instance.findLeads('externalPersonId', String(ContactId))
  if (!person || others.length > 1 || IsPrimary === true) return undefined
  return instance.findRole(String(OpportunityId), person.id, String(Role ?? 'Other'))?.id
}

/** One that is in Marketo is lost there, and edited in a field that no other deed sets back. */
const lose =
  (
    object: string,
    isThere: (scene: Scene, id: string) => boolean,
    loseIt: (scene: Scene, id: string) => void,
    edit: (n: number) => Fields,
  ): Deed =>
  (scene, [a, b]) => {
    const id = someOf(scene.org, object, a, ({ Id }) => isThere(scene, Id))
    loseIt(scene, id)
    scene.org.update(object, id, edit(b))
  }

export const LOSSES: Record<string, Deed> = {
  'Marketo loses a sales person': lose(
    'User',
    ({ instance }, id) => instance.findSalesPerson(id) !== undefined,
    ({ instance }, id) => instance.lose('salesPersons', id),
    (n) => ({ MobilePhone: `Lost ${n}` }),
  ),
  'Marketo loses a company': lose(
    'Account',
    ({ instance }, id) => instance.findCompany(id) !== undefined,
    ({ instance }, id) => instance.lose('companies', id),
    (n) => ({ Website: `lost${n}.example` }),
  ),
  'Marketo loses an opportunity': lose(
    'Opportunity',
    ({ instance }, id) => instance.findOpportunity(id) !== undefined,
    ({ instance }, id) => instance.lose('opportunities', id),
    (n) => ({ NextStep: `Lost ${n}` }),
  ),
  'Marketo loses a role': lose(
    'OpportunityContactRole',
    (scene, id) => loneRole(scene, id) !== undefined,
    (scene, id) => scene.instance.lose('roles', loneRole(scene, id)!),
    () => ({ IsPrimary: true }),
  ),
}
