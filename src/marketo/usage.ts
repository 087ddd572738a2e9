// What the whole instance has used of its daily quota, everybody counted (GET stats/usage.json).
import { z } from 'zod'
import type { ReadTurn } from './calls.ts'
import type { MarketoClient } from './client.ts'
import type { Failed } from './outcome.ts'

const day = z.object({
  date: z.string(),
  total: z.coerce.number().int().nonnegative(),
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
  const today = day.safeParse(outcome.result[0]).data
  return {
    ok: true,
    usage: { date: today?.date, total: today?.total ?? 0, users: today?.users ?? [] },
  }
}
