// A merge of persons with one key whose outcome nobody knows. Whoever is left of them has the record's key, and the record may be converted,
// merged or removed before it is looked at again: the ledger is to know that somebody is to be looked for then (plan.ts).
import { confirm, lose, ownersOfPersons, readLedger } from '../database/ledger.ts'
import type { OpenIntent } from '../database/intents.ts'
import type { DbOrTrx } from '../database/tables.ts'

/** What stands in the intent of such a merge. */
export interface Join {
  how: 'join'
  winner: string
  persons: string[]
}

export async function noteJoined(trx: DbOrTrx, intents: OpenIntent[]): Promise<void> {
  const joins = intents.flatMap(({ object, id, payload }) => {
    const { how, winner } = payload as Partial<Join>
    return how === 'join' && winner !== undefined ? [{ object, id, winner }] : []
  })
  const entries = await readLedger(
    trx,
    joins.map(({ id }) => id),
  )
  const owners = await ownersOfPersons(
    trx,
    joins.map(({ winner }) => winner),
  )
  // Lost without an id are those of whom only that there are several was known (settle-failed.ts).
  const isNews = (id: string): boolean => {
    const { state = 'outside', lostId = null } = entries.get(id) ?? {}
    return state === 'outside' || (state === 'lost' && lostId === null)
  }
  const unknown = joins.filter(({ id, winner }) => isNews(id) && !owners.has(winner))
  await confirm(
    trx,
    unknown.map(({ object, id, winner }) => ({
      ...entries.get(id),
      object,
      id,
      marketoId: winner,
      state: 'confirmed',
      hashes: null,
      pushed: false,
    })),
  )
  await lose(
    trx,
    unknown.map(({ id }) => id),
  )
}
