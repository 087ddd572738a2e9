// A merge that Marketo refuses because one of the two persons is gone. It does not say which: a loser that is gone is what was
// wanted, a survivor that is gone has to be sent anew before anybody can be merged into it.
import { findLeads, type Turn } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { Verdict } from '../marketo/verdict.ts'

/** As often may Marketo show both persons and refuse to merge them all the same. */
const PATIENCE = 3
const LOOK_AGAIN_MS = 10_000

export async function whoIsMissing(
  client: MarketoClient,
  { winner, loser, attempts }: { winner: string; loser: string; attempts: number },
  { code, reason, advice }: Extract<Verdict, { kind: 'gone' }>,
  turn: Turn,
): Promise<Verdict> {
  const found = await findLeads(client, {
    filterType: 'id',
    values: [winner, loser],
    fields: ['id'],
    ...turn,
  })
  const again: Verdict = { kind: 'again', afterMs: LOOK_AGAIN_MS, code, reason, advice }
  if (!found.ok) return again
  const there = new Set(found.records.map(({ id }) => String(id)))
  if (!there.has(winner)) return { kind: 'gone', lost: 'parent', code, reason, advice }
  if (!there.has(loser)) return { kind: 'gone', lost: 'record', code, reason, advice }
  return attempts < PATIENCE ? again : { kind: 'refused', code, reason, advice }
}
