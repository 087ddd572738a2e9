// insert and update, with the checks of a save: known and writable fields, required ones, lengths, references.

import { toCell, type Input } from './cell.ts'
import { derive } from './derived-fields.ts'
import { announce, buildRow, findLiving, isDeleted, rewrite } from './dml-context.ts'
import type { DmlContext, DmlOptions } from './dml-context.ts'
import { DmlError } from './dml-error.ts'
import { to18 } from './record-id.ts'
import { chunks } from './record-change.ts'
import type { Field, ObjectType } from './schema.ts'
import type { Cell, Row } from './table.ts'

export type Fields = Record<string, Input>
type Cells = Record<string, Cell | undefined>

export function insertRows(
  context: DmlContext,
  type: ObjectType,
  records: readonly Fields[],
  options: DmlOptions,
): Row[] {
  const rows = records.map((fields) => insertRow(context, type, fields, options))
  const ids = rows.map((row) => row.Id)
  announce(context, type, 'CREATE', ids, options)
  return rows
}

function insertRow(context: DmlContext, type: ObjectType, fields: Fields, options: DmlOptions): Row {
  const cells = readCells(type, fields, options, (field) => field.createable)
  if (!options.silent) checkRequired(type, cells)
  if (!options.silent) checkReferences(context, type, cells)
  const id = options.silent && fields['Id'] !== undefined ? givenId(type, fields['Id']) : undefined
  const stamp = Math.floor(context.now() / 1000) * 1000
  const by = options.by ?? context.runningUserId
  const all: Cells = {
    ...defaults(context, type, cells),
    CreatedDate: stamp,
    CreatedById: by,
    LastModifiedDate: cells['SystemModstamp'] ?? stamp,
    LastModifiedById: by,
    SystemModstamp: stamp,
    ...cells,
  }
  derive(type.name, all, new Set(Object.keys(cells)))
  const row = buildRow(type, id ?? context.newId(type.keyPrefix), all)
  context.unit.write(type.name, row)
  if (type.name === 'OpportunityContactRole' && !options.silent) keepOnePrimary(context, type, row, options)
  return row
}

export function updateRows(
  context: DmlContext,
  type: ObjectType,
  updates: ReadonlyArray<{ id: string; fields: Fields }>,
  options: DmlOptions,
): Row[] {
  const watched = context.watched(type.name)
  const changed = new Set<string>()
  const rows = updates.map(({ id, fields }) => {
    const old = findLiving(context, type, id)
    context.guard('update', type.name, old.Id)
    // A converted lead is read-only.
    if (type.name === 'Lead' && old['IsConverted'] === true && !options.silent) {
      throw new DmlError('CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead')
    }
    const cells = readCells(type, fields, options, (field) => field.updateable)
    if (!options.silent) {
      checkRequired(type, { ...old, ...cells })
      checkReferences(context, type, cells)
    }
    const merged: Cells = { ...old, ...cells }
    derive(type.name, merged, new Set(Object.keys(cells)))
    delete merged['LastModifiedDate']
    delete merged['LastModifiedById']
    if (!('SystemModstamp' in cells)) delete merged['SystemModstamp']
    const row = rewrite(context, type, old, merged, options)
    if (type.name === 'OpportunityContactRole') keepOnePrimary(context, type, row, options)
    if (watched.some((field) => row[field] !== old[field])) changed.add(row.Id)
    return row
  })
  // A trigger sees 200 rows at a time and tells of those that changed.
  for (const chunk of chunks(rows)) {
    const ids = chunk.map((row) => row.Id).filter((id) => changed.has(id))
    announce(context, type, 'UPDATE', ids, options)
  }
  return rows
}

/** Names and values checked; a refused name carries Salesforce's sentence. */
function readCells(
  type: ObjectType,
  fields: Fields,
  options: DmlOptions,
  writable: (field: Field) => boolean,
): Cells {
  const cells: Cells = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const field = type.field(name)
    if (!field) {
      throw new DmlError('INVALID_FIELD', `No such column '${name}' on sobject of type ${type.name}`, [name])
    }
    if (field.name === 'Id' && options.silent) continue
    if (!writable(field) && !options.silent) {
      throw new DmlError(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
        [field.name],
      )
    }
    cells[field.name] = toCell(field, value, options.silent)
  }
  return cells
}

function givenId(type: ObjectType, value: Input): string {
  const id = typeof value === 'string' ? to18(value) : undefined
  if (!id) throw new DmlError('MALFORMED_ID', `${String(value)} is no Salesforce id`, ['Id'])
  if (!id.startsWith(type.keyPrefix)) {
    throw new DmlError('MALFORMED_ID', `${id} is no id of ${type.name} (${type.keyPrefix}…)`, ['Id'])
  }
  return id
}

function checkRequired(type: ObjectType, cells: Cells): void {
  const missing = [...type.fields.values()].filter((f) => f.required && cells[f.name] === undefined)
  if (missing.length === 0) return
  const names = missing.map((field) => field.name)
  throw new DmlError('REQUIRED_FIELD_MISSING', `Required fields are missing: [${names.join(', ')}]`, names)
}

function checkReferences(context: DmlContext, type: ObjectType, cells: Cells): void {
  for (const [name, id] of Object.entries(cells)) {
    const field = type.field(name)
    if (field?.type !== 'reference' || typeof id !== 'string') continue
    const target = context.schema.ofId(id)
    if (!target || !field.referenceTo.includes(target.name)) {
      throw new DmlError('FIELD_INTEGRITY_EXCEPTION', `${field.label}: id value of incorrect type: ${id}`, [
        name,
      ])
    }
    const row = context.unit.read(target.name, id)
    if (!row && id !== context.runningUserId) {
      throw new DmlError('INVALID_CROSS_REFERENCE_KEY', `invalid cross reference id: ${id}`, [name])
    }
    if (row && isDeleted(row)) throw new DmlError('ENTITY_IS_DELETED', `entity is deleted: ${id}`, [name])
  }
}

function defaults(context: DmlContext, type: ObjectType, cells: Cells): Cells {
  if (type.name === 'User') return { IsActive: true, UserType: 'Standard' }
  const owner = type.field('OwnerId') && cells['OwnerId'] === undefined && context.defaultOwner()
  return {
    ...(owner && { OwnerId: owner }),
    ...(type.name === 'Lead' && { Status: 'Open - Not Contacted' }),
  }
}

/** One primary role per opportunity: Salesforce clears the old one, without a trigger. */
function keepOnePrimary(context: DmlContext, type: ObjectType, row: Row, options: DmlOptions): void {
  if (row['IsPrimary'] !== true) return
  for (const other of context.unit.pointingTo(type.name, 'OpportunityId', String(row['OpportunityId']))) {
    if (other.Id === row.Id || other['IsPrimary'] !== true || isDeleted(other)) continue
    rewrite(context, type, other, { IsPrimary: false }, options)
  }
}
