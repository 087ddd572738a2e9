// describe of one object and of all, in Salesforce's shape (what integrations read of it).

import type { PathContext } from './soql-path.ts'
import type { Field, ObjectType } from './schema.ts'

const SOAP_TYPES: Partial<Record<Field['type'], string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
}

const NUMERIC = new Set(['double', 'currency', 'percent'])

function describeField(field: Field): Record<string, unknown> {
  const number = NUMERIC.has(field.type)
  const text = !(field.type in SOAP_TYPES)
  const long = field.type === 'longtext'
  const length = text || field.type === 'id' || field.type === 'reference' ? field.length : 0
  return {
    name: field.name,
    label: field.label,
    type: long ? 'textarea' : field.type,
    soapType: SOAP_TYPES[field.type] ?? 'xsd:string',
    length,
    byteLength: length * 3,
    digits: field.type === 'int' ? field.length : 0,
    precision: number ? field.length : 0,
    scale: field.type === 'currency' ? 2 : 0,
    custom: field.custom,
    nillable: field.nillable,
    createable: field.createable,
    updateable: field.updateable,
    defaultedOnCreate: field.type === 'boolean' || field.name === 'OwnerId',
    filterable: !long,
    sortable: !long,
    groupable: !long && !number,
    nameField: field.name === 'Name',
    calculated: field.name === 'ExpectedRevenue',
    autoNumber: false,
    caseSensitive: false,
    unique: false,
    externalId: false,
    idLookup: field.type === 'id',
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
    polymorphicForeignKey: field.referenceTo.length > 1,
    picklistValues: [],
    restrictedPicklist: false,
    dependentPicklist: false,
    htmlFormatted: false,
    encrypted: false,
    deprecatedAndHidden: false,
    permissionable: !field.required && field.createable,
    defaultValue: field.type === 'boolean' ? false : null,
    inlineHelpText: null,
    calculatedFormula: null,
    controllerName: null,
    compoundFieldName: null,
    extraTypeInfo: long ? 'plaintextarea' : null,
  }
}

export function describeBriefly(type: ObjectType, basePath: string): Record<string, unknown> {
  const url = `${basePath}/sobjects/${type.name}`
  return {
    name: type.name,
    label: type.label,
    labelPlural: type.label.endsWith('y') ? `${type.label.slice(0, -1)}ies` : `${type.label}s`,
    keyPrefix: type.keyPrefix,
    custom: type.custom,
    customSetting: false,
    createable: true,
    updateable: true,
    deletable: type.deletable,
    undeletable: type.undeletable,
    mergeable: type.mergeable,
    queryable: true,
    retrieveable: true,
    replicateable: true,
    searchable: !type.custom,
    layoutable: true,
    triggerable: true,
    activateable: false,
    feedEnabled: false,
    deprecatedAndHidden: false,
    urls: { sobject: url, describe: `${url}/describe`, rowTemplate: `${url}/{ID}` },
  }
}

export function describeObject(
  context: PathContext,
  type: ObjectType,
  basePath: string,
): Record<string, unknown> {
  const fields = [...type.fields.values()].filter((field) => context.permits(type.name, field.name))
  return {
    ...describeBriefly(type, basePath),
    fields: fields.map(describeField),
    childRelationships: context.schema
      .objects()
      .flatMap((child) =>
        [...child.fields.values()]
          .filter((field) => field.referenceTo.includes(type.name))
          .map((field) => ({ childSObject: child.name, field: field.name, relationshipName: null })),
      ),
    recordTypeInfos: [],
    supportedScopes: [{ label: 'All', name: 'everything' }],
  }
}

export function describeGlobal(context: PathContext, basePath: string): Record<string, unknown> {
  const visible = context.schema.objects().filter((type) => context.permits(type.name))
  return {
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: visible.map((type) => describeBriefly(type, basePath)),
  }
}
