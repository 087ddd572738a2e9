// A marketer may give the person of one record the key of another, by hand. The ledger tells whose it is: it is not let go of, merged or taken
// over for the record whose key it has, and its own record is sent anew, which sets the key right.
import { mark, postpone, PRIORITY, waitForParent } from '../database/changes.ts'
import { reservePersons, takenKeys } from '../database/intents.ts'
import { confirm, lockLedger, personsInUse } from '../database/ledger.ts'
import { readParked } from '../database/parked.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { Fields } from '../marketo/calls.ts'
import { decodeHashes, encodeHashes, unproven } from './hashes.ts'
import { personObjectOf } from './objects/index.ts'
import { soonAfter } from './settle-failed.ts'

/** A Marketo person that was found by the key of this record. */
export interface Keyed {
  id: string
  marketoId: string
}

export const keyedOf = (person: Fields): Keyed => ({
  id: String(person.externalPersonId),
  marketoId: String(person.id),
})

/** Those of them that are another record's: Marketo id → that record. What is refused is not sent again for this. */
export async function othersPersons(trx: DbOrTrx, keyed: readonly Keyed[]): Promise<Map<string, string>> {
  const inUse = await personsInUse(
    trx,
    keyed.map(({ marketoId }) => marketoId),
  )
  const others = new Map<string, string>()
  for (const { id, marketoId } of keyed) {
    const owner = inUse.get(marketoId)
    // One that waits to become part of this record gives it what it has.
    if (owner !== undefined && owner.id !== id && owner.waitsFor !== id) others.set(marketoId, owner.id)
  }
  const owners = [...others.values()]
  const parked = await readParked(trx, owners)
  await mark(
    trx,
    owners
      .filter((id) => !parked.has(id))
      .map((id) => ({ object: personObjectOf(id), id, priority: PRIORITY.live, force: true })),
  )
  return others
}

export type Reserve = (keyed: readonly Keyed[]) => Promise<Set<string>>

/** Those that a removal may do something to, and has for itself until its intent is closed. Who is in another call just now is about to be
 *  the person of that call's record. */
export async function reserveKeyed(trx: DbOrTrx, keyed: readonly Keyed[]): ReturnType<Reserve> {
  const ids = [...new Set(keyed.map(({ id }) => id))]
  const busy = await takenKeys(trx, {
    roleKeys: [],
    marketoIds: keyed.map(({ marketoId }) => marketoId),
    besides: ids,
  })
  const others = await othersPersons(trx, keyed)
  const free = keyed.filter(({ marketoId }) => !busy.has(marketoId) && !others.has(marketoId))
  await reservePersons(
    trx,
    ids.map((id) => ({
      id,
      persons: free.filter((person) => person.id === id).map(({ marketoId }) => marketoId),
    })),
  )
  return new Set(free.map(({ marketoId }) => marketoId))
}

/** Puts off the writes to persons that are another record's: until that one is cured where it is refused, or they would be sent to its person
 *  again and again. Returns whose they are, by the id that was to be written. */
export async function putOffOthers(
  trx: DbOrTrx,
  keyed: readonly (Keyed & { attempts: number })[],
): Promise<Map<string, string>> {
  const others = await othersPersons(trx, keyed)
  const put = keyed.flatMap((person) => {
    const owner = others.get(person.marketoId)
    return owner === undefined ? [] : [{ ...person, owner }]
  })
  const parked = await readParked(trx, [...others.values()])
  const saying = ({ marketoId, owner }: (typeof put)[number]): string =>
    `Marketo person ${marketoId} has its key, and is the person of ${personObjectOf(owner)} ${owner}`
  await waitForParent(
    trx,
    put.flatMap((person) => {
      const refused = parked.get(person.owner)
      if (refused === undefined) return []
      const reason = `${saying(person)}, which is parked: ${refused.reason}`
      return [{ id: person.id, parent: person.owner, reason }]
    }),
  )
  await postpone(
    trx,
    put
      .filter(({ owner }) => !parked.has(owner))
      .map((person) => ({
        id: person.id,
        afterMs: soonAfter(person.attempts),
        code: 'key-of-another',
        reason: `${saying(person)}, which is sent first: that sets the key right`,
      })),
  )
  return new Map(put.map(({ id, owner }) => [id, owner]))
}

/** Marketo took values for the person of another record before anybody knew whose it was: what they may have changed is sent with it, blanks
 *  too. */
export async function doubtChanged(
  trx: DbOrTrx,
  taken: readonly { owner: string; hashes: Uint8Array }[],
): Promise<void> {
  for (const { owner, hashes } of taken) {
    const entry = (await lockLedger(trx, [owner])).get(owner)
    if (entry === undefined) continue
    const now = unproven(decodeHashes(hashes), decodeHashes(entry.hashes))
    await confirm(trx, [{ ...entry, hashes: encodeHashes(now), pushed: false }])
  }
}
