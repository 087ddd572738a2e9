// Reading and writing single records and collections: sobjects/{T}/{id}, composite/sobjects, sobjects/{T}/deleted.

import { ApiError, invalidField } from './api-error.ts'
import { parseTime, present } from './cell.ts'
import type { DmlOptions } from './dml-context.ts'
import { DmlError } from './dml-error.ts'
import type { Fields } from './dml-save.ts'
import type { Exchange } from './exchange.ts'
import type { Org } from './org.ts'
import { to18 } from './record-id.ts'
import type { RunContext } from './soql-run.ts'
import { findObject, resolvePath, type Path } from './soql-path.ts'
import type { Row } from './table.ts'
import type { ObjectType } from './schema.ts'

/** Salesforce §7: "POST composite/sobjects/{Type}: up to 2,000 ids"; writes 200 a call. */
const MOST_RETRIEVED = 2_000
const MOST_WRITTEN = 200
const DELETED_WINDOW_MS = 15 * 86_400_000

export async function readJson(exchange: Exchange): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await exchange.body())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new ApiError(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required to be a JSON object')
}

function columnsOf(context: RunContext, type: ObjectType, names: unknown): Path[] {
  if (!Array.isArray(names) || names.length === 0) {
    throw new ApiError(400, 'INVALID_FIELD', 'The fields parameter is required')
  }
  // HTTP 400 if any field is invalid or lacks FLS (§7).
  return names.map((name) => {
    if (String(name).includes('.'))
      throw invalidField(`No such column '${String(name)}' on entity '${type.name}'`)
    return resolvePath(context, type, type.name, String(name))
  })
}

function show(context: RunContext, type: ObjectType, row: Row, columns: Path[]): Record<string, unknown> {
  const shown: Record<string, unknown> = {
    attributes: { type: type.name, url: context.recordUrl(type.name, row.Id) },
  }
  for (const { field, read } of columns) shown[field.name] = present(field, read(row))
  shown['Id'] ??= row.Id
  return shown
}

/** One array element per id, in their order; null for what is missing, deleted or not visible (§7). */
export async function retrieveMany(context: RunContext, exchange: Exchange, object: string): Promise<void> {
  const type = findObject(context, object)
  const { ids, fields } = await readJson(exchange)
  if (!Array.isArray(ids)) throw new ApiError(400, 'MALFORMED_ID', 'The ids parameter is required')
  exchange.call.detail = `${type.name} × ${ids.length}`
  if (ids.length > MOST_RETRIEVED) {
    throw new ApiError(
      400,
      'EXCEEDED_ID_LIMIT',
      `record limit reached. cannot submit more than ${MOST_RETRIEVED} ids`,
    )
  }
  const columns = columnsOf(context, type, fields)
  const records = ids.map((given) => {
    const id = to18(String(given))
    if (!id) throw new ApiError(400, 'MALFORMED_ID', `malformed id ${String(given)}`)
    const row = context.table(type.name).get(id)
    return row && context.sees(row, false) ? show(context, type, row, columns) : null
  })
  return exchange.json(200, records)
}

export function readOne(
  context: RunContext,
  exchange: Exchange,
  object: string,
  given: string,
): Promise<void> {
  const type = findObject(context, object)
  exchange.call.detail = `${type.name} ${given}`
  const row = context.table(type.name).get(to18(given) ?? '')
  if (!row || !context.sees(row, true)) {
    throw new ApiError(
      404,
      'NOT_FOUND',
      'Provided external ID field does not exist or is not accessible: ' + given,
    )
  }
  if (row['IsDeleted'] === true) throw new ApiError(404, 'ENTITY_IS_DELETED', 'entity is deleted')
  const names = exchange.url.searchParams.get('fields')?.split(',')
  const visible = [...type.fields.values()]
    .map((field) => field.name)
    .filter((name) => context.permits(type.name, name))
  return exchange.json(200, show(context, type, row, columnsOf(context, type, names ?? visible)))
}

const stamp = (at: number): string => new Date(at).toISOString().replace('Z', '+0000')

/** `GET sobjects/{T}/deleted`: the last 15 days, hard deletes too; windows as the real one checks them. */
export function listDeleted(
  context: RunContext,
  org: Org,
  now: number,
  exchange: Exchange,
  object: string,
): Promise<void> {
  const type = findObject(context, object)
  exchange.call.detail = type.name
  const start = parseTime(exchange.url.searchParams.get('start'))
  const end = parseTime(exchange.url.searchParams.get('end'))
  if (Number.isNaN(start) || Number.isNaN(end)) {
    throw new ApiError(400, 'INVALID_REPLICATION_DATE', 'start and end must be ISO 8601 date times')
  }
  if (end - start < 60_000) {
    throw new ApiError(
      400,
      'INVALID_REPLICATION_DATE',
      'startDate must be at least one minute greater than endDate',
    )
  }
  if (start < now - 2 * DELETED_WINDOW_MS) {
    throw new ApiError(400, 'INVALID_REPLICATION_DATE', 'startDate before org replication enabled date')
  }
  const found = [...context.table(type.name).byStamp({ from: start, to: end })]
    .filter((row) => row['IsDeleted'] === true && context.sees(row, true))
    .map((row) => ({ id: row.Id, at: Number(row['SystemModstamp']) }))
  const erased = org.erased(type.name).filter(({ at }) => at >= start && at <= end)
  return exchange.json(200, {
    deletedRecords: [...found, ...erased].map(({ id, at }) => ({ id, deletedDate: stamp(at) })),
    earliestDateAvailable: stamp(now - DELETED_WINDOW_MS),
    latestDateCovered: stamp(end),
  })
}

type Attempt = () => string

/** Partial success as in a collections call: one SaveResult each; with allOrNone the first failure undoes all. */
function attemptAll(attempts: Attempt[], allOrNone: boolean): unknown[] {
  const results: unknown[] = []
  let failed = false
  for (const attempt of attempts) {
    try {
      results.push({ id: attempt(), success: true, errors: [] })
    } catch (error) {
      if (!(error instanceof DmlError)) throw error
      failed = true
      results.push({ success: false, errors: [error.toResult()] })
    }
  }
  if (!failed || !allOrNone) return results
  const rolledBack = {
    statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    message:
      'Record rolled back because not all records were valid and the request was using AllOrNone header',
    fields: [],
  }
  return results.map((result) =>
    (result as { success: boolean }).success ? { success: false, errors: [rolledBack] } : result,
  )
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export async function writeMany(
  context: RunContext,
  org: Org,
  exchange: Exchange,
  verb: 'create' | 'update',
  dml: DmlOptions,
): Promise<void> {
  const { records, allOrNone } = await readJson(exchange)
  if (!Array.isArray(records)) throw new ApiError(400, 'INVALID_INPUT', 'records is required')
  if (records.length > MOST_WRITTEN) {
    throw new ApiError(
      400,
      'INVALID_INPUT',
      `record limit reached. cannot submit more than ${MOST_WRITTEN} records`,
    )
  }
  exchange.call.detail = `${verb} × ${records.length}`
  const together = org.transaction()
  const target = allOrNone === true ? together : org
  const attempts = records.map((record: Record<string, unknown>): Attempt => {
    const { attributes, id, Id, ...fields } = record
    const type = findObject(context, textOf((attributes as { type?: unknown } | undefined)?.type))
    const values = fields as Fields
    if (verb === 'create') return () => target.insert(type.name, values, dml)
    const recordId = textOf(id ?? Id)
    return () => {
      target.update(type.name, recordId, values, dml)
      return to18(recordId) ?? recordId
    }
  })
  const results = attemptAll(attempts, allOrNone === true)
  if (allOrNone === true && results.every((result) => (result as { success: boolean }).success))
    together.commit()
  return exchange.json(200, results)
}

export function deleteMany(context: RunContext, org: Org, exchange: Exchange): Promise<void> {
  const ids = (exchange.url.searchParams.get('ids') ?? '').split(',').filter((id) => id !== '')
  if (ids.length > MOST_WRITTEN) {
    throw new ApiError(
      400,
      'INVALID_INPUT',
      `record limit reached. cannot submit more than ${MOST_WRITTEN} records`,
    )
  }
  exchange.call.detail = `delete × ${ids.length}`
  const attempts = ids.map((id): Attempt => {
    const type = context.schema.ofId(id)
    if (!type) throw new ApiError(400, 'MALFORMED_ID', `malformed id ${id}`)
    return () => {
      org.delete(type.name, id)
      return to18(id) ?? id
    }
  })
  return exchange.json(200, attemptAll(attempts, false))
}

/** POST, PATCH and DELETE of one record; a DmlError becomes HTTP 400 with its code. */
export async function writeOne(
  context: RunContext,
  org: Org,
  exchange: Exchange,
  object: string,
  id: string | undefined,
): Promise<void> {
  const type = findObject(context, object)
  exchange.call.detail = `${exchange.method} ${type.name} ${id ?? ''}`.trim()
  try {
    if (exchange.method === 'DELETE') org.delete(type.name, id ?? '')
    else if (exchange.method === 'PATCH')
      org.update(type.name, id ?? '', (await readJson(exchange)) as Fields)
    else {
      const created = org.insert(type.name, (await readJson(exchange)) as Fields)
      return await exchange.json(201, { id: created, success: true, errors: [] })
    }
  } catch (error) {
    if (!(error instanceof DmlError)) throw error
    const { statusCode, message } = error.toResult()
    const gone = statusCode === 'ENTITY_IS_DELETED' || statusCode === 'INVALID_CROSS_REFERENCE_KEY'
    throw new ApiError(gone ? 404 : 400, gone ? 'ENTITY_IS_DELETED' : statusCode, message)
  }
  return exchange.json(204, undefined)
}
