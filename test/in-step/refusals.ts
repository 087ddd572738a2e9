// Records that are not to be expected in Marketo as they are: parked ones, and those that wait for a parent which is refused
// (rule 5: "waits, visibly, with the parent's reason").
import type { Record18 } from '../simulators/salesforce/org.ts'
import type { MarketoSide } from './marketo-side.ts'
import { MAPPED, OBJECTS, type ObjectName } from './objects.ts'
import type { Scope } from './scope.ts'

/** By id, for records in scope. */
export type Refusals = ReadonlyMap<string, { object: ObjectName; reason: string }>

export function refusalsOf(scope: Scope, side: MarketoSide, parked: ReadonlyMap<string, string>): Refusals {
  const refused = new Map<string, { object: ObjectName; reason: string }>()

  function reasonOfParent(object: ObjectName, id: string): string | undefined {
    if (side.has(object, id)) return undefined
    if (scope.isUnreadable(id)) return 'the integration user can not see it'
    return refused.get(id)?.reason ?? parked.get(id)
  }

  function reasonOf(object: ObjectName, row: Record18): string | undefined {
    const own = parked.get(row.Id)
    if (own !== undefined) return own
    for (const { from, object: parent } of MAPPED[object].parents) {
      const id = row[from]
      const reason = typeof id === 'string' ? reasonOfParent(parent, id) : undefined
      if (reason !== undefined) return `waits for ${parent} ${String(id)}: ${reason}`
    }
    return undefined
  }

  // Parents come first in the list of objects.
  for (const object of OBJECTS)
    for (const row of scope.records[object].values()) {
      const reason = reasonOf(object, row)
      if (reason !== undefined) refused.set(row.Id, { object, reason })
    }
  return refused
}
