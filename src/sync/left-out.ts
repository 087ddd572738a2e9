// What the admin's filter leaves out. A condition that a record doesn't meet and a record that is no longer shown look alike to a query, and
// only the first is a reason to take something out of Marketo (design §5, rule 15).
import type { ObjectName } from '../salesforce/ids.ts'
import type { Reader } from '../salesforce/read.ts'

const ANY = 'Id != null'

/** `out` does not meet the filter; `hidden` was there when it was read, and now isn't shown at all. */
export async function leftOut(
  reader: Pick<Reader, 'matching'>,
  object: ObjectName,
  filter: string | null,
  { ids, isInMarketo, signal }: { ids: string[]; isInMarketo: (id: string) => boolean; signal: AbortSignal },
): Promise<{ out: Set<string>; hidden: Set<string> }> {
  if (filter === null || ids.length === 0) return { out: new Set(), hidden: new Set() }
  const inside = await reader.matching(object, ids, filter, signal)
  const outside = ids.filter((id) => !inside.has(id))
  const leaving = outside.filter(isInMarketo)
  const shown = leaving.length === 0 ? new Set() : await reader.matching(object, leaving, ANY, signal)
  const hidden = new Set(leaving.filter((id) => !shown.has(id)))
  return { out: new Set(outside.filter((id) => !hidden.has(id))), hidden }
}
