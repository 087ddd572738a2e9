// What marketers do in Marketo meanwhile. Nothing tells of it: what they break, the next edit of the record finds.
import { addLead } from './seen-deeds.ts'
import { email, leavesOut, pick, some, someOf, type Deed, type Scene } from './scene.ts'

interface InBoth {
  object: 'Lead' | 'Contact'
  id: string
  person: number
}

/** A Lead or Contact of Salesforce that is in Marketo, and its person there. */
function somePerson({ org, instance }: Scene, n: number, not?: string): InBoth {
  const object = n % 2 === 0 ? 'Lead' : 'Contact'
  const id = someOf(
    org,
    object,
    n,
    ({ Id }) => Id !== not && instance.findLeads('externalPersonId', Id).length === 1,
  )
  return { object, id, person: instance.findLeads('externalPersonId', id)[0]!.id }
}

export const MARKETERS: Record<string, Deed> = {
  'a marketer makes a person': ({ instance, made }, [a, b]) => {
    const address = email(a)
    if (address !== null)
      made.add(instance.createLead({ email: address, city: `Marketer ${b}`, unsubscribed: b % 3 === 0 }).id)
  },
  'a person of a marketer becomes a lead': (scene, [a, b, c]) => {
    const { org, instance, made } = scene
    const free = [...instance.leads.values()].filter(
      ({ id, fields }) => made.has(id) && typeof fields.email === 'string' && !fields.externalPersonId,
    )
    if (free.length === 0) return
    org.update('Lead', addLead(scene, [a, b, c]), { Email: String(pick(free, a).fields.email) })
  },
  'an adopted lead is deleted': ({ org, instance, made }, [a]) =>
    org.delete(
      'Lead',
      some(org, 'Lead', a, ({ Id }) =>
        instance.findLeads('externalPersonId', Id).some(({ id }) => made.has(id)),
      ),
    ),
  'a marketer opts out a person': ({ instance }, [a]) => {
    const leads = [...instance.leads.keys()]
    if (leads.length > 0) instance.optOut(pick(leads, a))
  },
  'a marketer deletes a person': (scene, [a, b]) => {
    const { object, id, person } = somePerson(scene, a)
    scene.unmade.add(person)
    scene.instance.deleteLead(person)
    scene.org.update(object, id, { Title: `Deleted by a marketer ${b}` })
  },
  'a marketer merges two persons': (scene, [a, b, c]) => {
    const winner = somePerson(scene, a)
    const loser = somePerson(scene, b, winner.id)
    scene.unmade.add(loser.person)
    scene.instance.mergeLeads(winner.person, [loser.person])
    scene.org.update(loser.object, loser.id, { Title: `Merged by a marketer ${c}` })
    scene.org.update(winner.object, winner.id, { Title: `Merged by a marketer ${c}` })
  },
  /** Of a lead that the bridge has not seen yet. Under SEVERAL_PERSONS=report somebody has to clean up. */
  'a list is imported with one key twice': (scene, numbers) => {
    const { org, instance, made, unmade, endings } = scene
    const externalPersonId = addLead(scene, numbers)
    for (let n = 0; n < 2; n++) made.add(instance.createLead({ externalPersonId }).id)
    endings.push(() => {
      const persons = instance.findLeads('externalPersonId', externalPersonId).map(({ id }) => id)
      const lead = org.get('Lead', externalPersonId)
      const isLead =
        lead !== undefined &&
        lead['IsDeleted'] !== true &&
        lead['IsConverted'] !== true &&
        !leavesOut(scene)('Lead', lead)
      const [winner, ...losers] = persons
      // Whoever is left is the lead's own, or theirs where the bridge has seen the two before they merged them: nobody can tell.
      if (isLead && winner !== undefined) made.delete(winner)
      if (winner === undefined || losers.length === 0) return
      for (const id of isLead ? losers : persons) unmade.add(id)
      if (isLead) instance.mergeLeads(winner, losers)
      else for (const id of persons) instance.deleteLead(id)
    })
  },
}
