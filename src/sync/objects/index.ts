// The dependency order, once: least dependent first. Creates walk it forwards, deletes backwards. Leads and Contacts are one
// step: neither depends on the other.
import type { ObjectName } from '../../salesforce/ids.ts'
import { company } from './company.ts'
import type { ObjectDefinition } from './definition.ts'
import { opportunity } from './opportunity.ts'
import { opportunityRole } from './opportunity-role.ts'
import { contact, lead } from './person.ts'
import { salesPerson } from './sales-person.ts'

export const ORDER: readonly (readonly ObjectDefinition[])[] = [
  [salesPerson],
  [company],
  [lead, contact],
  [opportunity],
  [opportunityRole],
]

export const DEFINITIONS: Readonly<Record<ObjectName, ObjectDefinition>> = {
  User: salesPerson,
  Account: company,
  Lead: lead,
  Contact: contact,
  Opportunity: opportunity,
  OpportunityContactRole: opportunityRole,
}

/** Objects of earlier steps: all that this one may point to. */
export function before(object: ObjectName): ObjectName[] {
  const step = ORDER.findIndex((definitions) =>
    definitions.some((definition) => definition.object === object),
  )
  return ORDER.slice(0, step).flatMap((definitions) => definitions.map((definition) => definition.object))
}

/** The object of a person's id. */
export function personObjectOf(id: string): 'Lead' | 'Contact' {
  return id.startsWith('003') ? 'Contact' : 'Lead'
}
