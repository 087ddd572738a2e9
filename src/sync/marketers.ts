// What marketers do to our persons in Marketo, without asking: they delete and merge them. The records are looked at again.
import { mark, PRIORITY } from '../database/changes.ts'
import type { KnownPerson } from '../database/insights.ts'
import { confirm, lockLedger, losePersons } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { createNameHash, decodeHashes, doubt, encodeHashes } from './hashes.ts'

export interface Marketers {
  /** Marketo no longer has these. */
  onLost(persons: KnownPerson[]): Promise<void>
  /**
   * Others were merged into these. What marketers knew stays with them, but a record that has no owner in Marketo must not be left with the
   * sales person of another.
   */
  onMerged(trx: DbOrTrx, survivors: KnownPerson[]): Promise<void>
}

export function createMarketers(deps: { leader: LeaderTransaction; wake: () => void }): Marketers {
  const { leader, wake } = deps
  const salesPerson = createNameHash()('externalSalesPersonId')

  return {
    async onLost(persons) {
      await leader(async (trx) => look(trx, await losePersons(trx, persons)))
      wake()
    },

    async onMerged(trx, survivors) {
      const entries = await lockLedger(
        trx,
        survivors.map(({ id }) => id),
      )
      const known = survivors.filter(({ id, marketoId }) => entries.get(id)?.marketoId === marketoId)
      await confirm(
        trx,
        known.map(({ id }) => {
          const entry = entries.get(id)!
          const hashes = encodeHashes(doubt(decodeHashes(entry.hashes), salesPerson))
          return { ...entry, hashes, pushed: false }
        }),
      )
      await look(trx, known)
    },
  }
}

const look = (trx: DbOrTrx, persons: KnownPerson[]): Promise<void> =>
  mark(
    trx,
    persons.map(({ id, object }) => ({ object, id, priority: PRIORITY.found })),
  )
