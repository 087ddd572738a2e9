// POST leads/delete.json (Marketo ids only, peers §0) and POST leads/{id}/merge.json (marketo-rest §4).
import { failure, skipped, success } from './answer.ts'
import type { RecordResult } from './answer.ts'
import { isObject, refusal } from './call.ts'
import type { Call, Route } from './call.ts'
import { tooMany, tooManyAnswer, tooManyFinding } from './input.ts'
import { listOf } from './paging.ts'
import type { Lead } from './store.ts'

// marketo-rest §2: 1080 above 25 leadIds.
const MOST_MERGED = 25

export const deleteLeads: Route = (call, world) => {
  const records = idsOf(call)
  // marketo-rest §5, 701: "%s cannot be blank".
  if (records.length === 0) return refusal(failure('701', 'input cannot be blank'))
  if (tooMany(records)) return refusal(tooManyAnswer(), { records, findings: [tooManyFinding(records)] })

  function one(record: { id: unknown }): RecordResult {
    const injected = call.refuse(record)
    if (injected) return { status: 'skipped', reasons: [injected] }
    const lead = world.store.leads.rows.get(Number(record.id))
    if (!lead) return skipped('1004')
    world.store.removeLead(lead)
    return { id: lead.id, status: 'deleted' }
  }

  return {
    records,
    claims: records.map((record) => `lead id ${String(record.id)}`),
    run: () => success({ result: records.map(one) }),
  }
}

/** In the body as {"input":[{"id":1}]} or in the query as id=1,2. */
function idsOf(call: Call): { id: unknown }[] {
  const inBody = isObject(call.body) && Array.isArray(call.body.input) ? call.body.input : []
  return [
    ...inBody.map((record: unknown) => ({ id: isObject(record) ? record.id : undefined })),
    ...listOf(call.params, 'id').map((id) => ({ id })),
  ]
}

export const mergeLeads: Route = (call, world) => {
  const { params } = call
  const winnerId = call.id ?? -1
  const ids = [...new Set([...listOf(params, 'leadIds'), ...listOf(params, 'leadId')])]
  const about = { records: [winnerId, ...ids] }
  if (ids.length === 0) return refusal(failure('701', 'leadId cannot be blank'), about)
  if (ids.length > MOST_MERGED) return refusal(failure('1080'), about)
  // marketo-rest §4: mergeInCRM is only valid for instances synced natively with Salesforce.
  if (params.get('mergeInCRM') === 'true')
    return refusal(failure('1003', 'Invalid data: mergeInCRM needs a native CRM sync'), about)
  if (ids.includes(String(winnerId)))
    return refusal(failure('1003', 'Invalid data: a lead can not be merged into itself'), about)
  return {
    ...about,
    claims: [winnerId, ...ids].map((id) => `lead id ${id}`),
    run() {
      const leads: Lead[] = []
      for (const id of [winnerId, ...ids]) {
        const lead = world.store.leads.rows.get(Number(id))
        // marketo-rest §5: 1004 lead not found; nothing is merged then.
        if (!lead) return failure('1004', `Lead not found: ${id}`)
        leads.push(lead)
      }
      world.store.mergeLeads(leads[0]!, leads.slice(1))
      // marketo-rest §4: the answer has no result array.
      return success({})
    },
  }
}
