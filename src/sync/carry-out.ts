// Sends deletes, releases and merges that were committed as intents, and writes down what came of them. Deletes are idempotent, so
// one without outcome is repeated after the ambiguous wait; until then its record is not written, because a late delete would
// take away what was sent anew.
import { randomUUID } from 'node:crypto'
import { mark, postpone, PRIORITY, release, settle } from '../database/changes.ts'
import { forgetInsights } from '../database/insights.ts'
import { assignCall, closeIntents, keepAmbiguous, recordOf, type Intent } from '../database/intents.ts'
import { confirm, dependants, forget, readLedger, type LedgerEntry } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { park, unpark } from '../database/parked.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { bisect } from '../marketo/bisect.ts'
import { deleteLeads, deleteObjects, mergeLeads, syncLeads, type Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { RecordResult, WriteOutcome } from '../marketo/outcome.ts'
import { verdictOfCall, verdictOfRecord, type Verdict } from '../marketo/verdict.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { allDone } from './all-done.ts'
import { batchesOf } from './batches.ts'
import type { SyncCounters } from './counters.ts'
import { decodeHashes, encodeHashes } from './hashes.ts'
import { DEFINITIONS, personObjectOf } from './objects/index.ts'
import { freeRoleKeys } from './role-keys.ts'

/** `release`: under the keep policy a person stays, and loses its key and sales person. */
export type RemovalPayload =
  | { how: 'delete'; key: Fields }
  | { how: 'delete role'; roleKey: string }
  | { how: 'delete person' }
  | { how: 'release' }
  | { how: 'merge'; winner: string; loser: string; into: string }

export type CarryOut = (intents: Intent[]) => Promise<void>

interface Removed {
  intent: Intent
  verdict: Verdict
}

export function createCarryOut(deps: {
  leader: LeaderTransaction
  client: MarketoClient
  log: Log
  counters: SyncCounters
  outstanding: Set<string>
  signal: AbortSignal
}): CarryOut {
  const { leader, client, log, counters, outstanding, signal } = deps
  const turn = { priority: 'live' as const, signal }

  const sends: Record<RemovalPayload['how'], (batch: Intent[]) => Promise<WriteOutcome>> = {
    delete: (batch) => dropObjects(batch),
    'delete role': (batch) => dropObjects(batch),
    'delete person': (batch) =>
      deleteLeads(client, { ids: batch.map((intent) => Number(intent.marketoId)), ...turn }),
    release: (batch) => {
      const input = batch.map((intent) => ({
        id: Number(intent.marketoId),
        externalPersonId: null,
        externalSalesPersonId: null,
      }))
      return syncLeads(client, { action: 'updateOnly', lookupField: 'id', input, ...turn })
    },
    merge: async ([intent]) => {
      const payload = payloadOf(intent!)
      if (payload.how !== 'merge') throw new Error('not a merge')
      const outcome = await mergeLeads(client, {
        winner: Number(payload.winner),
        losers: [Number(payload.loser)],
        ...turn,
      })
      return { outcome, results: [{ status: 'deleted', reasons: [] }] }
    },
  }

  function dropObjects(batch: Intent[]): Promise<WriteOutcome> {
    const { marketo } = DEFINITIONS[batch[0]!.object as ObjectName]
    if (marketo === 'Lead') throw new Error('persons are deleted by their Marketo id')
    return deleteObjects(client, marketo, { keys: batch.map((intent) => keyOf(payloadOf(intent))), ...turn })
  }

  async function send(how: RemovalPayload['how'], wanted: Intent[]): Promise<void> {
    const call = randomUUID()
    outstanding.add(call)
    try {
      await sendAs(call, how, wanted)
    } finally {
      outstanding.delete(call)
    }
  }

  async function sendAs(call: string, how: RemovalPayload['how'], wanted: Intent[]): Promise<void> {
    const { object } = wanted[0]!
    const batch = await leader(async (trx) => {
      const free = how === 'delete role' ? await freeRoleKeys(trx, wanted) : wanted
      await assignCall(
        trx,
        free.map((intent) => intent.id),
        call,
      )
      return free
    })
    if (batch.length === 0) return
    const leaves = await bisect(batch, async (part) => {
      const { outcome, results } = await sends[how](part)
      return { answer: results, verdict: verdictOfCall(outcome, { write: true, attempt: 1 }) }
    })
    const removed = leaves.flatMap(({ items, answer, verdict }) =>
      items.map((intent, index): Removed => ({
        intent: { ...intent, call },
        verdict: verdict.kind === 'accepted' ? verdictOn(how, answer?.[index]) : verdict,
      })),
    )
    await leader((trx) => settleRemoved(trx, removed))
    const done = removed.filter(({ verdict }) => verdict.kind === 'accepted').length
    counters.pushed(object, 'removed', done)
    log.info({ object, records: batch.length, done }, `${how}: ${done} of ${batch.length} ${object} records`)
  }

  return async (intents) => {
    const groups = Map.groupBy(intents, (intent) => `${intent.object} ${payloadOf(intent).how}`)
    await allDone(
      [...groups.values()].flatMap((group) => {
        const { how } = payloadOf(group[0]!)
        const batches = batchesOf(group, () => BYTES_A_REMOVAL, keyText, how === 'merge' ? 1 : undefined)
        return batches.map((batch) => send(how, batch))
      }),
    )
  }
}

/** Keys only; the longest are those of roles. */
const BYTES_A_REMOVAL = 200

const payloadOf = (intent: Intent): RemovalPayload => intent.payload as RemovalPayload

/** No Marketo record twice in a call. */
function keyText(intent: Intent): string {
  const payload = payloadOf(intent)
  return payload.how === 'delete role' ? payload.roleKey : intent.id
}

function keyOf(payload: RemovalPayload): Fields {
  if (payload.how === 'delete') return payload.key
  if (payload.how !== 'delete role') throw new Error(`${payload.how} has no key`)
  const [opportunity = '', lead = '', ...role] = payload.roleKey.split('|')
  return { externalOpportunityId: opportunity, leadId: Number(lead), role: role.join('|') }
}

function verdictOn(how: RemovalPayload['how'], result: RecordResult | undefined): Verdict {
  return verdictOfRecord(result ?? { status: 'unclear', reasons: [] }, {
    write: true,
    attempt: 1,
    action: how === 'release' ? 'sync' : 'delete',
  })
}

async function settleRemoved(trx: DbOrTrx, removed: Removed[]): Promise<void> {
  for (const { intent, verdict } of removed) {
    switch (verdict.kind) {
      case 'ambiguous':
        await keepAmbiguous(trx, intent.call)
        break
      // Gone already is what was wanted.
      case 'accepted':
      case 'gone':
        await settleGone(trx, intent)
        break
      case 'in-use':
        await stays(trx, intent)
        break
      case 'refused':
      case 'several':
      case 'unsupported-lookup':
      case 'bisect':
        await refuse(trx, intent, verdict)
        break
      default:
        await again(trx, intent, verdict)
    }
  }
}

async function refuse(
  trx: DbOrTrx,
  intent: Intent,
  { code, reason, advice }: { code: string; reason: string; advice: string },
): Promise<void> {
  await park(trx, [{ object: intent.object, id: recordOf(intent.id), code, reason, advice, payload: null }])
  // Only its intent still knows a role's former key: it stays, and is tried again as one without outcome.
  if (payloadOf(intent).how === 'delete role') return keepAmbiguous(trx, intent.call)
  await closeIntents(trx, [intent.id])
  await settle(trx, [intent])
}

async function again(
  trx: DbOrTrx,
  intent: Intent,
  verdict: Exclude<Verdict, { kind: 'accepted' }>,
): Promise<void> {
  // A role's former key has no mark that would bring it back: its intent stays, as one without outcome.
  if (intent.id !== recordOf(intent.id)) return keepAmbiguous(trx, intent.call)
  await closeIntents(trx, [intent.id])
  await postpone(trx, [
    {
      id: intent.id,
      afterMs: 'afterMs' in verdict ? verdict.afterMs : 60_000,
      code: verdict.code,
      reason: verdict.reason,
    },
  ])
}

/** "A company or sales person that Marketo still uses stays, told once" (design §5, rule 5). */
async function stays(trx: DbOrTrx, intent: Intent): Promise<void> {
  await closeIntents(trx, [intent.id])
  const entry = (await readLedger(trx, [intent.id])).get(intent.id)
  if (entry !== undefined)
    await confirm(trx, [
      {
        ...entry,
        state: 'outside',
        hashes: null,
        notes: 'removed in Salesforce; Marketo still uses it, so it stays there',
        pushed: false,
      },
    ])
  await settle(trx, [intent])
  await unpark(trx, [intent.id])
}

async function settleGone(trx: DbOrTrx, intent: Intent): Promise<void> {
  await closeIntents(trx, [intent.id])
  const payload = payloadOf(intent)
  if (payload.how === 'delete role') return unpark(trx, [recordOf(intent.id)])
  const entry = (await readLedger(trx, [intent.id])).get(intent.id)
  if (entry === undefined) return
  if (payload.how === 'merge') await join(trx, entry, payload.into)
  await leave(trx, entry, payload.how === 'release')
  await settle(trx, [intent])
  await unpark(trx, [intent.id])
  await release(trx, [intent.id])
}

/** Marketo gave the survivor the loser's values where it had none: what Salesforce's survivor leaves blank is cleared again. */
async function join(trx: DbOrTrx, loser: LedgerEntry, into: string): Promise<void> {
  const survivor = (await readLedger(trx, [into])).get(into)
  if (survivor !== undefined) {
    const hashes = new Map([...decodeHashes(loser.hashes), ...decodeHashes(survivor.hashes)])
    await confirm(trx, [{ ...survivor, hashes: encodeHashes(hashes), pushed: false }])
  }
  const roles = await dependants(trx, 'person_id', [loser.id])
  await mark(trx, [
    ...roles.map(({ object, id }) => ({ object, id, priority: PRIORITY.found })),
    { object: personObjectOf(into), id: into, priority: PRIORITY.found },
  ])
}

/** The record has left Marketo. One that may come back keeps its entry: a released person its Marketo id, others their parents. */
export async function leave(trx: DbOrTrx, entry: LedgerEntry, mayReturn: boolean): Promise<void> {
  await forgetInsights(trx, [entry.id])
  if (!mayReturn) return forget(trx, [entry.id])
  const released = entry.object === 'Lead' || entry.object === 'Contact'
  await confirm(trx, [
    {
      ...entry,
      state: released ? 'released' : 'outside',
      hashes: null,
      roleKey: null,
      notes: released ? 'removed; kept in Marketo without key and sales person' : entry.notes,
      pushed: false,
    },
  ])
}
