// Several Marketo persons carry one Salesforce id. They are reported, or made one where the admin wants that (SEVERAL_PERSONS). A merge can't
// be undone and takes up to three minutes, so it stands in an intent: one of unknown outcome is not sent again while it may still run.
import { randomUUID } from 'node:crypto'
import { postpone } from '../database/changes.ts'
import { closeIntents, keepAmbiguous, openIntents, takenKeys } from '../database/intents.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { mergeLeads, type Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import { SEVERAL_PERSONS } from '../marketo/known-codes.ts'
import { verdictAlone, verdictOfCall, type Verdict } from '../marketo/verdict.ts'
import type { SyncCounters } from './counters.ts'
import { findWithOptOuts, optOutsLost, tellOptOuts, verdictOnLookUp } from './opt-outs.ts'
import type { Join } from './note-joined.ts'
import { putOffOthers } from './others-persons.ts'
import { priorityOf } from './push.ts'
import { noteSeveral, SOON_MS } from './settle-failed.ts'
import { settleUpserts } from './settle.ts'
import { blamed } from './suspects.ts'
import type { Write } from './write.ts'

const MERGE_BY_HAND = 'Merge them in Marketo (Database > the persons > Merge People)'

export interface SamePerson {
  id: number
  updatedAt: string
}

/** Marketo's id of the one that is left; undefined where the record was settled otherwise. */
export async function joinPersons(
  deps: {
    leader: LeaderTransaction
    client: MarketoClient
    severalPersons: 'report' | 'merge'
    outstanding: Set<string>
    /** Names of the fields by which persons have opted out. */
    optOuts: readonly string[]
    counters: SyncCounters
    signal: AbortSignal
  },
  write: Write,
  persons: SamePerson[],
): Promise<string | undefined> {
  const { leader, client, counters, outstanding, signal } = deps
  const [newest, ...others] = [...persons].sort((a, b) => b.updatedAt.localeCompare(a.updatedAt))
  if (deps.severalPersons === 'report' || newest === undefined) {
    if (!(await leader((trx) => someAreOthers(trx, write, persons)))) await settled(severalOf(write, persons))
    return undefined
  }
  async function settled(given: Verdict): Promise<void> {
    const verdict = blamed(given, 1, 1 + write.taken.attempts, false)
    const { refused } = await settleUpserts(leader, '', [{ write, verdict, marketoId: null, created: false }])
    counters.pushed(write.object, 'refused', refused)
  }
  /** Nothing was merged. */
  async function notYet(verdict: Verdict): Promise<undefined> {
    await leader((trx) => closeIntents(trx, [write.id]))
    await settled(verdict)
  }
  const call = randomUUID()
  outstanding.add(call)
  try {
    if (!(await intend(leader, call, write, newest, others))) return undefined
    const attempt = 1 + write.taken.attempts
    const losers = others.map(({ id }) => id)
    const turn = { priority: priorityOf([write]), signal }
    const search = { filterType: 'id', values: [newest.id, ...losers], ...turn }
    const known = await findWithOptOuts(client, search, deps.optOuts)
    if (!known.ok) return await notYet(verdictOnLookUp(known, attempt))
    const personOf = (id: number): Fields | undefined =>
      known.records.find((person) => Number(person.id) === id)
    const lost = optOutsLost(personOf(newest.id), losers.map(personOf))
    const { told, untold } = await tellOptOuts(client, { winner: newest.id, lost, attempt }, turn)
    if (told) counters.pushed(write.object, 'accepted', 1)
    if (untold !== undefined) return await notYet(untold)
    const outcome = await mergeLeads(client, {
      winner: newest.id,
      losers,
      ...turn,
    })
    const verdict = verdictOfCall(outcome, { write: true, attempt })
    if (verdict.kind === 'ambiguous' || (verdict.kind === 'bisect' && verdict.wait)) {
      await leader((trx) => keepAmbiguous(trx, call))
      return undefined
    }
    await leader((trx) => closeIntents(trx, [write.id]))
    if (outcome.ok) return String(newest.id)
    await settled(verdictOnMerge(verdict))
    return undefined
  } finally {
    outstanding.delete(call)
  }
}

function verdictOnMerge(verdict: Verdict): Verdict {
  const alone = verdictAlone(verdict)
  // One of them is gone, say: they are looked up anew.
  if (alone.kind === 'gone') return { ...alone, kind: 'again', afterMs: SOON_MS }
  // The usual advice is about the values of a record.
  if (verdict.kind === 'bisect' && alone.kind === 'refused')
    return { ...alone, advice: `${MERGE_BY_HAND}; then retry.` }
  return alone
}

/** False: one of them is another record's, or another write of it is under way, and this one comes a little later. */
function intend(
  leader: LeaderTransaction,
  call: string,
  write: Write,
  newest: SamePerson,
  others: SamePerson[],
): Promise<boolean> {
  const { id, object, taken } = write
  const marketoIds = [newest, ...others].map((person) => String(person.id))
  return leader(async (trx) => {
    const busy = await takenKeys(trx, { roleKeys: [], marketoIds })
    await noteSeveral(trx, [write])
    if (await someAreOthers(trx, write, [newest, ...others])) return false
    if (busy.size > 0) {
      const reason = 'another write of the same Marketo person is under way'
      await postpone(trx, [{ id, afterMs: SOON_MS, code: 'busy', reason }])
      return false
    }
    const payload: Join = { how: 'join', winner: String(newest.id), persons: marketoIds.slice(1) }
    await openIntents(trx, [
      { id, object, kind: 'merge', call, version: taken.version, marketoId: String(newest.id), payload },
    ])
    return true
  })
}

async function someAreOthers(
  trx: DbOrTrx,
  { id, taken: { attempts } }: Write,
  persons: SamePerson[],
): Promise<boolean> {
  const keyed = persons.map((person) => ({ id, attempts, marketoId: String(person.id) }))
  return (await putOffOthers(trx, keyed)).size > 0
}

function severalOf({ id }: Write, persons: SamePerson[]): Verdict {
  const some = persons
    .map((person) => person.id)
    .slice(0, 5)
    .join(', ')
  return {
    kind: 'several',
    code: SEVERAL_PERSONS,
    reason: `${persons.length} Marketo persons carry the key ${id}: ${some}.`,
    advice: `${MERGE_BY_HAND}, or set SEVERAL_PERSONS to merge; then retry.`,
  }
}
