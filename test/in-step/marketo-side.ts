// What Marketo holds under our keys, and what its describe says about the fields.
import type { Schema } from '../simulators/marketo/fields.ts'
import type { MarketoInstance } from '../simulators/marketo/index.ts'
import { leadSchema } from '../simulators/marketo/lead-schema.ts'
import { objectDefinitions } from '../simulators/marketo/object-schemas.ts'
import { settingsFrom, type MarketoOptions } from '../simulators/marketo/options.ts'
import type { Row } from '../simulators/marketo/table.ts'
import { MAPPED, OBJECTS, type MappedObject, type ObjectName } from './objects.ts'

export interface MarketoSide {
  /** Rows by our key; more than one under a key is a duplicate. Roles are not in here: their key has three parts. */
  rows: Readonly<Record<ObjectName, ReadonlyMap<string, readonly Row[]>>>
  schemas: Readonly<Record<MappedObject['marketo'], Schema>>
  has: (object: ObjectName, id: string) => boolean
}

export function marketoSide(instance: MarketoInstance, options: MarketoOptions = {}): MarketoSide {
  const settings = settingsFrom(options)
  const schemas = {
    ...Object.fromEntries(objectDefinitions(settings).map(({ object, schema }) => [object, schema])),
    leads: leadSchema(settings),
  } as MarketoSide['schemas']
  const rows = Object.fromEntries(
    OBJECTS.map((object) => [
      object,
      object === 'OpportunityContactRole' ? new Map() : byKey(instance, object),
    ]),
  ) as unknown as MarketoSide['rows']
  return { rows, schemas, has: (object, id) => rows[object].has(id) }
}

function byKey(instance: MarketoInstance, object: ObjectName): Map<string, Row[]> {
  const { marketo, key, prefix } = MAPPED[object]
  const found = new Map<string, Row[]>()
  for (const row of instance[marketo].values()) {
    const id = row.fields[key]
    if (!isOurs(id, prefix)) continue
    const rows = found.get(id)
    if (rows) rows.push(row)
    else found.set(id, [row])
  }
  return found
}

/** Ids of 15 characters too: a bridge that sends those would otherwise go unnoticed. Anything else is somebody else's key. */
export const isOurs = (id: unknown, prefix: string): id is string =>
  typeof id === 'string' && id.startsWith(prefix) && /^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/.test(id)
