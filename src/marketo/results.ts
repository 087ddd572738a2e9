// Aligns the results of a write with its input. Leads come in the order of the input, without a number (error-codes.md); other objects
// carry `seq`. An answer of another length, with a number twice, or with another person's id fits nobody: it is never guessed. Pure.
import { z } from 'zod'
import { reasons } from './answer.ts'
import type { RecordResult } from './outcome.ts'

const one = z.object({
  status: z.string().optional().catch(undefined),
  id: z.coerce.number().int().positive().optional().catch(undefined),
  marketoGUID: z.string().optional().catch(undefined),
  seq: z.number().int().nonnegative().optional(),
  reasons: reasons.nullish().catch(null),
  /** The OpenAPI file of Marketo calls it so, and an object (facts: "Contract-testing traps"). */
  reason: reasons
    .or(reasons.element.transform((reason) => [reason]))
    .nullish()
    .catch(null),
})

type One = z.output<typeof one>

const STATUSES: readonly string[] = ['created', 'updated', 'deleted', 'skipped']

/** The results in the order of the input, or undefined where they don't fit it. */
export function alignResults(
  result: readonly unknown[],
  input: readonly Record<string, unknown>[],
  object: 'Lead' | 'other',
): RecordResult[] | undefined {
  if (result.length !== input.length) return undefined
  const read = result.map((value) => one.safeParse(value).data)
  const aligned = object === 'Lead' ? read : bySequence(read)
  if (!aligned || aligned.includes(undefined)) return undefined
  if (object === 'Lead' && aligned.some((entry, index) => isAnother(entry, input[index]?.id)))
    return undefined
  return aligned.map((entry) => resultOf(entry!, object))
}

/** In any order, if the numbers are those of the input; without any number, as they come. */
function bySequence(read: (One | undefined)[]): (One | undefined)[] | undefined {
  if (read.every((entry) => entry !== undefined && entry.seq === undefined)) return read
  const ordered: (One | undefined)[] = Array.from({ length: read.length })
  for (const entry of read)
    if (entry?.seq !== undefined && entry.seq < read.length) ordered[entry.seq] = entry
  return ordered.includes(undefined) ? undefined : ordered
}

function isAnother(entry: One | undefined, id: unknown): boolean {
  return id !== undefined && entry?.id !== undefined && entry.id !== Number(id)
}

function resultOf(entry: One, object: 'Lead' | 'other'): RecordResult {
  const { id, marketoGUID, status = '' } = entry
  // A person's id is what roles and updates need: a "created" without it says too little.
  const clear = STATUSES.includes(status) && (object === 'other' || status === 'skipped' || id !== undefined)
  return {
    status: clear ? (status as RecordResult['status']) : 'unclear',
    reasons: entry.reasons ?? entry.reason ?? [],
    ...(id === undefined ? {} : { id }),
    ...(marketoGUID === undefined ? {} : { marketoGUID }),
  }
}
