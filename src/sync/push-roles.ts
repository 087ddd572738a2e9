// Opportunity roles. Marketo's key is opportunity + its own lead id + role, so two contact roles can fall on one key: they are one
// Marketo role, written by the first of them. What happens to a key that is no longer used: role-keys.ts.
import { mark, PRIORITY, settle } from '../database/changes.ts'
import { confirm, dependants, isSameEntry, lockLedger, type LedgerEntry } from '../database/ledger.ts'
import { unpark } from '../database/parked.ts'
import type { Db } from '../database/tables.ts'
import { pushObjects, type PushDeps } from './push.ts'
import { isSameRole, roleIdentity, roleKeyText } from './role-key.ts'
import { releaseRoleKeys } from './role-keys.ts'
import { leave } from './settle-removed.ts'
import { oldRoleKey } from './settle.ts'
import type { Write } from './write.ts'

export async function pushRoles(deps: PushDeps & { db: Db }, writes: Write[]): Promise<void> {
  const respelled = writes.filter(isRespelled)
  const others = writes.filter((write) => !isRespelled(write))
  const holders = new Map(
    [...standing(await dependants(deps.db, 'role_key', others.map(keyOf)))].flatMap(([identity, entry]) =>
      entry.hashes === null ? [] : [[identity, entry.id]],
    ),
  )
  const first = new Map<string, string>()
  for (const write of [...others].sort((a, b) => a.id.localeCompare(b.id))) {
    const identity = identityOf(write)
    if (!first.has(identity)) first.set(identity, holders.get(identity) ?? write.id)
  }
  const writing = others.filter((write) => first.get(identityOf(write)) === write.id)
  const sharing = others.filter((write) => first.get(identityOf(write)) !== write.id)
  await pushObjects(deps, writing)
  await share(deps, sharing)
  await respell(deps, respelled)
}

const keyOf = (write: Write): string => (write.role === null ? '' : roleKeyText(write.role))
const identityOf = (write: Write): string => roleIdentity(keyOf(write))

/** The contact role that Marketo's role stands for, by identity; the one that wrote it, where there are several. */
function standing(entries: LedgerEntry[]): Map<string, LedgerEntry> {
  const confirmed = entries.filter((entry) => entry.state === 'confirmed')
  return new Map(
    confirmed
      .toSorted((a, b) => Number(a.hashes !== null) - Number(b.hashes !== null))
      .map((entry) => [roleIdentity(entry.roleKey ?? ''), entry]),
  )
}

/** Shares a role that another contact role wrote: noted without a call, once the other one stands in Marketo. */
async function share(deps: PushDeps, sharing: Write[]): Promise<void> {
  if (sharing.length === 0) return
  await deps.leader(async (trx) => {
    // Locked, or one that is just leaving takes the role along; all at once, as others do who lock several roles.
    const known = await dependants(trx, 'role_key', sharing.map(keyOf))
    const entries = await lockLedger(
      trx,
      [...known, ...sharing].map(({ id }) => id),
    )
    const holders = standing([...entries.values()])
    const shared = sharing.flatMap((write) => {
      const holder = holders.get(identityOf(write))
      return holder === undefined ? [] : [{ write, roleKey: holder.roleKey }]
    })
    const ids = shared.map(({ write }) => write.id)
    await confirm(
      trx,
      shared.map(({ write, roleKey }) => ({
        object: write.object,
        id: write.id,
        marketoId: null,
        state: 'confirmed',
        hashes: null,
        ...write.references,
        roleKey,
        notes: 'another contact role with the same contact and role is the one Marketo holds',
        pushed: false,
      })),
    )
    await settle(
      trx,
      shared.map(({ write }) => write.taken),
    )
    await unpark(trx, ids)
    await releaseRoleKeys(
      trx,
      shared.flatMap(({ write }) => oldRoleKey(write, entries.get(write.id))),
    )
  })
}

/** The same role to Marketo, which would keep the old spelling, or lose the role by the delete of its old key. Sharers have no say, or two of
 *  them would respell it for ever. */
const isRespelled = ({ entry, role }: Write): boolean =>
  entry?.state === 'confirmed' &&
  entry.hashes !== null &&
  role !== null &&
  entry.roleKey !== roleKeyText(role) &&
  isSameRole(roleKeyText(role), entry.roleKey)

/** Deleted first, unless it is shared, and then written anew. */
async function respell(deps: PushDeps, writes: Write[]): Promise<void> {
  if (writes.length === 0) return
  await deps.leader(async (trx) => {
    const entries = await lockLedger(
      trx,
      writes.map(({ id }) => id),
    )
    const current = writes.filter(({ id, entry }) => isSameEntry(entry, entries.get(id)))
    await releaseRoleKeys(
      trx,
      current.map(({ id, entry, taken }) => ({ id, roleKey: entry?.roleKey ?? '', version: taken.version })),
    )
    for (const { entry } of current) if (entry !== undefined) await leave(trx, entry, true)
    await mark(
      trx,
      writes.map(({ object, id }) => ({ object, id, priority: PRIORITY.live })),
    )
  })
}
