// Who a merge loser finally became: the survivor may have been merged away itself, or converted, before anybody looked.
import type { ObjectName } from '../salesforce/ids.ts'
import { objectOf, toId18 } from '../salesforce/ids.ts'
import type { Reader } from '../salesforce/read.ts'
import type { Planned } from './work.ts'

/** So many merges and conversions in a row are followed at once; a longer chain goes on with the next look at it. */
const LONGEST_CHAIN = 5

/** The same, with every merge pointing to its last survivor. */
export async function followMerges(
  reader: Pick<Reader, 'read'>,
  planned: Planned[],
  signal: AbortSignal,
): Promise<Planned[]> {
  const into = planned.flatMap(({ step }) => (step.do === 'merge' ? [step.into] : []))
  if (into.length === 0) return planned
  const last = await lastSurvivors(reader, into, signal)
  return planned.map((item) =>
    item.step.do === 'merge'
      ? { ...item, step: { do: 'merge', into: last.get(item.step.into) ?? item.step.into } }
      : item,
  )
}

/** The last survivor of each, by the id that was given; one that Salesforce doesn't show stays as it was given. */
export async function lastSurvivors(
  reader: Pick<Reader, 'read'>,
  ids: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const last = new Map(ids.map((id) => [id, id]))
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const became = new Map<string, string>()
    const groups = Map.groupBy(new Set(last.values()), (id) => objectOf(id))
    for (const [object, group] of groups) if (object !== undefined) await follow(object, group, became)
    if (became.size === 0) return last
    for (const [id, survivor] of last) last.set(id, became.get(survivor) ?? survivor)
  }
  return last

  async function follow(object: ObjectName, group: string[], became: Map<string, string>): Promise<void> {
    const fields = object === 'Lead' ? ['Id', 'IsConverted', 'ConvertedContactId'] : ['Id']
    for (const [id, reading] of await reader.read(object, group, fields, signal)) {
      const next =
        reading.state === 'deleted'
          ? reading.masterRecordId
          : reading.state === 'live' && reading.row.IsConverted === true
            ? toId18(String(reading.row.ConvertedContactId))
            : undefined
      if (next) became.set(id, next)
    }
  }
}
