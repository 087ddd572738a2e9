// A merge keeps what the winner has, also a "no" to having opted out: whoever opted out as the loser would be opted in (design §5, rule 4). So
// the winner is told first. That can be repeated, and a merge can't be undone.
import { findLeads, syncLeads, type Fields, type ReadTurn, type Search } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import { FIELD_UNKNOWN } from '../marketo/known-codes.ts'
import type { Failed } from '../marketo/outcome.ts'
import type { Found } from '../marketo/pages.ts'
import { backoff, verdictAlone, verdictOfCall, verdictOfRecord, type Verdict } from '../marketo/verdict.ts'
import { isOnlyTrue, ONLY_TRUE } from './objects/definition.ts'

/** To be read of everybody who is to be merged: those that this Marketo has, by its own names. */
export const optOutFields = (schema: MarketoSchema): string[] =>
  ONLY_TRUE.flatMap((field) => schema.objects.Lead.fields.get(field)?.name ?? [])

/** What a winner does not say of itself, and one of the losers does. */
export function optOutsLost(winner: Fields | undefined, losers: readonly (Fields | undefined)[]): Fields {
  const said = new Set(optedOutBy(winner).map((field) => field.toLowerCase()))
  const lost = losers.flatMap(optedOutBy).filter((field) => !said.has(field.toLowerCase()))
  return Object.fromEntries(lost.map((field) => [field, true]))
}

const optedOutBy = (person: Fields = {}): string[] =>
  Object.keys(person).filter((field) => isOnlyTrue(field) && person[field] === true)

/** Persons with their keys and opt-outs. Of those fields one may be gone since Marketo was described: it is left out then. */
export async function findWithOptOuts(
  client: MarketoClient,
  search: Omit<Search, 'fields'>,
  optOuts: readonly string[],
): Promise<Found> {
  const ask = (names: readonly string[]): Promise<Found> =>
    findLeads(client, { ...search, fields: ['id', 'externalPersonId', ...names] })
  const found = await ask(optOuts)
  if (found.ok || found.code !== FIELD_UNKNOWN) return found
  const left: string[] = []
  for (const name of optOuts) {
    const one = await ask([name])
    if (one.ok) left.push(name)
    else if (one.code !== FIELD_UNKNOWN) return one
  }
  return ask(left)
}

/** Of a look-up that failed: whatever it is for, the records are not at fault. */
export function verdictOnLookUp(failed: Failed, attempt: number): Verdict {
  const verdict = verdictOfCall(failed, { write: false, attempt })
  if (verdict.kind === 'stop' || verdict.kind === 'quota') return verdict
  const { code, reason, advice } =
    'code' in verdict
      ? verdict
      : { code: failed.code, reason: failed.message, advice: 'Nothing to do: it is asked again.' }
  const afterMs = 'afterMs' in verdict ? verdict.afterMs : backoff(attempt)
  return { kind: 'again', afterMs, code, reason, advice }
}

/** Whether the winner was told; `untold` is why it must not be merged yet. A winner that is gone is the merge's to say. */
export async function tellOptOuts(
  client: MarketoClient,
  { winner, lost, attempt }: { winner: number; lost: Fields; attempt: number },
  turn: ReadTurn,
): Promise<{ told: boolean; untold?: Verdict }> {
  if (Object.keys(lost).length === 0) return { told: false }
  const input = [{ id: winner, ...lost }]
  const { outcome, results } = await syncLeads(client, {
    action: 'updateOnly',
    lookupField: 'id',
    input,
    ...turn,
  })
  const verdict = outcome.ok
    ? verdictOfRecord(results[0] ?? { status: 'unclear', reasons: [] }, { write: true, attempt })
    : verdictAlone(verdictOfCall(outcome, { write: true, attempt }))
  if (verdict.kind === 'accepted' || verdict.kind === 'gone') return { told: verdict.kind === 'accepted' }
  // Told twice it does no harm.
  const isUnclear = verdict.kind === 'ambiguous'
  return {
    told: false,
    untold: isUnclear ? { ...verdict, kind: 'again', afterMs: backoff(attempt) } : verdict,
  }
}
