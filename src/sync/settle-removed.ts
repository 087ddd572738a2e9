// Writes down what came of deletes, releases and merges: ledger, mark, intent, parked list and waiting children together.
import { mark, postpone, PRIORITY, putOff, release, settle } from '../database/changes.ts'
import { forgetHistory } from '../database/history.ts'
import { forgetInsights } from '../database/insights.ts'
import { closeIntents, holdRemovals, recordOf, type Intent } from '../database/intents.ts'
import {
  confirm,
  dependants,
  forget,
  lose,
  ownersOfPersons,
  readLedger,
  type LedgerEntry,
} from '../database/ledger.ts'
import { park, unpark } from '../database/parked.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { Verdict } from '../marketo/verdict.ts'
import { decodeHashes, encodeHashes, hashesAfterMerge } from './hashes.ts'
import { personObjectOf } from './objects/index.ts'
import { payloadOf, type RemovalPayload } from './removal-payload.ts'
import { SOON_MS, soonAfter } from './settle-failed.ts'
import { dropMovedRoles, moveRoleKeys, releaseRoleKeys } from './role-keys.ts'

export interface Removed {
  intent: Intent
  verdict: Verdict
  /** It was merged with whom marketers had merged it into (merging.ts). */
  areHeirs?: boolean
  /** Keys under which a role that was not there may be instead (moved-roles.ts). */
  moved?: string[]
}

type Refused = Extract<Verdict, { kind: 'refused' | 'several' | 'unsupported-lookup' | 'bisect' }>

/** Its record is parked. */
export const isRefused = (verdict: Verdict): verdict is Refused =>
  ['refused', 'several', 'unsupported-lookup', 'bisect'].includes(verdict.kind)

export async function settleRemoved(trx: DbOrTrx, removed: Removed[]): Promise<void> {
  // Before any row is locked: this waits for whoever opens intents.
  for (const { intent, moved = [] } of removed) if (moved.length > 0) await dropMovedRoles(trx, intent, moved)
  for (const { intent, verdict, areHeirs = false } of removed) {
    if (isRefused(verdict)) {
      await refuse(trx, intent, verdict)
      continue
    }
    switch (verdict.kind) {
      case 'ambiguous':
        await holdRemovals(trx, [intent.id], { suspect: true })
        break
      case 'accepted':
        await settleGone(trx, intent, { byUs: true, areHeirs })
        break
      // Gone already is what was wanted, unless it is the survivor of a merge.
      case 'gone':
        if (verdict.lost === 'parent') await survivorIsGone(trx, intent, verdict)
        else if (verdict.lost === 'record' && isOfPerson(intent)) await lookByKey(trx, intent, verdict)
        else if (verdict.lost === 'record') await settleGone(trx, intent, { byUs: false, areHeirs: false })
        else await again(trx, intent, verdict)
        break
      case 'in-use':
        await stays(trx, intent)
        break
      default:
        await again(trx, intent, verdict)
    }
  }
}

async function refuse(trx: DbOrTrx, intent: Intent, { code, reason, advice }: Refused): Promise<void> {
  await park(trx, [{ object: intent.object, id: recordOf(intent.id), code, reason, advice, payload: null }])
  // Only its intent still knows a role's former key: it stays, and is tried again as one without outcome.
  if (payloadOf(intent).how === 'delete role') return holdRemovals(trx, [intent.id])
  await closeIntents(trx, [intent.id])
  await settle(trx, [intent])
}

async function again(
  trx: DbOrTrx,
  intent: Intent,
  verdict: Exclude<Verdict, { kind: 'accepted' }>,
): Promise<void> {
  // A role's former key has no mark that would bring it back: its intent stays, as one without outcome.
  if (intent.id !== recordOf(intent.id)) return holdRemovals(trx, [intent.id])
  await closeIntents(trx, [intent.id])
  await postpone(trx, [
    {
      id: intent.id,
      afterMs: waitAfter(intent, verdict),
      code: verdict.code,
      reason: verdict.reason,
    },
  ])
}

function waitAfter(intent: Intent, verdict: Verdict): number {
  if ('afterMs' in verdict) return verdict.afterMs
  return verdict.kind === 'everybody' ? soonAfter(payloadOf(intent).attempts ?? 0) : 60_000
}

/** Nothing was sent, so no attempt is counted. A role's former key stays, and is not sent yet. */
export async function putOffRemovals(trx: DbOrTrx, intents: Intent[], afterMs: number): Promise<void> {
  const ids = intents.flatMap(({ id }) => (id === recordOf(id) ? [id] : []))
  await closeIntents(trx, ids)
  await putOff(trx, ids, afterMs)
}

/** "A company or sales person that Marketo still uses stays, told once" (design §5, rule 5). */
async function stays(trx: DbOrTrx, intent: Intent): Promise<void> {
  await closeIntents(trx, [intent.id])
  const entry = (await readLedger(trx, [intent.id])).get(intent.id)
  if (entry !== undefined)
    await confirm(trx, [
      {
        ...entry,
        marketoId: null,
        state: 'outside',
        hashes: null,
        notes: 'removed in Salesforce; Marketo still uses it, so it stays there',
        pushed: false,
      },
    ])
  await settle(trx, [intent])
  await unpark(trx, [intent.id])
}

/** The survivor is sent anew; then the loser is looked at again. */
async function survivorIsGone(
  trx: DbOrTrx,
  intent: Intent,
  { code, reason }: { code: string; reason: string },
): Promise<void> {
  const payload = payloadOf(intent)
  if (payload.how !== 'merge') return
  const { into, winner } = payload
  const survivor = (await readLedger(trx, [into])).get(into)
  await closeIntents(trx, [intent.id])
  // It may have been sent anew already, and be another person by now.
  if (survivor?.marketoId === winner) {
    await lose(trx, [into])
    await mark(trx, [{ object: personObjectOf(into), id: into, priority: PRIORITY.live, force: true }])
  }
  await postpone(trx, [{ id: intent.id, afterMs: 1_000, code, reason }])
}

const isOfPerson = (intent: Intent): boolean => ['release', 'delete person'].includes(payloadOf(intent).how)

/** A marketer may have merged the person into somebody who carries the key since: that one is let go of next. */
async function lookByKey(
  trx: DbOrTrx,
  intent: Intent,
  { code, reason }: { code: string; reason: string },
): Promise<void> {
  await closeIntents(trx, [intent.id])
  await lose(trx, [intent.id])
  await postpone(trx, [{ id: intent.id, afterMs: SOON_MS, code, reason }])
}

async function settleGone(
  trx: DbOrTrx,
  intent: Intent,
  { byUs, areHeirs }: { byUs: boolean; areHeirs: boolean },
): Promise<void> {
  await closeIntents(trx, [intent.id])
  const payload = payloadOf(intent)
  if (payload.how === 'delete role') return unpark(trx, [recordOf(intent.id)])
  const entry = (await readLedger(trx, [intent.id])).get(intent.id)
  if (entry === undefined) return
  if (payload.how === 'merge') {
    await join(trx, { ...entry, adopted: entry.adopted || areHeirs }, payload.into, { byUs })
    const roles = await moveRoleKeys(trx, { ...entry, marketoId: payload.loser }, payload.winner)
    // Merged by a marketer, perhaps into somebody else: the roles are there then.
    if (!byUs) await releaseRoleKeys(trx, roles)
  }
  await letGo(trx, entry, payload)
  await settle(trx, [intent])
  await unpark(trx, [intent.id])
  await release(trx, [intent.id])
}

async function letGo(trx: DbOrTrx, entry: LedgerEntry, payload: RemovalPayload): Promise<void> {
  // Should the survivor come back, this one is looked at again, and merged.
  if (payload.how === 'release')
    return leave(trx, { ...entry, personId: payload.into ?? entry.personId }, true)
  if (payload.how !== 'release by key') return leave(trx, entry, entry.state === 'outside')
  const personId = payload.into ?? entry.personId
  // An undelete is to find the same person, though its key is gone.
  const { lostId } = entry
  const isOurs = payload.own === null && lostId !== null && (await ownersOfPersons(trx, [lostId])).size === 0
  await leave(trx, { ...entry, personId, marketoId: isOurs ? lostId : null }, isOurs)
}

/** Marketo gave the survivor the loser's values where it had none: what Salesforce's survivor leaves blank is cleared again. A loser that
 *  was gone before may have been merged into somebody else: then the survivor has none of them, and is sent whole. */
async function join(
  trx: DbOrTrx,
  loser: LedgerEntry,
  into: string,
  { byUs }: { byUs: boolean },
): Promise<void> {
  const survivor = (await readLedger(trx, [into])).get(into)
  if (survivor !== undefined) {
    const hashes = hashesAfterMerge(decodeHashes(survivor.hashes), decodeHashes(loser.hashes))
    // What marketers knew of an adopted loser is in the survivor now, and is kept as an adopted person's is.
    const adopted = survivor.adopted || loser.adopted
    await confirm(trx, [{ ...survivor, adopted, hashes: encodeHashes(hashes), pushed: false }])
  }
  const roles = await dependants(trx, 'person_id', [loser.id])
  await mark(trx, [
    ...roles.map(({ object, id }) => ({ object, id, priority: PRIORITY.found })),
    { object: personObjectOf(into), id: into, priority: PRIORITY.found, force: !byUs },
  ])
}

/** The record has left Marketo. One that may come back keeps its entry: a released person its Marketo id, others their parents. */
export async function leave(trx: DbOrTrx, entry: LedgerEntry, mayReturn: boolean): Promise<void> {
  const isPerson = entry.object === 'Lead' || entry.object === 'Contact'
  // Others have no values, and need not wait for the lock of their numbers.
  if (isPerson) await forgetInsights(trx, [entry.id])
  await forgetHistory(trx, [entry.id])
  if (!mayReturn) return forget(trx, [entry.id])
  await confirm(trx, [
    {
      ...entry,
      marketoId: isPerson ? entry.marketoId : null,
      state: isPerson ? 'released' : 'outside',
      hashes: null,
      roleKey: null,
      notes: isPerson ? 'removed; kept in Marketo without key and sales person' : entry.notes,
      pushed: false,
    },
  ])
}
