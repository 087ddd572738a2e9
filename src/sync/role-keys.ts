// Role keys that a contact role has left: renamed, moved to another person, or removed. Marketo can't rename a role, so the old
// one is deleted, by an intent that is committed together with what made it old, and carried out by carry-out.ts.
import { mark, PRIORITY } from '../database/changes.ts'
import {
  closeIntents,
  mergingPersons,
  moveRoleDeletes,
  openIntents,
  recordOf,
  rolesBeingWritten,
  rolesGoing,
  standingIntents,
  takenKeys,
  type Intent,
} from '../database/intents.ts'
import { confirm, dependants, lockDependants, type LedgerEntry } from '../database/ledger.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { RemovalPayload } from './removal-payload.ts'
import { isSameRole, roleIdentity, roleKeyOf, roleKeyText } from './role-key.ts'

/** A contact role, and a key that it leaves. */
export interface RoleLeft {
  id: string
  roleKey: string
  /** Of its mark. */
  version: number
}

/** Deletes the Marketo roles of these keys, unless another contact role still stands for one: that one is written anew. */
export async function releaseRoleKeys(trx: DbOrTrx, roles: RoleLeft[]): Promise<void> {
  const sharers = (
    await dependants(
      trx,
      'role_key',
      roles.map((role) => role.roleKey),
    )
  ).filter(
    (entry) =>
      entry.state === 'confirmed' &&
      // Two that change places each stand for the other's former key.
      !roles.some((role) => role.id === entry.id && isSameRole(role.roleKey, entry.roleKey)),
  )
  const kept = new Map(sharers.map((entry) => [roleIdentity(entry.roleKey ?? ''), entry]))
  await mark(
    trx,
    [...kept.values()].map((entry) => ({
      object: entry.object,
      id: entry.id,
      priority: PRIORITY.found,
      force: true,
    })),
  )
  const dropped = new Map(
    roles.flatMap((role) =>
      kept.has(roleIdentity(role.roleKey)) ? [] : [[roleIdentity(role.roleKey), role]],
    ),
  )
  await openIntents(trx, [...dropped.values()].map(deleteOf))
}

/** Deletes the Marketo roles of these keys, but for those that a contact role stands for, or that a call is just writing or deleting. */
export async function dropMovedRoles(
  trx: DbOrTrx,
  { id, version }: Intent,
  roleKeys: string[],
): Promise<void> {
  // The look for calls comes first: one that ended since has made its role stand.
  const busy = new Set([...(await takenKeys(trx, { roleKeys, marketoIds: [] }))].map(roleIdentity))
  const standing = await dependants(trx, 'role_key', roleKeys)
  for (const entry of standing)
    if (entry.state === 'confirmed' && entry.roleKey !== null) busy.add(roleIdentity(entry.roleKey))
  await openIntents(
    trx,
    roleKeys
      .filter((roleKey) => !busy.has(roleIdentity(roleKey)))
      .map((roleKey) => deleteOf({ id: recordOf(id), roleKey, version })),
  )
}

function deleteOf({ id, roleKey, version }: RoleLeft): Intent {
  return {
    id: `${id}:${roleKey}`,
    object: 'OpportunityContactRole',
    kind: 'delete',
    call: '',
    version,
    marketoId: null,
    payload: { how: 'delete role', roleKey } satisfies RemovalPayload,
  }
}

const personIn = (roleKey: string): string => String(roleKeyOf(roleKey).leadId)

/** A merge takes the loser's roles to the winner: from here on Marketo knows them by the winner's keys, whatever becomes of them then. Returns
 *  them with the keys that they had. */
export async function moveRoleKeys(trx: DbOrTrx, loser: LedgerEntry, winner: string): Promise<RoleLeft[]> {
  // Locked first: a role that is just leaving its key opens the delete of it, which must be moved, too.
  const roles = await lockDependants(trx, 'person_id', [loser.id])
  if (loser.marketoId !== null) await moveRoleDeletes(trx, loser.marketoId, winner)
  const moved = roles.flatMap(({ id, state, roleKey }) =>
    state === 'confirmed' && roleKey !== null && personIn(roleKey) === loser.marketoId
      ? [{ id, roleKey, version: 0 }]
      : [],
  )
  const entries = new Map(roles.map((role) => [role.id, role]))
  await confirm(
    trx,
    moved.map(({ id, roleKey }) => ({
      ...entries.get(id)!,
      roleKey: roleKeyText({ ...roleKeyOf(roleKey), leadId: Number(winner) }),
      hashes: null,
      pushed: false,
    })),
  )
  return moved
}

/**
 * Which of these keys may be deleted now: none that a contact role has come to stand for, nor one that is just being written, merged, or
 * deleted by another call, which may go on in Marketo for `goOnForMs` where nobody knows its outcome.
 */
export async function freeRoleKeys(trx: DbOrTrx, intents: Intent[], goOnForMs: number): Promise<Intent[]> {
  const keyOf = (intent: Intent): string => (intent.payload as { roleKey: string }).roleKey
  const identities = (roleKeys: Iterable<string>): Set<string> => new Set([...roleKeys].map(roleIdentity))
  const keys = intents.map(keyOf)
  const writing = identities(await rolesBeingWritten(trx, keys))
  const merging = await mergingPersons(trx, keys.map(personIn))
  // After the look for merges: one that ended since these were read has given its roles other keys.
  const standing = await standingIntents(trx, intents)
  const besides = intents.map(({ id }) => id)
  const going = identities(await rolesGoing(trx, keys, { besides, goOnForMs }))
  const held = identities(
    (await dependants(trx, 'role_key', keys)).flatMap(({ state, roleKey }) =>
      state === 'confirmed' && roleKey !== null ? [roleKey] : [],
    ),
  )
  const needless = intents.filter((intent) => held.has(roleIdentity(keyOf(intent))))
  await closeIntents(
    trx,
    needless.map((intent) => intent.id),
  )
  return intents.filter((intent) => {
    const key = roleIdentity(keyOf(intent))
    return (
      standing.has(intent.id) &&
      !held.has(key) &&
      !writing.has(key) &&
      !merging.has(personIn(key)) &&
      !going.has(key)
    )
  })
}
