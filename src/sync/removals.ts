// Decides how a record leaves Marketo, once Salesforce has confirmed that it is gone or out of scope. Backwards through the order:
// dependants first. What is to be done is committed as an intent; carry-out.ts does it.
import { randomUUID } from 'node:crypto'
import { mark, postpone, PRIORITY, queued, settle, waitForParent } from '../database/changes.ts'
import { namedParents, openIntents, rolesBeingDeleted, type Intent } from '../database/intents.ts'
import {
  confirm,
  dependants,
  lockDependants,
  lockLedger,
  readLedger,
  type LedgerEntry,
} from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { readParked, unpark } from '../database/parked.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import type { Brake } from './brake.ts'
import type { CarryOut } from './carry-out.ts'
import { holdBack, rolesFirst } from './hold-back.ts'
import { DEFINITIONS, personObjectOf } from './objects/index.ts'
import { SETTING } from './plan.ts'
import type { RemovalPayload } from './removal-payload.ts'
import { releaseRoleKeys } from './role-keys.ts'
import { SOON_MS } from './settle-failed.ts'
import { leave } from './settle-removed.ts'
import { UNKNOWN_OUTCOME } from './suspects.ts'
import type { Planned } from './work.ts'

export type Remove = (object: ObjectName, planned: Planned[]) => Promise<void>

/** How long a parent's removal waits for children that go on pointing to it before Marketo is asked anyway. */
const CHILDREN_WAIT_MS = 15_000
const CHILDREN_PATIENCE = 4

const OUT_OF_SCOPE = ['outside', 'released']

export function createRemove(deps: {
  leader: LeaderTransaction
  brake: Brake
  carryOut: CarryOut
  /** Calls that are under way: whoever looks for intents of no call must not take a decision of now for some. */
  outstanding: Set<string>
  deletePolicy: 'keep' | 'delete'
}): Remove {
  const { leader, brake, carryOut, outstanding, deletePolicy } = deps

  return async (object, planned) => {
    if (planned.length === 0) return
    const allowed = await pastTheBrake(object, planned)
    const call = randomUUID()
    outstanding.add(call)
    try {
      await carryOut(await decide(object, allowed, call))
    } finally {
      outstanding.delete(call)
    }
  }

  /** The intents that were written, under this call. */
  async function decide(object: ObjectName, allowed: Planned[], call: string): Promise<Intent[]> {
    return leader(async (trx) => {
      const ids = allowed.map(({ taken }) => taken.id)
      const named = await namedParents(trx, ids)
      await postpone(
        trx,
        [...named].map((id) => ({
          id,
          afterMs: SOON_MS,
          code: 'busy',
          reason: 'a write that points to it is under way',
        })),
      )
      const ready: Intent[] = []
      const seen = new Map<string, LedgerEntry>()
      for (const item of allowed.filter(({ taken }) => !named.has(taken.id))) {
        // Read again: since the plan, its Marketo person may have gone over to a Contact.
        const entry = (await readLedger(trx, [item.taken.id])).get(item.taken.id)
        if (entry === undefined) await settle(trx, [item.taken])
        else seen.set(entry.id, entry)
        const payload = entry === undefined ? undefined : await payloadOf(trx, object, item, seen)
        if (entry === undefined || payload === undefined) continue
        const { id, version, attempts, code } = item.taken
        const kind = payload.how === 'merge' ? 'merge' : 'delete'
        const suspect = code === UNKNOWN_OUTCOME
        ready.push({
          id,
          object,
          kind,
          call,
          version,
          marketoId: payload.how === 'merge' ? payload.loser : entry.marketoId,
          payload: { ...payload, attempts, suspect },
        })
      }
      const { free, held } = await holdBack(trx, ready, seen)
      await postpone(trx, held)
      await openIntents(trx, free)
      return free
    })
  }

  /** Merges take nothing away, so the brake is not for them, unless the survivor has no person in Marketo to merge into. */
  async function pastTheBrake(object: ObjectName, planned: Planned[]): Promise<Planned[]> {
    const into = planned.flatMap(({ step }) => (step.do === 'merge' ? [step.into] : []))
    const survivors =
      into.length === 0 ? new Map<string, LedgerEntry>() : await leader((trx) => readLedger(trx, into))
    const isRemoval = ({ step }: Planned): boolean =>
      step.do === 'remove' ||
      (step.do === 'merge' && OUT_OF_SCOPE.includes(survivors.get(step.into)?.state ?? ''))
    const removing = planned.filter(isRemoval).map(({ taken }) => taken)
    if (removing.length === 0) return planned
    const admitted = await brake.admit(object, removing)
    return planned.filter((item) => !isRemoval(item) || admitted.has(item.taken.id))
  }

  /** Undefined: not yet, something else must happen first; or nothing of its own is left to do. `seen` are the entries that it is decided by. */
  async function payloadOf(
    trx: DbOrTrx,
    object: ObjectName,
    { taken, step }: Planned,
    seen: Map<string, LedgerEntry>,
  ): Promise<RemovalPayload | undefined> {
    const entry = seen.get(taken.id)
    if (entry === undefined || (step.do !== 'remove' && step.do !== 'merge')) return undefined
    const person = DEFINITIONS[object].marketo === 'Lead'
    if (step.do === 'merge' && person) {
      const survivor = (await readLedger(trx, [step.into])).get(step.into)
      if (survivor === undefined || survivor.state === 'claimed' || survivor.state === 'lost')
        return waitForSurvivor(trx, taken.id, step.into)
      seen.set(step.into, survivor)
      const loser = entry.marketoId ?? entry.lostId
      if (
        survivor.state === 'confirmed' &&
        survivor.marketoId !== null &&
        loser !== null &&
        survivor.marketoId !== loser
      ) {
        // A role's delete that came after the merge would not find it under its old key.
        if (await rolesBeingDeleted(trx, { person: loser })) {
          await postpone(trx, [rolesFirst(taken.id)])
          return undefined
        }
        return { how: 'merge', winner: survivor.marketoId, loser, into: step.into }
      }
    }
    if (entry.state === 'released') {
      await settle(trx, [taken])
      return undefined
    }
    if (object === 'OpportunityContactRole') {
      const role = (await lockLedger(trx, [taken.id])).get(taken.id)
      if (role !== undefined) {
        if (role.roleKey !== null)
          await releaseRoleKeys(trx, [{ id: role.id, roleKey: role.roleKey, version: taken.version }])
        await leave(trx, role, step.do === 'remove' && !step.deleted)
        await unpark(trx, [role.id])
      }
      await settle(trx, [taken])
      return undefined
    }
    const gone =
      object === 'Account' || object === 'User'
        ? await childrenPointElsewhere(trx, object, entry, { taken, step })
        : await rolesAreGone(trx, object, entry, step)
    if (!gone) return undefined
    if (!person) return { how: 'delete', key: { [DEFINITIONS[object].key]: taken.id } }
    // An adopted person was there before us; it is only let go of.
    const deletes = deletePolicy === 'delete' && !entry.adopted
    const into = step.do === 'merge' ? { into: step.into } : {}
    if (entry.marketoId === null)
      return { how: 'release by key', own: deletes ? entry.lostId : null, ...into }
    return deletes ? { how: 'delete person' } : { how: 'release', ...into }
  }

  async function waitForSurvivor(trx: DbOrTrx, id: string, into: string): Promise<undefined> {
    const object = personObjectOf(into)
    const parked = (await readParked(trx, [into])).get(into)
    if (parked === undefined) await mark(trx, [{ object, id: into, priority: PRIORITY.live }])
    const reason = `waits for ${object} ${into}, which it became part of${parked === undefined ? '' : ` and which is parked: ${parked.reason}`}`
    await waitForParent(trx, [{ id, parent: into, reason }])
  }

  /** Roles go with their opportunity or person. */
  async function rolesAreGone(
    trx: DbOrTrx,
    object: ObjectName,
    entry: LedgerEntry,
    step: Planned['step'],
  ): Promise<boolean> {
    const { id, marketoId } = entry
    const roles = confirmed(
      await lockDependants(trx, object === 'Opportunity' ? 'opportunity_id' : 'person_id', [id]),
    )
    const first = rolesFirst(id)
    if (roles.length === 0) {
      // Their deletes may be still on their way: Marketo keeps an opportunity that has roles (1022).
      const under = object === 'Opportunity' ? { opportunity: id } : { person: marketoId ?? '' }
      if (!(await rolesBeingDeleted(trx, under))) return true
      await postpone(trx, [first])
      return false
    }
    await releaseRoleKeys(
      trx,
      roles.flatMap((role) =>
        role.roleKey === null ? [] : [{ id: role.id, roleKey: role.roleKey, version: 0 }],
      ),
    )
    for (const role of roles) await leave(trx, role, true)
    // Outside at once, or the next look at a role would send it again, and this one delete it again, for ever.
    if (step.do === 'remove' && !step.deleted && entry.state !== 'lost')
      await confirm(trx, [{ ...entry, state: 'outside', notes: step.reason, pushed: false }])
    // Each is looked at once more: it is deleted too, or out of scope now, or belongs to another person.
    await mark(
      trx,
      roles.map((role) => ({ object: role.object, id: role.id, priority: PRIORITY.found })),
    )
    await postpone(trx, [first])
    return false
  }

  /** Children of an account or user must point elsewhere first: Marketo keeps what is used (1022). */
  async function childrenPointElsewhere(
    trx: DbOrTrx,
    object: 'Account' | 'User',
    entry: LedgerEntry,
    { taken, step }: Pick<Planned, 'taken' | 'step'>,
  ): Promise<boolean> {
    const { id } = entry
    const children = confirmed(await dependants(trx, object === 'User' ? 'owner_id' : 'account_id', [id]))
    // In Salesforce they go on pointing to what a filter leaves out; they stop referencing it as soon as it is outside (rule 5).
    const leftOut = step.do === 'remove' && !step.deleted
    if (object === 'User' && leftOut && !step.reason.includes(SETTING) && children.length > 0) {
      // It owned nothing when this was planned: what came in since keeps it, as the next look will say.
      await postpone(trx, [
        { id, afterMs: SOON_MS, code: 'children', reason: 'it owns a record in scope again' },
      ])
      return false
    }
    const told = leftOut && entry.state === 'outside'
    const { queued: onTheWay, waiting } = await queued(trx, children)
    const left = told ? [...onTheWay, ...waiting] : children
    // Asked too early Marketo says that it is in use, and then it stays for good: whoever is still to be written is waited for.
    if (left.length === 0 || (taken.attempts >= CHILDREN_PATIENCE && onTheWay.length === 0)) return true
    if (leftOut && !told && entry.state !== 'lost')
      await confirm(trx, [{ ...entry, state: 'outside', hashes: null, notes: step.reason, pushed: false }])
    await mark(
      trx,
      left.map((child) => ({ object: child.object, id: child.id, priority: PRIORITY.found })),
    )
    await postpone(trx, [
      {
        id,
        afterMs: CHILDREN_WAIT_MS,
        code: 'children',
        reason: `${left.length} records still point to it`,
      },
    ])
    return false
  }
}

const confirmed = (entries: LedgerEntry[]): LedgerEntry[] =>
  entries.filter((entry) => entry.state === 'confirmed')
