// One field of a Marketo object as its describe call tells it, and how values are taken and refused.

export type Scalar = string | number | boolean | null
export type Fields = { [name: string]: Scalar | undefined }

export type DataType =
  | 'string'
  | 'text'
  | 'email'
  | 'phone'
  | 'url'
  | 'integer'
  | 'score'
  | 'reference'
  | 'float'
  | 'percent'
  | 'currency'
  | 'boolean'
  | 'date'
  | 'datetime'

export interface Field {
  name: string
  dataType: DataType
  displayName?: string
  length?: number
  updateable?: boolean
  /** A field of the lead that really is its company's (marketo-rest §3.5, 1021). */
  company?: boolean
  custom?: boolean
  searchable?: boolean
}

export interface Schema {
  fields: Map<string, Field>
  /** The real name of a field, or undefined; case matters for leads only (marketo-rest §3.3). */
  nameOf(name: string): string | undefined
}

export function createSchema(fields: readonly Field[], caseInsensitive: boolean): Schema {
  const byName = new Map(fields.map((field) => [field.name, field]))
  const byLowerCase = new Map(fields.map((field) => [field.name.toLowerCase(), field.name]))
  return {
    fields: byName,
    nameOf: (name) =>
      byName.has(name) ? name : caseInsensitive ? byLowerCase.get(name.toLowerCase()) : undefined,
  }
}

/** "externalSalesPersonId" → "External Sales Person Id". */
export const labelOf = (field: Field) =>
  field.displayName ??
  field.name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase())
