// GET of the four objects by filter; roles also by their compound key in a JSON body (marketo-rest §2, §3).
import { failure, success } from './answer.ts'
import type { Answer } from './answer.ts'
import { isObject, refusal, textOf } from './call.ts'
import type { Call, Route, World } from './call.ts'
import type { Scalar } from './fields.ts'
import { findRow, rename } from './object-records.ts'
import type { ObjectDefinition } from './object-schemas.ts'
import { listOf, MOST_VALUES, pageOf } from './paging.ts'
import type { Row } from './table.ts'
import { isoSeconds } from './values.ts'

interface Question {
  filterType: string
  values: readonly unknown[]
  fields: readonly string[]
}

export const getObjects =
  (definition: ObjectDefinition): Route =>
  (call, world) => {
    const asked = questionOf(call)
    const about = { lookupField: asked.filterType, records: asked.values }
    const filter = filterOf(asked.filterType, definition)
    const refused = refuse(asked, filter, definition)
    if (refused || !filter) return refusal(refused ?? failure('1011'), about)
    return { ...about, run: () => answer(call, world, definition, { ...asked, filterType: filter }) }
  }

function questionOf(call: Call): Question {
  const { body, params } = call
  if (isObject(body))
    return {
      filterType: textOf(body.filterType ?? ''),
      values: Array.isArray(body.input) ? body.input : [],
      fields: Array.isArray(body.fields) ? body.fields.map(textOf) : [],
    }
  return {
    filterType: params.get('filterType') ?? '',
    values: listOf(params, 'filterValues'),
    fields: listOf(params, 'fields'),
  }
}

/** The searchable field that a filterType or one of its aliases means; "key" is the compound key of roles. */
function filterOf(filterType: string, definition: ObjectDefinition): string | undefined {
  const { schema, idField, dedupeFields, searchable } = definition
  if (filterType === 'idField') return idField
  if (filterType === 'dedupeFields') return dedupeFields.length === 1 ? dedupeFields[0] : 'key'
  const name = schema.nameOf(filterType)
  return searchable.some((names) => names.length === 1 && names[0] === name) ? name : undefined
}

function refuse(
  asked: Question,
  filter: string | undefined,
  definition: ObjectDefinition,
): Answer | undefined {
  const { filterType, values, fields } = asked
  if (filterType === '') return failure('701', 'filterType cannot be blank')
  if (values.length === 0) return failure('701', 'filterValues cannot be blank')
  if (filter === undefined)
    return definition.schema.nameOf(filterType) === undefined
      ? failure('1006', `Lookup field '${filterType}' not found`)
      : failure('1011', `Lookup field '${filterType}' not supported`)
  if (values.length > MOST_VALUES)
    return failure('1003', `Invalid data: at most ${MOST_VALUES} filterValues are allowed`)
  // A compound key comes as records, a simple one as values (marketo-rest §2).
  if (values.some((value) => isObject(value) !== (filter === 'key')))
    return failure('1003', `Invalid data: filterValues do not fit ${filterType}`)
  const unknown = fields.find((name) => definition.schema.nameOf(name) === undefined)
  return unknown === undefined ? undefined : failure('1006', `Field '${unknown}' not found`)
}

function answer(call: Call, world: World, definition: ObjectDefinition, asked: Question): Answer {
  const found = new Set<Row>()
  for (const value of asked.values)
    for (const row of find(value, asked.filterType, definition, world)) found.add(row)
  const filter = `${asked.filterType}=${JSON.stringify(asked.values)}`
  const page = pageOf([...found], call.params, filter)
  if ('status' in page) return page
  const names = asked.fields.map((name) => definition.schema.nameOf(name)!)
  const result = page.items.map((row, seq) => ({ seq, ...view(row, names, definition) }))
  return success({ result, ...page.more })
}

function find(value: unknown, filter: string, definition: ObjectDefinition, world: World): readonly Row[] {
  if (filter === definition.idField || filter === 'key') {
    const by = filter === 'key' ? 'dedupeFields' : 'idField'
    const named = isObject(value) ? rename(value, definition) : { renamed: { [definition.idField]: value } }
    const row = 'refused' in named ? undefined : findRow(named.renamed, by, definition, world)
    return row ? [row] : []
  }
  return world.store.tableOf(definition.object).find(filter, value as Scalar)
}

function view(row: Row, asked: readonly string[], definition: ObjectDefinition): Record<string, Scalar> {
  const { idField, dedupeFields, allFieldsByDefault, schema } = definition
  const defaults = allFieldsByDefault
    ? [...schema.fields.keys()]
    : [...dedupeFields, 'createdAt', 'updatedAt']
  const shown: Record<string, Scalar> = { [idField]: row.id }
  for (const name of asked.length === 0 ? defaults : asked) {
    const value = valueOf(row, name, definition)
    if (value !== null && value !== undefined) shown[name] = value
  }
  return shown
}

function valueOf(row: Row, name: string, definition: ObjectDefinition): Scalar | undefined {
  if (name === definition.idField) return row.id
  if (name === 'createdAt') return isoSeconds(row.createdAt)
  if (name === 'updatedAt') return isoSeconds(row.updatedAt)
  const value = row.fields[name]
  // marketo-rest §3.3: `amount` comes back as a string ("1604.47").
  const isAmount =
    definition.object === 'opportunities' && definition.schema.fields.get(name)?.dataType === 'currency'
  return isAmount && typeof value === 'number' ? textOf(value) : value
}
