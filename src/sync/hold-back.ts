// What must not leave Marketo just now, though that was decided: found under the lock that intents are opened under.
import type { Postponed } from '../database/changes.ts'
import { rolesBeingDeleted, takenKeys, type Intent } from '../database/intents.ts'
import { isSameEntry, readLedger, type LedgerEntry } from '../database/ledger.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { RemovalPayload } from './removal-payload.ts'
import { SOON_MS } from './settle-failed.ts'

export const rolesFirst = (id: string): Postponed => ({
  id,
  afterMs: SOON_MS,
  code: 'roles',
  reason: 'its opportunity roles are deleted first',
})

const busy = ({ id }: Intent, reason: string): Postponed => ({ id, afterMs: SOON_MS, code: 'busy', reason })

/** `seen` are the ledger's entries that the removals were decided by: their own, and those of survivors. */
export async function holdBack(
  trx: DbOrTrx,
  intents: Intent[],
  seen: ReadonlyMap<string, LedgerEntry>,
): Promise<{ free: Intent[]; held: Postponed[] }> {
  const busyOnes = await busyPersons(trx, intents)
  const now = await readLedger(trx, seen.keys())
  const free: Intent[] = []
  const held: Postponed[] = []
  for (const intent of intents) {
    const payload = intent.payload as RemovalPayload
    const decidedBy = payload.how === 'merge' ? [intent.id, payload.into] : [intent.id]
    if (busyOnes.has(intent)) held.push(busy(intent, 'another write of the same Marketo person is under way'))
    // A Contact that took its Lead's person over meanwhile would lose the key that it was given; a person that was merged with a marketer's,
    // what the marketer knew.
    else if (decidedBy.some((id) => !isSameEntry(seen.get(id), now.get(id))))
      held.push(busy(intent, 'its Marketo person has just been written'))
    // Once more: a role's delete may have gone out since, which would not find the role under its old key after the merge.
    else if (payload.how === 'merge' && (await rolesBeingDeleted(trx, { person: payload.loser })))
      held.push(rolesFirst(intent.id))
    else free.push(intent)
  }
  return { free, held }
}

/** Two losers of one survivor are merged one after the other. */
async function busyPersons(trx: DbOrTrx, intents: Intent[]): Promise<Set<Intent>> {
  const idsOf = (intent: Intent): string[] => {
    const payload = intent.payload as RemovalPayload
    return [
      ...(intent.marketoId === null ? [] : [intent.marketoId]),
      ...(payload.how === 'merge' ? [payload.winner] : []),
    ]
  }
  const persons = intents.filter(({ object }) => object === 'Lead' || object === 'Contact')
  const taken = await takenKeys(trx, { roleKeys: [], marketoIds: persons.flatMap(idsOf) })
  return new Set(
    persons.filter((intent) => {
      const ids = idsOf(intent)
      const isBusy = ids.some((id) => taken.has(id))
      for (const id of ids) taken.add(id)
      return isBusy
    }),
  )
}
