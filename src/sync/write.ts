// One record's write, on its way to Marketo, and what came of it.
import type { Taken } from '../database/changes.ts'
import type { Intent } from '../database/intents.ts'
import type { LedgerEntry } from '../database/ledger.ts'
import type { Verdict } from '../marketo/verdict.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { DEFINITIONS } from './objects/index.ts'
import type { Upsert } from './plan.ts'
import { roleKeyText } from './role-key.ts'

export interface Write extends Upsert {
  object: ObjectName
  id: string
  taken: Taken
  entry: LedgerEntry | undefined
  /** The converted Lead whose Marketo person this Contact takes over. */
  takesOver: LedgerEntry | undefined
  /** The Marketo person existed before the bridge and was found by its e-mail. */
  adopts: boolean
}

export interface Outcome {
  write: Write
  verdict: Verdict
  /** Marketo's id as answered; null where the answer has none. */
  marketoId: string | null
  created: boolean
}

/** The parents that this write names. */
export function parentsIn({
  role,
  fields,
  references,
}: Pick<Upsert, 'role' | 'fields' | 'references'>): string[] {
  const ids = Object.values(references).filter((id) => id !== null)
  if (role !== null) return ids
  const sent = new Set(Object.values(fields))
  return ids.filter((id) => sent.has(id))
}

/** What stands in an intent: enough to look the write up, compare it, and settle it, also in another process. */
export interface IntentPayload {
  input: Record<string, unknown>
  /** base64 */
  hashes: string
  references: Upsert['references']
  role: Upsert['role']
  roleKey: string | null
  adopted: boolean
  notes: string | null
  takesOver: string | null
  /** Finding these values in Marketo proves that this write was carried out: they differed from what was sent before. */
  proves: boolean
}

/** Whether marketers had made its person, now or under the Lead that it was; or whoever is found in place of one that is gone. `found`: its
 *  person's Marketo id. */
export function isAdopted({ object, adopts, entry, takesOver }: Write, found: string | null): boolean {
  const replaced = entry?.state === 'lost' && DEFINITIONS[object].marketo === 'Lead' && entry.lostId !== found
  return adopts || entry?.adopted === true || replaced || takesOver?.adopted === true
}

/** Its Marketo person, where neither the record nor the Lead that it was has it in the ledger yet. */
export function foundByKey(
  { object, id, entry, takesOver, taken }: Write,
  marketoId: string | null,
): { id: string; marketoId: string; attempts: number }[] {
  const isKnown = (takesOver ?? entry)?.marketoId === marketoId
  if (marketoId === null || isKnown || DEFINITIONS[object].marketo !== 'Lead') return []
  return [{ id, marketoId, attempts: taken.attempts }]
}

export function intentOf(call: string, write: Write, input: Record<string, unknown>): Intent {
  const payload: IntentPayload = {
    input,
    hashes: Buffer.from(write.hashes).toString('base64'),
    references: write.references,
    role: write.role,
    roleKey: write.role === null ? null : roleKeyText(write.role),
    adopted: write.marketoId !== null && isAdopted(write, write.marketoId),
    notes: write.notes,
    takesOver: write.takesOver?.id ?? null,
    proves: !write.taken.force || write.marketoId === null,
  }
  return {
    id: write.id,
    object: write.object,
    kind: 'upsert',
    call,
    version: write.taken.version,
    marketoId: write.marketoId,
    payload,
  }
}
