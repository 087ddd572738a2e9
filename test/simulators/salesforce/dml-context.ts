// What every DML verb is given, and what several of them need: finding a living row, stamping a new version.

import { DmlError } from './dml-error.ts'
import { to18 } from './record-id.ts'
import { chunks, isWatchedObject, type ChangeType } from './record-change.ts'
import type { ObjectType, Schema } from './schema.ts'
import type { Cell, Row } from './table.ts'
import type { Unit } from './unit.ts'

export interface DmlOptions {
  /** The acting user holds the custom permission Bypass_Marketo_Sync: triggers publish nothing. */
  bypass?: boolean
  /** Loading, not editing: no triggers, system fields as given, references not checked. */
  silent?: boolean
  /** The acting user's id. */
  by?: string
}

export interface DmlContext {
  schema: Schema
  unit: Unit
  newId(keyPrefix: string): string
  now(): number
  runningUserId: string
  defaultOwner(): string
  watched(object: string): string[]
  /** Whether the admin lets the object be synced. */
  synced(object: string): boolean
  /** Throws where a fault says that a row can't be written now. */
  guard(verb: string, object: string, id: string): void
  /** Hard deletes leave the table; getDeleted still knows them. */
  rememberErased(object: string, id: string): void
  /** An undeleted row looks as if it had never been away. */
  rememberRestored(id: string): void
  /** As it was until now. */
  rememberFormer(object: string, row: Row): void
}

/** The field that names, in a row of the recycle bin, the record whose deletion took it there. */
export const DELETED_WITH = '~deletedWith'

export const isDeleted = (row: Row): boolean => row['IsDeleted'] === true

export function findLiving(context: DmlContext, type: ObjectType, id: string): Row {
  const row = findAny(context, type, id)
  if (isDeleted(row)) throw new DmlError('ENTITY_IS_DELETED', `entity is deleted: ${row.Id}`)
  return row
}

export function findAny(context: DmlContext, type: ObjectType, id: string): Row {
  const id18 = to18(id)
  if (!id18) throw new DmlError('MALFORMED_ID', `${type.name} ID: id value of incorrect type: ${id}`, ['Id'])
  const row = context.unit.read(type.name, id18)
  if (!row) throw new DmlError('INVALID_CROSS_REFERENCE_KEY', `invalid cross reference id: ${id}`)
  return row
}

/** Cells in the order of the schema, so that rows of one object share few shapes. */
export function buildRow(type: ObjectType, id: string, cells: Record<string, Cell | undefined>): Row {
  const row: Record<string, Cell> = {}
  for (const { name } of type.fields.values()) {
    const cell = name === 'Id' ? id : cells[name]
    if (cell !== undefined) row[name] = cell
  }
  const deletedWith = cells[DELETED_WITH]
  if (deletedWith !== undefined) row[DELETED_WITH] = deletedWith
  return { Id: id, ...row }
}

/** A new version of a row with fresh stamps, written to the unit. Times are whole seconds, as Salesforce's. */
export function rewrite(
  context: DmlContext,
  type: ObjectType,
  row: Row,
  changes: Record<string, Cell | undefined>,
  options: DmlOptions,
): Row {
  context.rememberFormer(type.name, row)
  const stamp = Math.floor(context.now() / 1000) * 1000
  const next = buildRow(type, row.Id, {
    ...row,
    ...(type.field('LastModifiedDate') && {
      LastModifiedDate: stamp,
      LastModifiedById: options.by ?? context.runningUserId,
    }),
    SystemModstamp: stamp,
    ...changes,
  })
  context.unit.write(type.name, next)
  return next
}

/** What the object's trigger tells, chunk by chunk. */
export function announce(
  context: DmlContext,
  type: ObjectType,
  change: ChangeType,
  ids: readonly string[],
  options: DmlOptions,
  replacedBy?: readonly string[],
): void {
  if (options.silent || options.bypass || !isWatchedObject(type.name)) return
  const told = ids.map((id, i) => ({
    ...asTold(context, type, change, id),
    replacement: replacedBy?.[i] ?? '',
  }))
  for (const chunk of chunks(told)) {
    for (const object of new Set(chunk.map((entry) => entry.object))) {
      if (!context.synced(object)) continue
      const entries = chunk.filter((entry) => entry.object === object)
      context.unit.announce({
        object,
        type: change,
        ids: entries.map(({ id }) => id),
        ...(replacedBy && { replacedBy: entries.map(({ replacement }) => replacement) }),
        by: options.by ?? context.runningUserId,
      })
    }
  }
}

/** A person account counts as its Contact (design §5, rule 5), though only Account's trigger fires. */
function asTold(
  context: DmlContext,
  type: ObjectType,
  change: ChangeType,
  id: string,
): { object: string; id: string } {
  const row = type.name === 'Account' && change !== 'MERGE' ? context.unit.read('Account', id) : undefined
  const contactId = row?.['IsPersonAccount'] === true ? row['PersonContactId'] : undefined
  return typeof contactId === 'string' ? { object: 'Contact', id: contactId } : { object: type.name, id }
}
