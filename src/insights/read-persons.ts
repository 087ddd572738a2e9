// Reads persons by Marketo id and stores their values: the step that activities and the sweep share.
import { personsByMarketoId, storeKnownInsights, type KnownPerson } from '../database/insights.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { Db, Trx } from '../database/tables.ts'
import { findLeads } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { Failed } from '../marketo/outcome.ts'
import { fieldsToRead, readInsight } from './read.ts'

export interface ReadPersonsDeps {
  db: Db
  leader: LeaderTransaction
  client: MarketoClient
  schema: MarketoSchema
  /** Persons that Marketo no longer returns: deleted or merged there. */
  onLost: (persons: KnownPerson[]) => Promise<void>
  now: () => number
  signal: AbortSignal
}

/** At most 300 persons; `alongside` is written in the transaction that stores their values. */
export type ReadPersons = (
  persons: KnownPerson[],
  priority: 'refresh' | 'background',
  alongside: (trx: Trx) => Promise<void>,
) => Promise<{ ok: true; changed: number } | Failed>

export function createReadPersons(deps: ReadPersonsDeps): ReadPersons {
  const { db, leader, client, schema, onLost, now, signal } = deps
  const names = schema.insights

  return async (persons, priority, alongside) => {
    const readAt = new Date(now())
    const found = await findLeads(client, {
      filterType: 'id',
      values: persons.map((person) => person.marketoId),
      fields: fieldsToRead(names),
      priority,
      signal,
    })
    if (!found.ok) return found
    const byId = new Map(found.records.map((record) => [String(record.id), record]))
    const readings = persons.flatMap(({ id, marketoId }) => {
      const record = byId.get(marketoId)
      return record === undefined ? [] : [{ id, marketoId, values: readInsight(record, names), readAt }]
    })
    const changed = await leader(async (trx) => {
      // First, as everybody does who stores values and wants others: the other way round the two would wait for each other.
      const stored = await storeKnownInsights(trx, readings)
      await alongside(trx)
      return stored
    })
    const lost = persons.filter(({ marketoId }) => !byId.has(marketoId))
    if (lost.length > 0) await handOver(lost)
    return { ok: true, changed }
  }

  /** Without those that we ourselves merged, deleted or re-keyed while Marketo was asked. */
  async function handOver(lost: KnownPerson[]): Promise<void> {
    const still = new Map(
      (
        await personsByMarketoId(
          db,
          lost.map((person) => person.marketoId),
        )
      ).map((person) => [person.marketoId, person.id]),
    )
    const gone = lost.filter(({ id, marketoId }) => still.get(marketoId) === id)
    if (gone.length > 0) await onLost(gone)
  }
}
