// Takes records out of Marketo, once Salesforce has confirmed that they are gone or out of scope. Backwards through the order:
// dependants first. Deletes are idempotent, so one without outcome is repeated after the ambiguous wait; until then its record
// is not written, because a late delete would take away what was sent anew.
import { randomUUID } from 'node:crypto'
import { mark, postpone, PRIORITY, release, settle } from '../database/changes.ts'
import { assignCall, closeIntents, keepAmbiguous, openIntents, type Intent } from '../database/intents.ts'
import { forgetInsights } from '../database/insights.ts'
import { confirm, dependants, forget, readLedger, type LedgerEntry } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { park, unpark } from '../database/parked.ts'
import type { Db, DbOrTrx } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { deleteLeads, deleteObjects, mergeLeads, syncLeads, type Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import { bisect } from '../marketo/bisect.ts'
import type { RecordResult, WriteOutcome } from '../marketo/outcome.ts'
import { verdictOfCall, verdictOfRecord, type Verdict } from '../marketo/verdict.ts'
import type { SyncCounters } from './counters.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { batchesOf } from './batches.ts'
import type { Brake } from './brake.ts'
import { DEFINITIONS } from './objects/index.ts'
import { releaseRoleKeys } from './role-keys.ts'
import type { Planned } from './work.ts'

export interface RemovalDeps {
  db: Db
  leader: LeaderTransaction
  client: MarketoClient
  brake: Brake
  deletePolicy: 'keep' | 'delete'
  log: Log
  counters: SyncCounters
  signal: AbortSignal
}

export interface Removals {
  remove(object: ObjectName, planned: Planned[]): Promise<void>
  /** Carries out delete and merge intents that were committed but have no outcome yet. */
  carryOut(intents: Intent[]): Promise<void>
}

/** What is done in Marketo. `release`: under the keep policy a person stays and loses its key and sales person. */
export type RemovalPayload =
  | { how: 'delete'; key: Fields; roleKey?: string }
  | { how: 'delete person'; marketoId: string }
  | { how: 'release'; marketoId: string }
  | { how: 'merge'; winner: string; loser: string; into: string }

/** How long a parent's removal waits for its children to be re-pointed before Marketo is asked anyway. */
const CHILDREN_WAIT_MS = 15_000
const CHILDREN_PATIENCE = 4

export function createRemovals(deps: RemovalDeps): Removals {
  async function remove(object: ObjectName, planned: Planned[]): Promise<void> {
    if (planned.length === 0) return
    if (!(await deps.brake.allows(object, planned.length))) {
      await deps.leader((trx) =>
        postpone(
          trx,
          planned.map(({ taken }) => ({
            id: taken.id,
            afterMs: 60_000,
            code: 'removals-stopped',
            reason: 'mass removal stopped until an admin confirms it',
          })),
        ),
      )
      return
    }
    const intents = await deps.leader(async (trx) => {
      const ready: Intent[] = []
      for (const item of planned) {
        const payload = await payloadOf(trx, object, item)
        if (payload === undefined) continue
        ready.push({
          id: item.taken.id,
          object,
          kind: payload.how === 'merge' ? 'merge' : 'delete',
          call: '',
          version: item.taken.version,
          marketoId: item.entry?.marketoId ?? null,
          payload,
        })
      }
      await openIntents(trx, ready)
      return ready
    })
    await carryOut(intents)
  }

  /** Undefined: not yet, something else must happen first. */
  async function payloadOf(
    trx: DbOrTrx,
    object: ObjectName,
    { taken, step, entry }: Planned,
  ): Promise<RemovalPayload | undefined> {
    if (entry === undefined || (step.do !== 'remove' && step.do !== 'merge')) return undefined
    const person = object === 'Lead' || object === 'Contact'
    if (step.do === 'merge' && person) {
      const survivor = (await readLedger(trx, [step.into])).get(step.into)
      if (survivor?.state === 'confirmed' && survivor.marketoId !== null && entry.marketoId !== null)
        return { how: 'merge', winner: survivor.marketoId, loser: entry.marketoId, into: step.into }
      if (survivor === undefined || survivor.state === 'claimed') {
        const into = step.into.startsWith('003') ? 'Contact' : 'Lead'
        await mark(trx, [{ object: into, id: step.into, priority: PRIORITY.live }])
        await postpone(trx, [
          {
            id: taken.id,
            afterMs: 1_000,
            code: 'merge',
            reason: `waits for ${into} ${step.into}, which it was merged into`,
          },
        ])
        return undefined
      }
    }
    if (object === 'OpportunityContactRole') {
      await releaseRoleKeys(
        trx,
        entry.roleKey === null ? [] : [{ id: taken.id, roleKey: entry.roleKey, version: taken.version }],
      )
      await gone(trx, object, entry, step.do === 'remove' && !step.deleted)
      await settle(trx, [taken])
      return undefined
    }
    if (!(await childrenAreGone(trx, object, taken.id, taken.attempts))) return undefined
    if (person && entry.marketoId !== null)
      return deps.deletePolicy === 'delete' && !entry.adopted
        ? { how: 'delete person', marketoId: entry.marketoId }
        : { how: 'release', marketoId: entry.marketoId }
    return { how: 'delete', key: { [DEFINITIONS[object].key]: taken.id } }
  }

  /** Roles go with their opportunity or person; children of an account or user must point elsewhere first. */
  async function childrenAreGone(
    trx: DbOrTrx,
    object: ObjectName,
    id: string,
    attempts: number,
  ): Promise<boolean> {
    const confirmed = (entries: LedgerEntry[]): LedgerEntry[] =>
      entries.filter((entry) => entry.state === 'confirmed')
    if (object === 'Opportunity' || object === 'Lead' || object === 'Contact') {
      const roles = confirmed(
        await dependants(trx, object === 'Opportunity' ? 'opportunity_id' : 'person_id', [id]),
      )
      if (roles.length === 0) return true
      await releaseRoleKeys(
        trx,
        roles.flatMap((role) =>
          role.roleKey === null ? [] : [{ id: role.id, roleKey: role.roleKey, version: 0 }],
        ),
      )
      for (const role of roles) await gone(trx, 'OpportunityContactRole', role, true)
      await postpone(trx, [
        { id, afterMs: 1_000, code: 'roles', reason: 'its opportunity roles are deleted first' },
      ])
      return false
    }
    const children = confirmed(await dependants(trx, object === 'User' ? 'owner_id' : 'account_id', [id]))
    if (children.length === 0 || attempts >= CHILDREN_PATIENCE) return true
    await mark(
      trx,
      children.map((child) => ({ object: child.object, id: child.id, priority: PRIORITY.found })),
    )
    await postpone(trx, [
      {
        id,
        afterMs: CHILDREN_WAIT_MS,
        code: 'children',
        reason: `${children.length} records still point to it`,
      },
    ])
    return false
  }

  async function carryOut(intents: Intent[]): Promise<void> {
    const objects = [...new Set(intents.map((intent) => intent.object))]
    await Promise.all(
      objects.flatMap((object) => {
        const own = intents.filter((intent) => intent.object === object)
        const as = (how: RemovalPayload['how']): Intent[] =>
          own.filter((intent) => (intent.payload as RemovalPayload).how === how)
        return [
          ...batchesOf(
            [
              ...as('delete'),
              ...own.filter((intent) => 'roleKey' in intent.payload && !('how' in intent.payload)),
            ],
            () => 200,
            (intent) => intent.id,
          ).map((batch) => send(batch, dropObjects)),
          ...batchesOf(
            as('delete person'),
            () => 20,
            (intent) => intent.id,
          ).map((batch) => send(batch, deletePersons)),
          ...batchesOf(
            as('release'),
            () => 100,
            (intent) => intent.id,
          ).map((batch) => send(batch, releasePersons)),
          ...as('merge').map((intent) => send([intent], mergePersons)),
        ]
      }),
    )
  }

  const options = { priority: 'live' as const, signal: deps.signal }

  function dropObjects(batch: Intent[]): Promise<WriteOutcome> {
    const marketo = DEFINITIONS[batch[0]!.object as ObjectName].marketo
    if (marketo === 'Lead') throw new Error('persons are deleted by their Marketo id')
    const keys = batch.map(({ payload }) =>
      'roleKey' in payload ? roleKeyFields(String(payload.roleKey)) : (payload as { key: Fields }).key,
    )
    return deleteObjects(deps.client, marketo, { keys, ...options })
  }

  function deletePersons(batch: Intent[]): Promise<WriteOutcome> {
    return deleteLeads(deps.client, { ids: batch.map((intent) => Number(intent.marketoId)), ...options })
  }

  function releasePersons(batch: Intent[]): Promise<WriteOutcome> {
    const input = batch.map((intent) => ({
      id: Number(intent.marketoId),
      externalPersonId: null,
      externalSalesPersonId: null,
    }))
    return syncLeads(deps.client, { action: 'updateOnly', lookupField: 'id', input, ...options })
  }

  async function mergePersons([intent]: Intent[]): Promise<WriteOutcome> {
    const { winner, loser } = intent!.payload as { winner: string; loser: string }
    const outcome = await mergeLeads(deps.client, {
      winner: Number(winner),
      losers: [Number(loser)],
      ...options,
    })
    return { outcome, results: [{ status: 'deleted', reasons: [] }] }
  }

  async function send(batch: Intent[], call: (batch: Intent[]) => Promise<WriteOutcome>): Promise<void> {
    const id = randomUUID()
    const { object } = batch[0]!
    await deps.leader((trx) =>
      assignCall(
        trx,
        batch.map((intent) => intent.id),
        id,
      ),
    )
    const leaves = await bisect(batch, async (part) => {
      const { outcome, results } = await call(part)
      const verdict = verdictOfCall(outcome, { write: true, attempt: 1 })
      return {
        answer: results,
        verdict:
          verdict.kind === 'bisect' && verdict.wait ? ({ ...verdict, kind: 'ambiguous' } as const) : verdict,
      }
    })
    const removed = leaves.flatMap(({ items, answer, verdict }) =>
      items.map((intent, index): Removed => ({
        intent: { ...intent, call: id },
        verdict: verdict.kind === 'accepted' ? verdictOn(intent, answer?.[index]) : verdict,
      })),
    )
    await deps.leader((trx) => settleRemovals(trx, removed))
    deps.counters.pushed(
      object,
      'removed',
      removed.filter(({ verdict }) => verdict.kind === 'accepted').length,
    )
    deps.log.info({ object, records: batch.length }, `removed ${batch.length} ${object} records`)
  }

  async function settleRemovals(trx: DbOrTrx, removed: Removed[]): Promise<void> {
    for (const { intent, verdict } of removed) {
      const taken = { id: intent.id, version: intent.version }
      switch (verdict.kind) {
        case 'ambiguous':
          await keepAmbiguous(trx, intent.call)
          break
        case 'accepted':
        // Gone already is what was wanted.
        // falls through
        case 'gone':
          await closeIntents(trx, [intent.id])
          await settleGone(trx, intent)
          break
        case 'in-use':
          await closeIntents(trx, [intent.id])
          await stays(trx, intent)
          await settle(trx, [taken])
          break
        case 'refused':
        case 'several':
        case 'unsupported-lookup':
        case 'bisect':
          await closeIntents(trx, [intent.id])
          await park(trx, [
            {
              object: intent.object,
              id: recordOf(intent),
              code: verdict.code,
              reason: verdict.reason,
              advice: verdict.advice,
              payload: null,
            },
          ])
          await settle(trx, [taken])
          break
        default:
          // A role key has no mark that would bring it back: its intent stays, as one without outcome.
          if (intent.id.includes(':')) await keepAmbiguous(trx, intent.call)
          else {
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
      }
    }
  }

  /** "A company or sales person that Marketo still uses stays, told once" (design §5, rule 5). */
  async function stays(trx: DbOrTrx, intent: Intent): Promise<void> {
    const entry = (await readLedger(trx, [intent.id])).get(intent.id)
    if (entry === undefined) return
    await confirm(trx, [
      {
        ...entry,
        state: 'outside',
        hashes: null,
        notes: 'removed in Salesforce; Marketo still uses it, so it stays there',
        pushed: false,
      },
    ])
  }

  async function settleGone(trx: DbOrTrx, intent: Intent): Promise<void> {
    const payload = intent.payload as Partial<RemovalPayload>
    const entry = (await readLedger(trx, [intent.id])).get(intent.id)
    if (entry === undefined) return
    if (payload.how === 'merge' && 'into' in payload && payload.into !== undefined) {
      const roles = await dependants(trx, 'person_id', [intent.id])
      await mark(trx, [
        ...roles.map((role) => ({ object: role.object, id: role.id, priority: PRIORITY.found })),
        {
          object: payload.into.startsWith('003') ? 'Contact' : 'Lead',
          id: payload.into,
          priority: PRIORITY.found,
        },
      ])
    }
    await gone(trx, intent.object, entry, payload.how === 'release')
    await settle(trx, [{ id: intent.id, version: intent.version }])
    await unpark(trx, [intent.id])
    await release(trx, [intent.id])
  }

  async function gone(trx: DbOrTrx, object: string, entry: LedgerEntry, keeps: boolean): Promise<void> {
    await forgetInsights(trx, [entry.id])
    if (!keeps) return forget(trx, [entry.id])
    const released = object === 'Lead' || object === 'Contact'
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

  return { remove, carryOut }
}

interface Removed {
  intent: Intent
  verdict: Verdict
}

const recordOf = (intent: Intent): string => intent.id.split(':')[0]!

function verdictOn(intent: Intent, result: RecordResult | undefined): Verdict {
  const releases = (intent.payload as Partial<RemovalPayload>).how === 'release'
  return verdictOfRecord(result ?? { status: 'unclear', reasons: [] }, {
    write: true,
    attempt: 1,
    action: releases ? 'sync' : 'delete',
  })
}

function roleKeyFields(text: string): Fields {
  const [opportunity = '', lead = '', ...role] = text.split('|')
  return { externalOpportunityId: opportunity, leadId: Number(lead), role: role.join('|') }
}
