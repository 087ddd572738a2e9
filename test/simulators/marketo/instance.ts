// What goes on in Marketo beside the API: marketers who create, merge, delete and score people, and other
// integrations that use up the quota. Tests speak to the instance in these words.
import type { Field, Fields, Scalar } from './fields.ts'
import { tierFields } from './lead-schema.ts'
import type { Limits } from './limits.ts'
import type { ObjectName } from './object-schemas.ts'
import type { Settings } from './options.ts'
import { roleKey } from './store.ts'
import type { Lead, Store } from './store.ts'
import type { Row } from './table.ts'
import type { Activity } from './activities.ts'

export interface Moment {
  type: string
  description?: string
  source?: string
  /** A string is emitted as it is; a Date in one of the forms that Marketo uses. Default now. */
  date?: Date | string
}

export interface Scores {
  priority?: number
  relativeUrgency?: number
  relativeScore?: number
  leadScore?: number
}

export interface MarketoInstance {
  leads: ReadonlyMap<number, Lead>
  salesPersons: ReadonlyMap<number, Row<number>>
  companies: ReadonlyMap<number, Row<number>>
  opportunities: ReadonlyMap<string, Row<string>>
  roles: ReadonlyMap<string, Row<string>>
  activities: (typeId: number) => readonly Activity[]
  createLead: (fields: Fields) => Lead
  editLead: (leadId: number, fields: Fields) => void
  /** An admin of Marketo adds a custom field in Field Management. */
  addLeadField: (field: Field) => void
  /** And takes one away: what it held is no longer to be seen, and naming it is answered with 1006. */
  dropLeadField: (name: string) => void
  findLeads: (field: string, value: Scalar) => Lead[]
  findSalesPerson: (externalSalesPersonId: string) => Row<number> | undefined
  findCompany: (externalCompanyId: string) => Row<number> | undefined
  findOpportunity: (externalOpportunityId: string) => Row<string> | undefined
  findRole: (externalOpportunityId: string, leadId: number, role: string) => Row<string> | undefined
  rolesOf: (leadId: number) => Row<string>[]
  interestingMoment: (leadId: number, moment: Moment) => void
  changeScore: (leadId: number, scores: Scores) => void
  /** The nightly re-ranking: new tiers for everybody, and no activity tells of it. */
  rankNightly: (rank?: (lead: Lead) => Pick<Scores, 'relativeUrgency' | 'relativeScore'> | undefined) => void
  deleteLead: (leadId: number) => void
  mergeLeads: (winnerId: number, loserIds: readonly number[]) => void
  optOut: (leadId: number) => void
  /** Takes the lead out of the sync: its externalPersonId is gone, the person stays. */
  makeNonMember: (leadId: number) => void
  /** Marketo loses a parent that children still name; the client can't know, so that is no violation. */
  lose: (object: ObjectName, externalId: string) => void
  /** Calls of other integrations: they count for the day, with `inWindow` for the 20 seconds too. */
  otherConsumerCalls: (calls: number, more?: { inWindow?: boolean; user?: string }) => void
  /** Slots that other integrations hold until this is called again. */
  otherConsumerInFlight: (calls: number) => void
  counts: () => Record<ObjectName | 'leads' | 'activities', number>
}

export function createInstance(deps: {
  store: Store
  limits: Limits
  settings: Settings
  excuse: (object: ObjectName | 'leads', externalId: string) => void
}): MarketoInstance {
  const { store, limits, settings } = deps
  const tiers = tierFields(settings)
  let nights = 0

  function leadOf(id: number): Lead {
    const lead = store.leads.rows.get(id)
    if (!lead) throw new Error(`Marketo simulator: there is no lead ${id}`)
    return lead
  }

  // `urgency` beside relativeUrgency is a raw number, which a reader must not take for the tier (marketo-rest §0.2).
  const urgencies = (tier: number): Fields =>
    tiers.urgency === 'urgency' ? { urgency: tier } : { relativeUrgency: tier, urgency: tier * 12.5 + 4.25 }

  const tierChanges = ({ relativeUrgency, relativeScore }: Scores): Fields => ({
    ...(relativeUrgency === undefined ? {} : urgencies(relativeUrgency)),
    ...(relativeScore === undefined ? {} : { [tiers.score]: relativeScore }),
  })

  return {
    leads: store.leads.rows,
    salesPersons: store.salesPersons.rows,
    companies: store.companies.rows,
    opportunities: store.opportunities.rows,
    roles: store.roles.rows,
    activities: (typeId) => store.activities.ofType(typeId),
    createLead: (fields) => store.createLead({ ...fields }),
    editLead: (leadId, fields) => store.changeLead(leadOf(leadId), fields),
    addLeadField: (field) =>
      void store.leadSchema.fields.set(field.name, { updateable: true, custom: true, ...field }),
    dropLeadField: (name) => void store.leadSchema.fields.delete(name),
    findLeads(field, value) {
      if (field !== 'id') return store.leads.find(field, value)
      const lead = store.leads.rows.get(Number(value))
      return lead ? [lead] : []
    },
    findSalesPerson: (id) => store.salesPersons.find('externalSalesPersonId', id)[0],
    findCompany: (id) => store.companies.find('externalCompanyId', id)[0],
    findOpportunity: (id) => store.opportunities.find('externalOpportunityId', id)[0],
    findRole: (externalOpportunityId, leadId, role) =>
      store.roles.find('key', roleKey({ externalOpportunityId, leadId, role }))[0],
    rolesOf: (leadId) => store.roles.find('leadId', leadId),
    interestingMoment(leadId, { type, description, source = 'Web', date = new Date(settings.now()) }) {
      const lead = leadOf(leadId)
      const stored = typeof date === 'string' ? date : date.getTime()
      store.leads.update(
        lead,
        {
          msiLastInterestingMomentType: type,
          msiLastInterestingMomentDate: stored,
          msiLastInterestingMomentDesc: description ?? null,
          msiLastInterestingMomentSource: source,
        },
        lead.updatedAt,
      )
      store.activities.log(settings.interestingMomentTypeId, leadId, {
        primary: type,
        attributes: {
          Date: typeof date === 'string' ? date : date.toISOString(),
          Description: description ?? null,
          Source: source,
        },
      })
    },
    changeScore(leadId, scores) {
      const lead = leadOf(leadId)
      const before = Number(lead.fields.leadScore ?? 0)
      const after = scores.leadScore ?? before + 5
      const { priority } = scores
      store.leads.update(
        lead,
        { ...tierChanges(scores), ...(priority === undefined ? {} : { priority }), leadScore: after },
        lead.updatedAt,
      )
      store.activities.log(settings.changeScoreTypeId, leadId, {
        primary: 'Person Score',
        attributes: {
          'Change Value': `${after >= before ? '+' : ''}${after - before}`,
          'New Value': after,
          'Old Value': before,
          Reason: 'Changed by Smart Campaign',
        },
      })
    },
    // marketo-rest §0.5: tiers are recalculated nightly for everybody, without any activity.
    rankNightly(rank) {
      nights += 1
      const spread = (lead: Lead) => ({
        relativeUrgency: (lead.id + nights) % 4,
        relativeScore: (lead.id * 3 + nights) % 4,
      })
      for (const lead of store.leads.rows.values())
        store.leads.update(lead, tierChanges((rank ?? spread)(lead) ?? {}), lead.updatedAt)
    },
    deleteLead(leadId) {
      store.removeLead(leadOf(leadId))
      deps.excuse('leads', String(leadId))
    },
    mergeLeads(winnerId, loserIds) {
      store.mergeLeads(leadOf(winnerId), loserIds.map(leadOf))
      for (const id of loserIds) deps.excuse('leads', String(id))
    },
    optOut: (leadId) => store.changeLead(leadOf(leadId), { unsubscribed: true }),
    makeNonMember: (leadId) => store.changeLead(leadOf(leadId), { externalPersonId: null }),
    lose(object, externalId) {
      const definition = store.definitions.find((found) => found.object === object)!
      const table = store.tableOf(object)
      const row =
        definition.dedupeFields.length === 1
          ? table.find(definition.dedupeFields[0]!, externalId)[0]
          : table.rows.get(externalId)
      if (!row) throw new Error(`Marketo simulator: there is no ${definition.name} ${externalId}`)
      table.remove(row)
      deps.excuse(object, externalId)
    },
    otherConsumerCalls: (calls, more) => limits.othersCalled(calls, more),
    otherConsumerInFlight: (calls) => limits.othersHold(calls),
    counts: () => ({
      salesPersons: store.salesPersons.rows.size,
      companies: store.companies.rows.size,
      leads: store.leads.rows.size,
      opportunities: store.opportunities.rows.size,
      roles: store.roles.rows.size,
      activities: store.activities.count(),
    }),
  }
}
