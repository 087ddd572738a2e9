// POST leads.json. Looks its keys up when it arrives and writes when its time is over: two upserts of one new key
// that overlap create two leads, as with the real one (marketo-rest §4).
import { failure, reason, skipped, success } from './answer.ts'
import type { Answer, Reason, RecordResult } from './answer.ts'
import { isObject, refusal, textOf } from './call.ts'
import type { Call, Prepared, Route, World } from './call.ts'
import type { Fields, Scalar } from './fields.ts'
import { inputOf, isAnswer, tooMany, tooManyAnswer, tooManyFinding } from './input.ts'
import { isLookup } from './lead-schema.ts'
import { leadClaims, leadFindings } from './lead-findings.ts'
import type { Lead } from './store.ts'
import { isReason, takeValue } from './values.ts'

type Action = 'createOnly' | 'updateOnly' | 'createOrUpdate' | 'createDuplicate'
const ACTIONS: readonly string[] = ['createOnly', 'updateOnly', 'createOrUpdate', 'createDuplicate']

export const syncLeads: Route = (call, world) => {
  const input = inputOf(call)
  if (isAnswer(input)) return refusal(input)
  const { body, records } = input
  const action = body.action ?? 'createOrUpdate'
  const lookupField = body.lookupField ?? 'email'
  const about = { action: textOf(action), lookupField: textOf(lookupField), records }
  if (tooMany(records)) return refusal(tooManyAnswer(), { ...about, findings: [tooManyFinding(records)] })
  if (!isAction(action))
    return refusal(failure('1003', `Invalid value '${textOf(action)}' for action`), about)
  const refused = refuseLookup(lookupField, world)
  if (refused) return refusal(refused, about)
  return prepare(call, world, {
    ...about,
    action,
    lookupField: about.lookupField,
    partition: body.partitionName,
  })
}

const isAction = (value: unknown): value is Action => ACTIONS.includes(value as string)

// marketo-rest §5: recorded at response level, 1006 for an unknown and 1011 for an unsupported field.
function refuseLookup(lookupField: unknown, { store, settings }: World): Answer | undefined {
  if (typeof lookupField !== 'string' || !store.leadSchema.fields.has(lookupField))
    return failure('1006', `Lookup field '${textOf(lookupField)}' not found`)
  return isLookup(store.leadSchema, lookupField, settings)
    ? undefined
    : failure('1011', `Lookup field '${lookupField}' not supported`)
}

interface Request {
  action: Action
  lookupField: string
  records: readonly unknown[]
  partition: unknown
}

function prepare(call: Call, world: World, request: Request): Prepared {
  const { action, lookupField, records } = request
  const { store } = world

  function find(key: unknown): Lead[] {
    if (key === null || key === undefined || key === '' || typeof key === 'object') return []
    if (lookupField !== 'id') return store.leads.find(lookupField, key as Scalar)
    const lead = store.leads.rows.get(Number(key))
    return lead ? [lead] : []
  }

  const found = records.map((record) =>
    action === 'createDuplicate' || !isObject(record) ? [] : find(record[lookupField]),
  )
  const createdHere = new Map<string, Lead>()

  function one(record: unknown, arrived: Lead[]): RecordResult {
    if (!isObject(record)) return skipped('1003')
    const injected = call.refuse(record)
    if (injected) return { status: 'skipped', reasons: [injected] }
    const taken = takeFields(record, action, world)
    if ('refused' in taken) return { status: 'skipped', reasons: [taken.refused] }
    const { fields } = taken
    const key = record[lookupField]
    // marketo-rest §3.5: the lookup field "must be present in each lead record of the input".
    if (action !== 'createDuplicate' && (key === undefined || key === null || key === ''))
      return skipped('1002', `Missing value for the required parameter '${lookupField}'`)
    const orphan = refuseParents(fields, world)
    if (orphan) return { status: 'skipped', reasons: [orphan] }
    // marketo-rest §4: 1008 access denied to a partition; it works with createOnly and createOrUpdate alone.
    if (typeof request.partition === 'string' && !world.settings.partitions.includes(request.partition))
      return skipped('1008', `Access denied to partition '${request.partition}'`)

    const matches = matching(key, arrived)
    // marketo-rest §4: recorded with exactly this message.
    if (matches.length > 1) return skipped('1007')
    const lead = matches[0]
    if (!lead) {
      if (action === 'updateOnly') return skipped('1004')
      const created = store.createLead(fields)
      if (key !== undefined) createdHere.set(textOf(key).toLowerCase(), created)
      return { id: created.id, status: 'created' }
    }
    if (action === 'createOnly') return skipped('1005')
    store.changeLead(lead, keepCompany(fields, lead))
    return { id: lead.id, status: 'updated' }
  }

  /** What an upsert did not see at its arrival it creates, though another call has created it since. */
  function matching(key: unknown, arrived: Lead[]): Lead[] {
    if (action === 'createDuplicate') return []
    if (action !== 'createOrUpdate' || arrived.length > 0) return find(key)
    const here = createdHere.get(textOf(key).toLowerCase())
    return here ? [here] : []
  }

  return {
    action,
    lookupField,
    records,
    claims: leadClaims(records, found, action, lookupField),
    findings: leadFindings(records, found, action, world),
    run: () => success({ result: records.map((record, nth) => one(record, found[nth]!)) }),
  }
}

type Taken = { fields: Fields } | { refused: Reason }

/** The values to write, or the reason of the first field that can't be. */
function takeFields(record: Record<string, unknown>, action: Action, world: World): Taken {
  const fields: Fields = {}
  let same = true
  for (const name of Object.keys(record)) {
    const field = world.store.leadSchema.fields.get(name)
    // marketo-rest §10: 1006 for an unknown field is record-level in a POST.
    if (!field) return { refused: reason('1006', `Field '${name}' not found`) }
    if (name === 'id') {
      // marketo-rest §3.5: `id` only with updateOnly, 1003 otherwise.
      if (action !== 'updateOnly')
        return { refused: reason('1003', `Invalid data: id can not be used with ${action}`) }
      same = false
      continue
    }
    // marketo-rest §0.7, §3.5: company fields are refused in Sync Leads.
    if (field.company) return { refused: reason('1021', 'Company update not allowed during syncLead') }
    // marketo-rest §8: calculated fields are read-only; the code is not documented.
    if (field.updateable === false)
      return { refused: reason('1003', `Invalid data: field '${name}' is read-only`) }
    const value = takeValue(field, record[name])
    if (isReason(value)) return { refused: value }
    if (value !== record[name]) same = false
    fields[name] = value
  }
  // A record that is stored as it came keeps its compact shape from the JSON parser.
  return { fields: same ? { ...(record as Fields) } : fields }
}

/** Unknown parents: "order problem", 1013 (marketo-rest §5). What the real one does is not documented. */
function refuseParents(fields: Fields, { store }: World): Reason | undefined {
  const { externalSalesPersonId, externalCompanyId } = fields
  if (externalSalesPersonId && !store.salesPersons.has('externalSalesPersonId', externalSalesPersonId))
    return reason('1013', `Object not found: externalSalesPersonId '${textOf(externalSalesPersonId)}'`)
  if (externalCompanyId && !store.companies.has('externalCompanyId', externalCompanyId))
    return reason('1013', `Object not found: externalCompanyId '${textOf(externalCompanyId)}'`)
  return undefined
}

/** marketo-rest §0.8, §3.2: a lead can be moved to another company, never detached from its own. */
function keepCompany(fields: Fields, lead: Lead): Fields {
  if (fields.externalCompanyId !== null || !lead.fields.externalCompanyId) return fields
  const { externalCompanyId: _, ...rest } = fields
  return rest
}
