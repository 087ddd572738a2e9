// GET leads.json by filter and GET lead/{id}.json. Null fields are left out of the answer (marketo-rest §10).
import { failure, success } from './answer.ts'
import type { Answer } from './answer.ts'
import { refusal } from './call.ts'
import type { Call, Route, World } from './call.ts'
import type { Scalar } from './fields.ts'
import { isFilter } from './lead-schema.ts'
import { listOf, MOST_VALUES, pageOf } from './paging.ts'
import type { Lead } from './store.ts'
import { isoSeconds, isoVaried } from './values.ts'

// marketo-rest §3.5: default fields of Get Leads; §2: the most leads that a filter may match.
const DEFAULT_FIELDS = ['id', 'email', 'updatedAt', 'createdAt', 'firstName', 'lastName']
const MOST_MATCHES = 1000

export const getLeads: Route = (call, world) => {
  const { params } = call
  const filterType = params.get('filterType') ?? ''
  const values = listOf(params, 'filterValues')
  const about = { lookupField: filterType, records: values }
  const refused = refuseFilter(filterType, values, world) ?? refuseFields(call, world)
  if (refused) return refusal(refused, about)
  return { ...about, run: () => answer(call, world, filterType, values) }
}

export const getLead: Route = (call, world) => {
  const refused = refuseFields(call, world)
  if (refused) return refusal(refused)
  return {
    records: [call.id],
    run() {
      const lead = world.store.leads.rows.get(call.id ?? -1)
      if (!lead) return failure('1004', `Lead not found: ${call.id}`)
      return success({ result: [viewLead(lead, wanted(call), world)] })
    },
  }
}

function refuseFilter(filterType: string, values: readonly string[], world: World): Answer | undefined {
  if (filterType === '') return failure('701', 'filterType cannot be blank')
  if (values.length === 0) return failure('701', 'filterValues cannot be blank')
  // marketo-rest §5: both recorded at response level with these words.
  if (!world.store.leadSchema.fields.has(filterType))
    return failure('1006', `Lookup field '${filterType}' not found`)
  if (!isFilter(world.store.leadSchema, filterType))
    return failure('1011', `Lookup field '${filterType}' not supported`)
  // marketo-rest §2: at most 300 filterValues; the code is not documented.
  if (values.length > MOST_VALUES)
    return failure('1003', `Invalid data: at most ${MOST_VALUES} filterValues are allowed`)
  return undefined
}

/** marketo-rest §0.2: an unknown name in `fields` is expected to fail the whole call with 1006. */
function refuseFields(call: Call, { store }: World): Answer | undefined {
  const unknown = listOf(call.params, 'fields').find((name) => !store.leadSchema.fields.has(name))
  return unknown === undefined ? undefined : failure('1006', `Field '${unknown}' not found`)
}

function answer(call: Call, world: World, filterType: string, values: readonly string[]): Answer {
  const { leads } = world.store
  const found = new Set<Lead>()
  for (const value of values) {
    if (filterType === 'id') {
      const lead = leads.rows.get(Number(value))
      if (lead) found.add(lead)
    } else for (const lead of leads.find(filterType, value)) found.add(lead)
  }
  // marketo-rest §2: over 1,000 matches fail the call.
  if (found.size > MOST_MATCHES) return failure('1003', 'Too many results match the filter')
  const sorted = [...found].sort((a, b) => a.id - b.id)
  const page = pageOf(sorted, call.params, `${filterType}=${values.join(',')}`)
  if ('status' in page) return page
  const fields = wanted(call)
  return success({ result: page.items.map((lead) => viewLead(lead, fields, world)), ...page.more })
}

function wanted(call: Call): string[] {
  const fields = listOf(call.params, 'fields')
  return fields.length === 0 ? DEFAULT_FIELDS : fields.includes('id') ? fields : ['id', ...fields]
}

function viewLead(lead: Lead, fields: readonly string[], world: World): Record<string, Scalar> {
  const view: Record<string, Scalar> = {}
  for (const name of fields) {
    const value = leadValue(lead, name, world)
    if (value !== null && value !== undefined) view[name] = value
  }
  return view
}

function leadValue(lead: Lead, name: string, { store }: World): Scalar | undefined {
  if (name === 'id') return lead.id
  // marketo-rest §10: lead samples have an offset or Z.
  if (name === 'createdAt') return isoSeconds(lead.createdAt)
  if (name === 'updatedAt') return isoSeconds(lead.updatedAt)
  if (name === 'leadPartitionId') return 1
  const value = lead.fields[name]
  // A form of its own per lead, so that a reader meets all of them (marketo-rest §10).
  if (name === 'msiLastInterestingMomentDate')
    return typeof value === 'number' ? isoVaried(value, lead.id) : value
  if (store.leadSchema.fields.get(name)?.company) return companyValue(lead, name, store) ?? value
  return value
}

/** marketo-rest §3.2: leads linked to a company inherit its values. */
function companyValue(lead: Lead, name: string, store: World['store']): Scalar | undefined {
  const { externalCompanyId } = lead.fields
  if (!externalCompanyId) return undefined
  return store.companies.find('externalCompanyId', externalCompanyId)[0]?.fields[name]
}
