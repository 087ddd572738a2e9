// The describe calls: leads/describe2.json, the superseded leads/describe.json, and those of the four objects.
import { success } from './answer.ts'
import type { Route } from './call.ts'
import { labelOf } from './fields.ts'
import type { Field } from './fields.ts'
import { searchableFields } from './lead-schema.ts'
import type { ObjectDefinition } from './object-schemas.ts'

const SINCE = '2015-02-03T22:36:23Z'

const told = (field: Field) => ({
  name: field.name,
  displayName: labelOf(field),
  dataType: field.dataType,
  ...(field.length === undefined ? {} : { length: field.length }),
  updateable: field.updateable !== false,
})

/** marketo-rest §3.5: one result with searchableFields and fields. */
export const describeLeads2: Route = (_call, { store }) => ({
  run: () =>
    success({
      result: [
        {
          name: 'API Lead',
          searchableFields: searchableFields(store.leadSchema),
          fields: [...store.leadSchema.fields.values()].map((field) => ({
            ...told(field),
            crmManaged: false,
          })),
        },
      ],
    }),
})

/** leads.md: every field with its names in REST and SOAP. */
export const describeLeads: Route = (_call, { store }) => ({
  run: () =>
    success({
      result: [...store.leadSchema.fields.values()].map((field, nth) => {
        const { updateable, name, ...rest } = told(field)
        return { id: nth + 1, ...rest, rest: { name, readOnly: !updateable } }
      }),
    }),
})

export const describeObject =
  ({ name, displayName, idField, dedupeFields, searchable, schema }: ObjectDefinition): Route =>
  () => ({
    run: () =>
      success({
        result: [
          {
            name,
            displayName,
            createdAt: SINCE,
            updatedAt: SINCE,
            idField,
            dedupeFields,
            searchableFields: searchable,
            fields: [...schema.fields.values()].map(told),
          },
        ],
      }),
  })
