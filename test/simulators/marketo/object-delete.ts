// POST …/delete.json of the four objects: {"deleteBy": "dedupeFields" | "idField", "input": […]} (marketo-rest §3).
import { failure, skipped, success } from './answer.ts'
import type { RecordResult } from './answer.ts'
import { isObject, refusal, textOf } from './call.ts'
import type { Route, World } from './call.ts'
import { inputOf, isAnswer, tooMany, tooManyAnswer, tooManyFinding } from './input.ts'
import { objectClaims } from './object-findings.ts'
import { findRow, missingKey, rename } from './object-records.ts'
import type { ObjectDefinition } from './object-schemas.ts'
import type { Row } from './table.ts'

export const deleteObjects =
  (definition: ObjectDefinition): Route =>
  (call, world) => {
    if (world.settings.nativeSync) return refusal(failure('1018'))
    const input = inputOf(call)
    if (isAnswer(input)) return refusal(input)
    const { body, records } = input
    const by = textOf(body.deleteBy ?? 'dedupeFields')
    const about = { action: 'delete', lookupField: by, records }
    if (tooMany(records)) return refusal(tooManyAnswer(), { ...about, findings: [tooManyFinding(records)] })
    if (by !== 'dedupeFields' && by !== 'idField')
      return refusal(failure('1003', `Invalid value '${by}' for deleteBy`), about)

    function one(record: unknown): RecordResult {
      if (!isObject(record)) return skipped('1003')
      const injected = call.refuse(record)
      if (injected) return { status: 'skipped', reasons: [injected] }
      const named = rename(record, definition)
      if ('refused' in named) return { status: 'skipped', reasons: [named.refused] }
      const { renamed } = named
      const missing = missingKey(renamed, by, definition)
      if (missing) return skipped('1002', `Missing value for the required parameter '${missing}'`)
      const row = findRow(renamed, by, definition, world)
      // companies.md, sales-persons.md: 1013 with these words.
      if (!row) return skipped('1013', 'Record not found')
      // marketo-rest §5, 1022: "Delete is not allowed when an object is in use by another object".
      if (isInUse(row, definition, world)) return skipped('1022')
      remove(row, definition, world)
      return typeof row.id === 'number'
        ? { id: row.id, status: 'deleted' }
        : { marketoGUID: row.id, status: 'deleted' }
    }

    return {
      ...about,
      claims: objectClaims(records, by, definition, world),
      run: () => success({ result: records.map((record, seq) => ({ seq, ...one(record) })) }),
    }
  }

function isInUse(row: Row, { object }: ObjectDefinition, { store, formerOwners }: World): boolean {
  if (object === 'salesPersons') {
    const owner = row.fields.externalSalesPersonId ?? null
    // marketo-rest §3.1: in use by active leads, or by a company that has been deleted; other children by [W].
    return (
      store.leads.has('externalSalesPersonId', owner) ||
      store.companies.has('externalSalesPersonId', owner) ||
      store.opportunities.has('externalSalesPersonId', owner) ||
      formerOwners.has(textOf(owner).toLowerCase())
    )
  }
  if (object === 'companies') {
    const company = row.fields.externalCompanyId ?? null
    return (
      store.leads.has('externalCompanyId', company) || store.opportunities.has('externalCompanyId', company)
    )
  }
  // marketo-rest §3.3: roles go before their opportunity.
  return (
    object === 'opportunities' &&
    store.roles.has('externalOpportunityId', row.fields.externalOpportunityId ?? null)
  )
}

function remove(row: Row, { object }: ObjectDefinition, { store, formerOwners }: World): void {
  store.tableOf(object).remove(row)
  const owner = row.fields.externalSalesPersonId
  if (object === 'companies' && owner) formerOwners.add(textOf(owner).toLowerCase())
}
