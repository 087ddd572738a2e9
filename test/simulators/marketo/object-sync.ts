// POST salespersons.json, companies.json, opportunities.json, opportunities/roles.json (marketo-rest §3).
import { failure, reason, skipped, success } from './answer.ts'
import type { Answer, RecordResult } from './answer.ts'
import { isObject, refusal, textOf } from './call.ts'
import type { Call, Route, World } from './call.ts'
import { inputOf, isAnswer, tooMany, tooManyAnswer, tooManyFinding } from './input.ts'
import { objectClaims, objectFindings } from './object-findings.ts'
import { findRow, keyOf, missingKey, refuseParents, rename, takeObjectFields } from './object-records.ts'
import type { ObjectDefinition } from './object-schemas.ts'

const ACTIONS = ['createOnly', 'updateOnly', 'createOrUpdate']
const DEDUPE_BY = ['dedupeFields', 'idField']

export const syncObjects =
  (definition: ObjectDefinition): Route =>
  (call, world) => {
    // marketo-rest §3.4: with a native CRM sync these objects are read-only, 1018.
    if (world.settings.nativeSync) return refusal(failure('1018'))
    const input = inputOf(call)
    if (isAnswer(input)) return refusal(input)
    const { body, records } = input
    const action = textOf(body.action ?? 'createOrUpdate')
    const by = textOf(body.dedupeBy ?? 'dedupeFields')
    const about = { action, lookupField: by, records }
    if (tooMany(records)) return refusal(tooManyAnswer(), { ...about, findings: [tooManyFinding(records)] })
    if (!ACTIONS.includes(action))
      return refusal(failure('1003', `Invalid value '${action}' for action`), about)
    // marketo-rest §3, the conflict on dedupeBy: the strictest reading, idField with updateOnly alone.
    if (!DEDUPE_BY.includes(by) || (by === 'idField' && action !== 'updateOnly'))
      return refusal(failure('1003', `Invalid value '${by}' for dedupeBy with ${action}`), about)
    return {
      ...about,
      claims: objectClaims(records, by, definition, world),
      findings: objectFindings(records, definition, world),
      run: () => write({ call, world, definition, action, by }, records),
    }
  }

interface Sync {
  call: Call
  world: World
  definition: ObjectDefinition
  action: string
  by: string
}

function write(sync: Sync, records: readonly unknown[]): Answer {
  const { definition, world } = sync
  // marketo-rest §0.4, §3.3: one unknown owner fails the whole call of opportunities, nothing is written.
  if (definition.object === 'opportunities')
    for (const record of records) {
      const owner = isObject(record) ? ownerOf(record, definition) : undefined
      if (owner && !world.store.salesPersons.has('externalSalesPersonId', owner))
        return failure('718', `ExternalSalesPersonID '${owner}' not found`)
    }
  const seen = new Set<string>()
  return success({ result: records.map((record, seq) => ({ seq, ...one(sync, record, seen) })) })
}

function ownerOf(record: Record<string, unknown>, definition: ObjectDefinition): string | undefined {
  for (const name of Object.keys(record))
    if (definition.schema.nameOf(name) === 'externalSalesPersonId') {
      const value = record[name]
      return typeof value === 'string' || typeof value === 'number' ? textOf(value) : undefined
    }
  return undefined
}

function one(sync: Sync, record: unknown, seen: Set<string>): RecordResult {
  const { call, world, definition, action, by } = sync
  if (!isObject(record)) return skipped('1003')
  const injected = call.refuse(record)
  if (injected) return { status: 'skipped', reasons: [injected] }
  const named = rename(record, definition)
  if ('refused' in named) return { status: 'skipped', reasons: [named.refused] }
  const { renamed } = named
  const missing = missingKey(renamed, by, definition)
  if (missing) return skipped('1002', `Missing value for the required parameter '${missing}'`)
  const key = keyOf(renamed, by, definition).toLowerCase()
  // marketo-rest §3.2, §5: one key twice in a batch is 1036; the first one is taken.
  if (seen.has(key)) return skipped('1036')
  seen.add(key)
  // The id is the system's own: not for inserts (marketo-rest §3.3, opportunities.md).
  if (renamed[definition.idField] !== undefined && action !== 'updateOnly')
    return skipped('1003', `Invalid data: ${definition.idField} can not be used with ${action}`)

  const row = findRow(renamed, by, definition, world)
  if (!row && action === 'updateOnly') return skipped('1013')
  if (row && action === 'createOnly') return skipped('1017')
  const taken = takeObjectFields(renamed, definition, !row)
  if ('refused' in taken) return { status: 'skipped', reasons: [taken.refused] }
  const refused =
    refuseParents(taken.fields, definition, world) ?? refuseBlankName(taken.fields, definition, !row)
  if (refused) return { status: 'skipped', reasons: [refused] }

  const table = world.store.tableOf(definition.object)
  const at = world.settings.now()
  if (row) table.update(row, taken.fields, at)
  const written = row ?? table.insert(world.store.newId(definition.object), taken.fields, at)
  return { status: row ? 'updated' : 'created', ...idOf(written.id) }
}

const idOf = (id: number | string) => (typeof id === 'number' ? { id } : { marketoGUID: id })

/** marketo-rest §3.3: "The 'name' field must not be null." */
function refuseBlankName(fields: Record<string, unknown>, definition: ObjectDefinition, isNew: boolean) {
  if (definition.object !== 'opportunities') return undefined
  const blank = fields.name === null || (isNew && fields.name === undefined)
  return blank ? reason('1002', "Missing value for the required parameter 'name'") : undefined
}
