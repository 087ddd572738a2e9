// A merge keeps what the winner has, also a "no" to having opted out: whoever opted out as the loser would be opted in (design §5, rule 4). So
// the winner is told first. That can be repeated, and a merge can't be undone.
import { syncLeads, type Fields, type ReadTurn } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import { backoff, verdictAlone, verdictOfCall, verdictOfRecord, type Verdict } from '../marketo/verdict.ts'
import { ONLY_TRUE } from './objects/definition.ts'

/** To be read of everybody who is to be merged: those that this Marketo has. */
export const optOutFields = (schema: MarketoSchema): string[] =>
  [...ONLY_TRUE].filter((field) => schema.objects.Lead.fields.has(field.toLowerCase()))

/** What a winner does not say of itself, and one of the losers does. */
export function optOutsLost(winner: Fields | undefined, losers: readonly (Fields | undefined)[]): Fields {
  return Object.fromEntries(
    [...ONLY_TRUE]
      .filter((field) => winner?.[field] !== true && losers.some((loser) => loser?.[field] === true))
      .map((field) => [field, true]),
  )
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
