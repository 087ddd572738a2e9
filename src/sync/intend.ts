// Commits what is to be written, right before it goes out, and holds back what must not go now: plans are made side by side.
import { postpone } from '../database/changes.ts'
import { openIntents, standingParents, takenKeys } from '../database/intents.ts'
import { isSameEntry, readLedger } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { putOffOthers } from './others-persons.ts'
import { roleIdentity, roleKeyText } from './role-key.ts'
import { SOON_MS } from './settle-failed.ts'
import { foundByKey, intentOf, parentsIn, type Write } from './write.ts'

/**
 * Commits the intents before the call goes out, and returns the writes that may go. A little later comes one whose role key or Marketo
 * person is in another call just now or was written since it was planned, one whose person is another record's, and one whose parent has begun
 * to leave Marketo since it was planned.
 */
export async function intend(
  leader: LeaderTransaction,
  call: string,
  writes: Write[],
  inputOf: (write: Write) => Record<string, unknown>,
): Promise<Write[]> {
  return leader(async (trx) => {
    const standing = await standingParents(trx, [...new Set(writes.flatMap(parentsIn))])
    const taken = await takenKeys(trx, {
      roleKeys: writes.flatMap(roleKeyOf),
      marketoIds: writes.flatMap(({ marketoId }) => marketoId ?? []),
    })
    const takenRoles = new Set([...taken].map(roleIdentity))
    const outdated = await outdatedPlans(trx, writes)
    const others = await putOffOthers(
      trx,
      writes.flatMap((write) => foundByKey(write, write.marketoId)),
    )
    const collides = (write: Write): boolean =>
      outdated.has(write.id) ||
      roleKeyOf(write).some((key) => takenRoles.has(roleIdentity(key))) ||
      (write.marketoId !== null && taken.has(write.marketoId))
    const leaving = (write: Write): boolean => parentsIn(write).some((parent) => !standing.has(parent))
    const own = writes.filter(({ id }) => !others.has(id))
    const free = own.filter((write) => !collides(write) && !leaving(write))
    await openIntents(
      trx,
      free.map((write) => intentOf(call, write, inputOf(write))),
    )
    await postpone(
      trx,
      own
        .filter((write) => !free.includes(write))
        .map((write) => ({
          id: write.id,
          afterMs: SOON_MS,
          code: 'busy',
          reason: leaving(write)
            ? 'a record that it points to is leaving Marketo'
            : 'another write of the same Marketo record is under way',
        })),
    )
    return free
  })
}

/** After the lock of `takenKeys`: what a Lead's plan has is older than what its Contact wrote to the same Marketo person meanwhile, and what a
 *  survivor's plan knows was sent, older than what a merge filled in. */
async function outdatedPlans(trx: DbOrTrx, writes: Write[]): Promise<Set<string>> {
  const planned = writes.flatMap(({ id, marketoId, entry, takesOver }) => {
    const owner = takesOver ?? entry
    return marketoId !== null && owner?.marketoId === marketoId ? [{ id, owner }] : []
  })
  const now = await readLedger(
    trx,
    planned.map(({ owner }) => owner.id),
  )
  return new Set(planned.flatMap(({ id, owner }) => (isSameEntry(owner, now.get(owner.id)) ? [] : [id])))
}

const roleKeyOf = (write: Write): string[] => (write.role === null ? [] : [roleKeyText(write.role)])
