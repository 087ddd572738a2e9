// Resolves `Owner.Name` against the schema, and reads it from a row through the records it points to.

import { ApiError, invalidField } from './api-error.ts'
import type { Field, ObjectType, Schema } from './schema.ts'
import type { Cell, Row } from './table.ts'

export interface Path {
  /** Canonical spelling, one part per level. */
  parts: string[]
  field: Field
  read: (row: Row) => Cell | undefined
  /** The object that a row's parent belongs to, for the attributes of nested records. */
  parents: Array<(row: Row) => Row | undefined>
}

export interface PathContext {
  schema: Schema
  /** A row that the user sees, by its id. */
  lookUp: (id: string) => Row | undefined
  /** False where object or field are withheld from the user. */
  permits(object: string, field?: string): boolean
}

/** SOQL follows at most five levels of parents. */
const DEEPEST = 5

export function findObject(context: PathContext, name: string): ObjectType {
  const type = context.schema.find(name)
  if (type && context.permits(type.name)) return type
  throw new ApiError(
    400,
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

export function resolvePath(context: PathContext, type: ObjectType, alias: string, text: string): Path {
  const parts = text.split('.')
  const head = parts[0]!.toLowerCase()
  if (parts.length > 1 && (head === alias.toLowerCase() || head === type.name.toLowerCase())) parts.shift()
  if (parts.length > DEEPEST + 1) throw invalidField(`too many levels in field path '${text}'`)

  const names: string[] = []
  const parents: Path['parents'] = []
  let types = [type]
  for (const part of parts.slice(0, -1)) {
    const reference = types
      .flatMap((type) => [...type.fields.values()])
      .find((field) => field.relationshipName?.toLowerCase() === part.toLowerCase())
    if (!reference || !context.permits(types[0]!.name, reference.name)) {
      throw invalidField(
        `Didn't understand relationship '${part}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      )
    }
    names.push(reference.relationshipName!)
    parents.push(follow(context, parents.at(-1), reference.name))
    types = reference.referenceTo.flatMap((name) => context.schema.find(name) ?? [])
  }

  const last = parts.at(-1)!
  const owner = types.find((type) => type.field(last))
  const field = owner?.field(last)
  if (!owner || !field || !context.permits(owner.name, field.name)) {
    throw invalidField(
      `No such column '${last}' on entity '${types[0]?.name ?? type.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
    )
  }
  const parent = parents.at(-1)
  return {
    parts: [...names, field.name],
    field,
    parents,
    read: parent ? (row) => parent(row)?.[field.name] : (row) => row[field.name],
  }
}

function follow(
  context: PathContext,
  from: ((row: Row) => Row | undefined) | undefined,
  reference: string,
): (row: Row) => Row | undefined {
  return (row) => {
    const id = (from ? from(row) : row)?.[reference]
    return typeof id === 'string' ? context.lookUp(id) : undefined
  }
}
