// How persons are let go of: they stay in Marketo, without key and sales person.
import { deleteLeads, findLeads, MAX_RECORDS, syncLeads, type Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { RecordResult, WriteOutcome } from '../marketo/outcome.ts'
import { keyedOf, type Reserve } from './others-persons.ts'

interface Turn {
  priority: 'live'
  signal: AbortSignal
}

export function releasePersons(
  client: MarketoClient,
  marketoIds: number[],
  turn: Turn,
): Promise<WriteOutcome> {
  const input = marketoIds.map((id): Fields => ({ id, externalPersonId: null, externalSalesPersonId: null }))
  return syncLeads(client, { action: 'updateOnly', lookupField: 'id', input, ...turn })
}

/**
 * Marketo seemed to have lost these: whoever carries the key, if anybody does, is let go of, or deleted where it is the record's `own` person.
 */
export async function releaseByKey(
  client: MarketoClient,
  records: { key: string; own: string | null }[],
  reserve: Reserve,
  turn: Turn,
): Promise<WriteOutcome> {
  const found = await findLeads(client, {
    filterType: 'externalPersonId',
    values: records.map(({ key }) => key),
    fields: ['id', 'externalPersonId'],
    ...turn,
  })
  if (!found.ok) return { outcome: found, results: [] }
  const free = await reserve(found.records.map(keyedOf))
  const own = new Map(records.map((record) => [record.key, record.own]))
  const ours = found.records.filter((person) => free.has(keyedOf(person).marketoId))
  const persons = ours.slice(0, MAX_RECORDS)
  const isOwn = (person: Fields): boolean => own.get(String(person.externalPersonId)) === String(person.id)
  const ids = (some: Fields[]): number[] => some.map(({ id }) => Number(id))
  const deleted = persons.filter(isOwn)
  const released = persons.filter((person) => !isOwn(person))
  // More than a call takes: those of the others are not done, and come again.
  const failed = new Map(
    ours
      .slice(MAX_RECORDS)
      .map((person): [string, RecordResult] => [keyedOf(person).id, { status: 'unclear', reasons: [] }]),
  )
  for (const [some, write] of [
    [deleted, () => deleteLeads(client, { ids: ids(deleted), ...turn })],
    [released, () => releasePersons(client, ids(released), turn)],
  ] as const) {
    if (some.length === 0) continue
    const { outcome, results } = await write()
    if (!outcome.ok) return { outcome, results: [] }
    for (const [n, result] of results.entries())
      if (result.status === 'skipped' || result.status === 'unclear')
        failed.set(String(some[n]!.externalPersonId), result)
  }
  return {
    outcome: { ok: true, result: [], moreResult: false, warnings: [] },
    results: records.map(({ key }) => failed.get(key) ?? { status: 'updated', reasons: [] }),
  }
}
