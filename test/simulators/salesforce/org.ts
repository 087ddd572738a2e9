// The organisation in memory: rows, and DML verbs with the side effects of the real ones. Every verb is its
// own transaction; transaction() makes one that stays open.

import { present, type Value } from './cell.ts'
import { insertPersonAccounts, updatePersonAccounts } from './dml-person-account.ts'
import { convertLead, type Converted, type ConvertOptions } from './dml-convert.ts'
import { deleteRows, eraseRow, undeleteRows } from './dml-delete.ts'
import { mergeRows } from './dml-merge.ts'
import { insertRows, updateRows, type Fields } from './dml-save.ts'
import type { DmlContext, DmlOptions } from './dml-context.ts'
import { DmlError } from './dml-error.ts'
import type { EventBus } from './event-bus.ts'
import { CHANNEL } from './event-bus.ts'
import { createIdFactory, to18 } from './record-id.ts'
import { isSynced, toPayload, watchedFields } from './record-change.ts'
import { createSchema, type ObjectType, type Schema } from './schema.ts'
import { createTable, type Row, type Table } from './table.ts'
import { createUnit, type Unit } from './unit.ts'

export type Record18 = { Id: string } & Record<string, Value>

export interface Dml {
  insert(object: string, fields: Fields, options?: DmlOptions): string
  insert(object: string, fields: readonly Fields[], options?: DmlOptions): string[]
  update(object: string, id: string, fields: Fields, options?: DmlOptions): void
  /** One statement for many rows, so one event per 200. */
  updateMany(
    object: string,
    updates: ReadonlyArray<{ id: string; fields: Fields }>,
    options?: DmlOptions,
  ): void
  delete(object: string, ids: string | readonly string[], options?: DmlOptions): void
  undelete(object: string, ids: string | readonly string[], options?: DmlOptions): void
  merge(
    object: string,
    masterId: string,
    loserIds: readonly string[],
    options?: DmlOptions & { fields?: Fields },
  ): void
  convertLead(leadId: string, options?: ConvertOptions): Converted
  hardDelete(object: string, id: string): void
}

export interface Transaction extends Dml {
  /** The rows become visible, with the stamps they got when they were written, and the events go out. */
  commit(): void
  rollback(): void
}

export interface Org extends Dml {
  id: string
  schema: Schema
  runningUserId: string
  /** A row with all its fields, also a deleted or hidden one. */
  get(object: string, id: string): Record18 | undefined
  /** Living rows. */
  all(object: string): Record18[]
  count(object: string): number
  transaction(): Transaction
  /** Runs the work in a transaction that stays open: invisible until commit() is called. */
  holdBack(work: (dml: Dml) => void): Transaction
  /** The integration user can't see this row. */
  hide(object: string, id: string): void
  reveal(object: string, id: string): void
  isHidden(id: string): boolean
  removePackage(): void
  enablePersonAccounts(): void
  /** Replaces all rows of a custom metadata type. */
  setCustomMetadata(type: string, rows: readonly Fields[]): void
  table(object: string): Table
  erased(object: string): Array<{ id: string; at: number }>
  /** Whether it came back from the recycle bin, at whatever time. */
  wasRestored(id: string): boolean
  /** Every version of users and contact roles that is no more, erased ones too. */
  former(object: 'User' | 'OpportunityContactRole'): readonly Row[]
  /** The next writes of rows answer UNABLE_TO_LOCK_ROW. */
  lockRows(count: number): void
}

export function createOrg(options: { id: string; now: () => number; bus: EventBus }): Org {
  const { now, bus } = options
  const schema = createSchema()
  const newId = createIdFactory()
  const tables = new Map<string, Table>()
  const hidden = new Set<string>()
  const restored = new Set<string>()
  const former = new Map<string, Row[]>([
    ['User', []],
    ['OpportunityContactRole', []],
  ])
  const erasedRows = new Map<string, Array<{ id: string; at: number }>>()
  // Not a row of User: the integration user owns nothing and would only be one more sales person.
  const runningUserId = newId('005')
  let locked = 0

  const table = (object: string): Table => {
    const name = schema.require(object).name
    const known = tables.get(name)
    if (known) return known
    const created = createTable()
    tables.set(name, created)
    return created
  }

  const defaultOwner = (): string => {
    for (const user of table('User').rows()) if (user['IsActive'] === true) return user.Id
    const user = { Username: 'admin@org.example', LastName: 'Admin', Email: 'admin@org.example' }
    return verbs(autoCommit).insert('User', user, { silent: true })
  }

  const contextOf = (unit: Unit): DmlContext => ({
    schema,
    unit,
    newId,
    now,
    runningUserId,
    defaultOwner,
    watched: (object) =>
      watchedFields(
        object,
        table('Marketo_Field_Mapping__mdt').rows(),
        table('Marketo_Object_Setting__mdt').rows(),
      ),
    synced: (object) => isSynced(object, table('Marketo_Object_Setting__mdt').rows()),
    guard(_verb, _object, id) {
      if (locked === 0) return
      locked--
      throw new DmlError('UNABLE_TO_LOCK_ROW', `unable to obtain exclusive access to this record: ${id}`)
    },
    rememberErased(object, id) {
      erasedRows.set(object, [...(erasedRows.get(object) ?? []), { id, at: now() }])
    },
    rememberRestored: (id) => void restored.add(id),
    rememberFormer: (object, row) => void former.get(object)?.push(row),
  })

  const commit = (unit: Unit) => {
    for (const change of unit.commit()) bus.publish(CHANNEL, toPayload(change), change.by)
  }
  const autoCommit = <T>(work: (context: DmlContext) => T): T => {
    const unit = createUnit(table)
    const result = work(contextOf(unit))
    commit(unit)
    return result
  }

  const verbs = (run: <T>(work: (context: DmlContext) => T) => T): Dml => {
    function insert(object: string, fields: Fields, options?: DmlOptions): string
    function insert(object: string, fields: readonly Fields[], options?: DmlOptions): string[]
    function insert(object: string, fields: Fields | readonly Fields[], options: DmlOptions = {}) {
      const type = schema.require(object)
      const records: readonly Fields[] = isList(fields) ? fields : [fields]
      const rows = run((context) =>
        withPersons(type)
          ? insertPersonAccounts(context, records, options)
          : insertRows(context, type, records, options),
      )
      return isList(fields) ? rows.map((row) => row.Id) : rows[0]!.Id
    }
    const updateMany: Dml['updateMany'] = (object, updates, options = {}) =>
      void run((context) =>
        withPersons(schema.require(object))
          ? updatePersonAccounts(context, updates, options)
          : updateRows(context, schema.require(object), updates, options),
      )
    return {
      insert,
      updateMany,
      update: (object, id, fields, options) => updateMany(object, [{ id, fields }], options),
      delete: (object, ids, options = {}) =>
        run((context) => deleteRows(context, schema.require(object), [ids].flat(), options)),
      undelete: (object, ids, options = {}) =>
        run((context) => undeleteRows(context, schema.require(object), [ids].flat(), options)),
      merge: (object, masterId, loserIds, { fields = {}, ...options } = {}) =>
        run((context) => mergeRows(context, schema.require(object), masterId, loserIds, fields, options)),
      convertLead: (leadId, options = {}) => run((context) => convertLead(context, leadId, options)),
      hardDelete: (object, id) => run((context) => eraseRow(context, schema.require(object), id)),
    }
  }

  const transaction = (): Transaction => {
    let unit = createUnit(table)
    return {
      ...verbs((work) => work(contextOf(unit))),
      commit: () => commit(unit),
      rollback: () => void (unit = createUnit(table)),
    }
  }

  const toRecord = (object: string, row: Row): Record18 => {
    const record: Record18 = { Id: row.Id }
    for (const field of schema.require(object).fields.values()) {
      record[field.name] = present(field, row[field.name])
    }
    return record
  }
  const living = (object: string) => [...table(object).byId()].filter((row) => row['IsDeleted'] !== true)

  return {
    id: options.id,
    schema,
    runningUserId,
    ...verbs(autoCommit),
    get(object, id) {
      const row = table(object).get(to18(id) ?? id)
      return row && toRecord(object, row)
    },
    all: (object) => living(object).map((row) => toRecord(object, row)),
    count: (object) => living(object).length,
    transaction,
    holdBack(work) {
      const open = transaction()
      work(open)
      return open
    },
    hide: (_object, id) => void hidden.add(to18(id) ?? id),
    reveal: (_object, id) => void hidden.delete(to18(id) ?? id),
    isHidden: (id) => hidden.has(id),
    removePackage: () => schema.removePackage(),
    enablePersonAccounts: () => schema.enablePersonAccounts(),
    setCustomMetadata(type, rows) {
      for (const row of table(type).rows()) table(type).remove(row.Id)
      const named = rows.map((row, i) => ({
        DeveloperName: `Row_${i + 1}`,
        MasterLabel: `Row ${i + 1}`,
        ...row,
      }))
      autoCommit((context) => insertRows(context, schema.require(type), named, { silent: true }))
    },
    table,
    wasRestored: (id) => restored.has(id),
    former: (object) => former.get(object) ?? [],
    erased: (object) => erasedRows.get(schema.require(object).name) ?? [],
    lockRows: (count) => void (locked += count),
  }
}

const withPersons = (type: ObjectType): boolean =>
  type.name === 'Account' && type.field('IsPersonAccount') !== undefined

const isList = (fields: Fields | readonly Fields[]): fields is readonly Fields[] => Array.isArray(fields)
