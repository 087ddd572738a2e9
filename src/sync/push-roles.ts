// Opportunity roles. Marketo's key is opportunity + its own lead id + role, so two contact roles can fall on one key: they are one
// Marketo role, written by the first of them. What happens to a key that is no longer used: role-keys.ts.
import { settle } from '../database/changes.ts'
import { confirm, dependants, lockLedger } from '../database/ledger.ts'
import { unpark } from '../database/parked.ts'
import type { Db } from '../database/tables.ts'
import { pushObjects, type PushDeps } from './push.ts'
import { roleKeyText } from './role-key.ts'
import { releaseRoleKeys } from './role-keys.ts'
import { oldRoleKey } from './settle.ts'
import type { Write } from './write.ts'

export async function pushRoles(deps: PushDeps & { db: Db }, writes: Write[]): Promise<void> {
  const keys = [...new Set(writes.map(keyOf))]
  const holders = new Map(
    (await dependants(deps.db, 'role_key', keys))
      .filter((entry) => entry.state === 'confirmed' && entry.hashes !== null)
      .map((entry) => [entry.roleKey, entry.id]),
  )
  const first = new Map<string, string>()
  for (const write of [...writes].sort((a, b) => a.id.localeCompare(b.id))) {
    const key = keyOf(write)
    if (!first.has(key)) first.set(key, holders.get(key) ?? write.id)
  }
  const writing = writes.filter((write) => first.get(keyOf(write)) === write.id)
  const sharing = writes.filter((write) => first.get(keyOf(write)) !== write.id)
  await pushObjects(deps, writing)
  await share(deps, sharing)
}

const keyOf = (write: Write): string => (write.role === null ? '' : roleKeyText(write.role))

/** Shares a role that another contact role wrote: noted without a call, once the other one stands in Marketo. */
async function share(deps: PushDeps, sharing: Write[]): Promise<void> {
  if (sharing.length === 0) return
  await deps.leader(async (trx) => {
    const standing = new Set(
      (await dependants(trx, 'role_key', sharing.map(keyOf)))
        .filter((entry) => entry.state === 'confirmed')
        .map((entry) => entry.roleKey),
    )
    const shared = sharing.filter((write) => standing.has(keyOf(write)))
    const entries = await lockLedger(
      trx,
      shared.map(({ id }) => id),
    )
    await confirm(
      trx,
      shared.map((write) => ({
        object: write.object,
        id: write.id,
        marketoId: null,
        state: 'confirmed',
        hashes: null,
        ...write.references,
        roleKey: keyOf(write),
        notes: 'another contact role with the same contact and role is the one Marketo holds',
        pushed: false,
      })),
    )
    await settle(
      trx,
      shared.map((write) => write.taken),
    )
    await unpark(
      trx,
      shared.map((write) => write.id),
    )
    await releaseRoleKeys(
      trx,
      shared.flatMap((write) => oldRoleKey(write, entries.get(write.id))),
    )
  })
}
