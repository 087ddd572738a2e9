// Writes down what Marketo did not take: lost there, refused, or to be tried again, each with its reason.
import * as changes from '../database/changes.ts'
import { forgetInsights } from '../database/insights.ts'
import * as ledger from '../database/ledger.ts'
import { park } from '../database/parked.ts'
import { wantInsights } from '../database/refresh-progress.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { NOT_THERE } from '../marketo/known-codes.ts'
import { parentsIn, type Outcome, type Write } from './write.ts'

/** After something was forgotten or must be sent anew: at once, but not in a tight loop. */
export const SOON_MS = 1_000

export const soonAfter = (attempts: number): number => SOON_MS * Math.min(60, 2 ** attempts)

export const codeOf = (verdict: Outcome['verdict']): string =>
  'code' in verdict ? verdict.code : verdict.kind
export const reasonOf = (verdict: Outcome['verdict']): string =>
  'reason' in verdict ? verdict.reason : verdict.kind

/** What Marketo turns out to have lost is forgotten and sent anew: the record itself, or the parent it belongs to. */
export async function settleGone(trx: DbOrTrx, gone: Outcome[]): Promise<void> {
  for (const outcome of gone) {
    const { write, verdict } = outcome
    if (verdict.kind !== 'gone') continue
    const itself = write.takesOver?.id ?? write.id
    const lost = lostBy(outcome, itself)
    for (const id of lost) {
      const entry = (await ledger.readLedger(trx, [id])).get(id)
      await ledger.lose(trx, [id])
      if (id !== write.id && entry !== undefined)
        await changes.mark(trx, [{ object: entry.object, id, priority: changes.PRIORITY.live, force: true }])
    }
    await changes.postpone(trx, [
      {
        id: write.id,
        afterMs: soonAfter(write.taken.attempts),
        code: verdict.code,
        reason: verdict.reason,
      },
    ])
  }
}

function lostBy({ write, verdict }: Outcome, itself: string): string[] {
  if (verdict.kind !== 'gone') return []
  const { ownerId, opportunityId, personId } = write.references
  if (verdict.lost === 'sales person') return [ownerId].filter((id) => id !== null)
  // Never a role itself, whose key has to be known when it is renamed: it is made of its parents.
  if (verdict.lost === 'parent' || write.role !== null)
    return [opportunityId, personId].filter((id) => id !== null)
  // Its parents first: sent anew they do no harm. The person of a converted Lead is its Contact's only once that was written.
  const named = parentsIn(write)
  const byParent = verdict.code === NOT_THERE && named.length > 0 && write.taken.attempts % 2 === 0
  return byParent ? named : [itself]
}

export async function parkRefused(trx: DbOrTrx, refused: Outcome[]): Promise<void> {
  // First: it waits for those who are just beginning to wait for them, and these are to be told why.
  await changes.settle(
    trx,
    refused.map(({ write }) => write.taken),
  )
  await park(
    trx,
    refused.map(({ write, verdict }) => ({
      object: write.object,
      id: write.id,
      code: codeOf(verdict),
      reason: reasonOf(verdict),
      advice: 'advice' in verdict ? verdict.advice : '',
      payload: write.fields,
    })),
  )
  // A claim on a person that was then refused must not keep the person from the next record.
  const claims = refused.filter(({ write }) => write.adopts)
  const given = claims.filter(({ write }) => write.entry?.state !== 'lost').map(({ write }) => write.id)
  await forgetInsights(trx, given)
  await ledger.forget(trx, given)
  await ledger.lose(
    trx,
    claims.filter(({ write }) => write.entry?.state === 'lost').map(({ write }) => write.id),
  )
}

/** Somebody else had made the person with the record's key, and Marketo did not take the values: it is the record's all the same, or a removal,
 *  merge or conversion would leave it behind with the key. */
export async function noteFound(trx: DbOrTrx, failed: Outcome[]): Promise<void> {
  const found = failed.flatMap(({ write, marketoId: answered }) => {
    const { object, id, entry, adopts, takesOver } = write
    const marketoId = write.marketoId ?? answered
    const isPerson = object === 'Lead' || object === 'Contact'
    const isNews = !adopts && takesOver === undefined && (entry === undefined || entry.state === 'outside')
    return isPerson && isNews && marketoId !== null ? [{ object, id, marketoId, entry }] : []
  })
  const owners = await ledger.ownersOfPersons(
    trx,
    found.map(({ marketoId }) => marketoId),
  )
  const free = found.filter(({ marketoId }) => !owners.has(marketoId))
  await ledger.confirm(
    trx,
    free.map(({ entry, ...person }) => ({
      ...entry,
      ...person,
      state: 'confirmed',
      hashes: null,
      notes: null,
      pushed: false,
    })),
  )
  const roles = await ledger.dependants(
    trx,
    'person_id',
    free.map(({ id }) => id),
  )
  await changes.mark(
    trx,
    roles.map(({ object, id }) => ({ object, id, priority: changes.PRIORITY.found })),
  )
  await wantInsights(
    trx,
    free.map(({ marketoId }) => marketoId),
  )
}

/** Several persons have the record's key, and nobody knows which is its own: that there may be some stays known, as of what seems lost, or they
 *  would keep the key when the record leaves. */
export async function noteSeveral(
  trx: DbOrTrx,
  writes: Pick<Write, 'object' | 'id' | 'references'>[],
): Promise<void> {
  const entries = await ledger.lockLedger(
    trx,
    writes.map(({ id }) => id),
  )
  const unknown = writes.filter(({ id }) => {
    const { state = 'outside', marketoId = null } = entries.get(id) ?? {}
    return state === 'outside' && marketoId === null
  })
  await ledger.confirm(
    trx,
    unknown.map(({ object, id, references }) => ({
      ...references,
      object,
      id,
      marketoId: null,
      state: 'lost',
      hashes: null,
      adopted: entries.get(id)?.adopted ?? false,
      pushed: false,
    })),
  )
}
