// What the whole instance has used of its daily quota, everybody counted (GET stats/usage.json).
import { z } from 'zod'
import type { ReadTurn } from './calls.ts'
import type { MarketoClient } from './client.ts'
import { failed, type Failed } from './outcome.ts'

const day = z.object({
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  // Not just anything that converts to a number: null would be a day without calls, and lift the stop of background work.
  total: z.string().regex(/^\d+$/).transform(Number).or(z.number()).pipe(z.number().int().nonnegative()),
  users: z
    .array(z.object({ userId: z.string(), count: z.coerce.number() }))
    .nullish()
    .catch(null),
})

export interface Usage {
  /** The Marketo day: 2026-11-23. Undefined when nobody has called today. */
  date: string | undefined
  total: number
  users: { userId: string; count: number }[]
}

export async function usage(
  client: MarketoClient,
  turn: ReadTurn,
): Promise<{ ok: true; usage: Usage } | Failed> {
  const outcome = await client.request({
    endpoint: 'stats/usage.json',
    method: 'GET',
    priority: turn.priority,
    signal: turn.signal,
    kind: 'read',
    timeoutMs: 35_000,
  })
  if (!outcome.ok) return outcome
  const [latest] = outcome.result
  if (latest === undefined) return { ok: true, usage: { date: undefined, total: 0, users: [] } }
  const { data } = day.safeParse(latest)
  if (data === undefined)
    return failed('body', 'not-marketo', 'it does not say how many calls were made', true)
  return { ok: true, usage: { ...data, users: data.users ?? [] } }
}
