// How persons are let go of: they stay in Marketo, without key and sales person.
import { findLeads, MAX_RECORDS, syncLeads, type Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { RecordResult, WriteOutcome } from '../marketo/outcome.ts'

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

/** Of those that Marketo seemed to have lost no id is known: whoever carries the key, if anybody does, is let go of. */
export async function releaseByKey(client: MarketoClient, keys: string[], turn: Turn): Promise<WriteOutcome> {
  const found = await findLeads(client, {
    filterType: 'externalPersonId',
    values: keys,
    fields: ['id', 'externalPersonId'],
    ...turn,
  })
  if (!found.ok) return { outcome: found, results: [] }
  const persons = found.records.slice(0, MAX_RECORDS)
  if (persons.length === 0)
    return {
      outcome: { ok: true, result: [], moreResult: false, warnings: [] },
      results: keys.map((): RecordResult => ({ status: 'updated', reasons: [] })),
    }
  const { outcome, results } = await releasePersons(
    client,
    persons.map(({ id }) => Number(id)),
    turn,
  )
  if (!outcome.ok) return { outcome, results: [] }
  const resultOf = (key: string): RecordResult => {
    const own = results.filter((_, n) => persons[n]!.externalPersonId === key)
    return own.find(({ status }) => status !== 'updated') ?? { status: 'updated', reasons: [] }
  }
  return { outcome, results: keys.map(resultOf) }
}
