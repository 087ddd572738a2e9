// What the org knows about its objects: fields with types and lengths, key prefixes, which verbs they
// allow. Names are found whatever their case, as SOQL and REST do.

import { FIELDS, INSIGHT_FIELDS, PERSON_ACCOUNT_FIELDS } from './schema-fields.ts'

export type FieldType =
  | 'id'
  | 'string'
  | 'email'
  | 'phone'
  | 'url'
  | 'picklist'
  | 'textarea'
  | 'longtext'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'reference'

export interface Field {
  name: string
  label: string
  type: FieldType
  /** Characters of text, digits of a number. */
  length: number
  referenceTo: string[]
  relationshipName: string | null
  required: boolean
  nillable: boolean
  createable: boolean
  updateable: boolean
  custom: boolean
}

export interface ObjectType {
  name: string
  label: string
  keyPrefix: string
  custom: boolean
  deletable: boolean
  undeletable: boolean
  mergeable: boolean
  fields: ReadonlyMap<string, Field>
  field(name: string): Field | undefined
}

export interface Schema {
  objects(): ObjectType[]
  find(name: string): ObjectType | undefined
  require(name: string): ObjectType
  ofId(id: string): ObjectType | undefined
  /** Uninstalls the MSI package: its fields are gone from Lead and Contact. */
  removePackage(): void
  enablePersonAccounts(): void
  /** Adds one custom or standard field, written as a line of schema-fields.ts. */
  addField(object: string, line: string): void
}

/** Salesforce §9. OpportunityContactRole can't be undeleted by itself (§4); merge knows three objects. */
const TRAITS: Record<string, [keyPrefix: string, label: string, ...verbs: string[]]> = {
  User: ['005', 'User'],
  Group: ['00G', 'Group'],
  Account: ['001', 'Account', 'delete', 'undelete', 'merge'],
  Lead: ['00Q', 'Lead', 'delete', 'undelete', 'merge'],
  Contact: ['003', 'Contact', 'delete', 'undelete', 'merge'],
  Opportunity: ['006', 'Opportunity', 'delete', 'undelete'],
  OpportunityContactRole: ['00K', 'Opportunity Contact Role', 'delete'],
  Organization: ['00D', 'Organization'],
  Marketo_Field_Mapping__mdt: ['m00', 'Marketo Field Mapping'],
  Marketo_Object_Setting__mdt: ['m01', 'Marketo Object Setting'],
}

export function parseField(line: string): Field {
  const [declaration = '', label] = line.split(' | ')
  const [name = '', kind = '', ...flags] = declaration.trim().split(' ')
  const [, type = '', inside = ''] = /^(\w+)(?:\(([^)]*)\))?$/.exec(kind) ?? []
  const reference = type === 'ref'
  return {
    name,
    label: label ?? labelOf(name),
    type: (reference ? 'reference' : type) as FieldType,
    length: reference ? 18 : Number(inside || 0),
    referenceTo: reference ? inside.split('|') : [],
    relationshipName: reference ? relationshipOf(name) : null,
    required: flags.includes('req'),
    nillable: type !== 'boolean' && !flags.includes('req') && !flags.includes('fixed'),
    createable: !flags.includes('ro'),
    updateable: !flags.includes('ro') && !flags.includes('once'),
    custom: /__p?c$/.test(name),
  }
}

const labelOf = (name: string): string =>
  name
    .replace(/__c$/, '')
    .replace(/Id$/, ' ID')
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')

const relationshipOf = (name: string): string =>
  name.endsWith('__c') ? name.replace(/__c$/, '__r') : name.replace(/Id$/, '')

/** A custom field of Contact as a person account has it: Nickname__c is Nickname__pc there. */
const onAccount = (field: Field): Field => ({
  ...field,
  name: field.name.replace(/__c$/, '__pc'),
  relationshipName: field.relationshipName?.replace(/__r$/, '__pr') ?? null,
})

function parseFields(text: string): Map<string, Field> {
  const id: Field = { ...parseField('Id id(18) ro fixed'), label: 'Record ID' }
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map([id, ...lines.map(parseField)].map((field) => [field.name.toLowerCase(), field]))
}

export function createSchema(): Schema {
  const types = new Map<string, ObjectType & { fields: Map<string, Field> }>()
  const byPrefix = new Map<string, ObjectType>()

  for (const [name, text] of Object.entries(FIELDS)) {
    const [keyPrefix, label, ...verbs] = TRAITS[name]!
    const fields = parseFields(text)
    const type = {
      name,
      label,
      keyPrefix,
      custom: name.includes('__'),
      deletable: verbs.includes('delete'),
      undeletable: verbs.includes('undelete'),
      mergeable: verbs.includes('merge'),
      fields,
      field: (field: string) => fields.get(field.toLowerCase()),
    }
    types.set(name.toLowerCase(), type)
    byPrefix.set(keyPrefix, type)
  }

  const find = (name: string) => types.get(name.toLowerCase())
  const requireType = (name: string) => {
    const type = find(name)
    if (!type) throw new Error(`The simulated org has no object "${name}"`)
    return type
  }
  let withPersonAccounts = false
  const setField = (object: string, field: Field) =>
    void requireType(object).fields.set(field.name.toLowerCase(), field)
  const addField = (object: string, line: string) => {
    const field = parseField(line)
    setField(object, field)
    if (withPersonAccounts && object === 'Contact' && field.custom) setField('Account', onAccount(field))
  }
  const addFields = (object: string, text: string) => {
    for (const line of text.split('\n').filter((line) => line !== '')) addField(object, line)
  }

  return {
    objects: () => [...types.values()],
    find,
    require: requireType,
    ofId: (id) => byPrefix.get(id.slice(0, 3)),
    removePackage() {
      for (const object of ['Lead', 'Contact']) {
        for (const key of parseFields(INSIGHT_FIELDS).keys()) {
          if (key !== 'id') requireType(object).fields.delete(key)
        }
      }
    },
    enablePersonAccounts() {
      withPersonAccounts = true
      for (const [object, text] of Object.entries(PERSON_ACCOUNT_FIELDS)) addFields(object, text)
      for (const field of requireType('Contact').fields.values())
        if (field.custom) setField('Account', onAccount(field))
    },
    addField,
  }
}
