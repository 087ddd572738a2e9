// What the instance holds: five tables, and the writes on leads that also leave activities behind.
import { randomUUID } from 'node:crypto'
import {
  createActivities,
  CHANGE_DATA_VALUE,
  CHANGE_OWNER,
  DELETE_LEAD,
  MERGE_LEADS,
  NEW_LEAD,
} from './activities.ts'
import type { Activities, FieldChange } from './activities.ts'
import type { Fields } from './fields.ts'
import { leadSchema } from './lead-schema.ts'
import { objectDefinitions } from './object-schemas.ts'
import type { ObjectDefinition, ObjectName } from './object-schemas.ts'
import type { Settings } from './options.ts'
import { createTable } from './table.ts'
import type { Row, Table } from './table.ts'

export type Lead = Row<number>

export interface Store {
  leads: Table<number>
  salesPersons: Table<number>
  companies: Table<number>
  opportunities: Table<string>
  roles: Table<string>
  activities: Activities
  leadSchema: ReturnType<typeof leadSchema>
  definitions: ObjectDefinition[]
  tableOf(object: ObjectName): Table<number | string>
  newId(object: ObjectName | 'leads'): number | string
  createLead(fields: Fields): Lead
  changeLead(lead: Lead, changes: Fields): void
  removeLead(lead: Lead): void
  mergeLeads(winner: Lead, losers: readonly Lead[]): void
}

export const roleKey = (fields: Fields) =>
  `${String(fields.externalOpportunityId)}|${String(fields.leadId)}|${String(fields.role)}`

const FIRST_ID = { leads: 1_000_001, salesPersons: 501, companies: 20_001 }

export function createStore(settings: Settings): Store {
  // Everybody is in the default partition.
  const leads = createTable<number>({ leadPartitionId: () => 1 })
  const salesPersons = createTable<number>()
  const companies = createTable<number>()
  const opportunities = createTable<string>()
  const roles = createTable<string>({ key: roleKey })
  const activities = createActivities(settings)
  const tables = { salesPersons, companies, opportunities, roles }
  const nextId = { ...FIRST_ID }

  function newId(object: ObjectName | 'leads'): number | string {
    return object === 'opportunities' || object === 'roles' ? randomUUID() : nextId[object]++
  }

  function changeLead(lead: Lead, changes: Fields): void {
    const changed: FieldChange[] = []
    for (const name of Object.keys(changes)) {
      const oldValue = lead.fields[name] ?? null
      const newValue = changes[name] ?? null
      if (oldValue !== newValue) changed.push({ name, oldValue, newValue })
    }
    leads.update(lead, changes, settings.now())
    if (changed.length === 0) return
    activities.log(CHANGE_DATA_VALUE, lead.id, { changes: changed })
    if (changed.some((change) => change.name === 'externalSalesPersonId'))
      activities.log(CHANGE_OWNER, lead.id)
  }

  function removeLead(lead: Lead): void {
    leads.remove(lead)
    for (const role of roles.find('leadId', lead.id)) roles.remove(role)
  }

  return {
    ...tables,
    leads,
    activities,
    leadSchema: leadSchema(settings),
    definitions: objectDefinitions(settings),
    tableOf: (object) => tables[object],
    newId,
    createLead(fields) {
      const lead = leads.insert(nextId.leads++, fields, settings.now())
      activities.log(NEW_LEAD, lead.id)
      return lead
    },
    changeLead,
    removeLead(lead) {
      removeLead(lead)
      const name = [lead.fields.firstName, lead.fields.lastName].filter(Boolean).join(' ')
      activities.log(DELETE_LEAD, lead.id, { primaryId: lead.id, primary: name })
    },
    mergeLeads(winner, losers) {
      const filled: Fields = {}
      for (const loser of losers) {
        // marketo-rest §4: the winner keeps its value unless it is empty.
        for (const name of Object.keys(loser.fields))
          if ((winner.fields[name] ?? filled[name] ?? null) === null) filled[name] = loser.fields[name]
        for (const role of roles.find('leadId', loser.id)) {
          const moved = { ...role.fields, leadId: winner.id }
          if (roles.has('key', roleKey(moved))) roles.remove(role)
          else roles.update(role, { leadId: winner.id }, settings.now())
        }
        removeLead(loser)
      }
      leads.update(winner, filled, settings.now())
      // marketo-rest §6: a merge is activity 32 with "Merge IDs" and "Merge Fields".
      activities.log(MERGE_LEADS, winner.id, {
        primaryId: winner.id,
        primary: String(winner.id),
        attributes: {
          'Merge IDs': losers.map((loser) => loser.id).join(','),
          'Merge Fields': Object.keys(filled).join(','),
        },
      })
    },
  }
}
