// Waiting between attempts: exponential with jitter, so that processes that failed together don't return together; abortable.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Backoff {
  firstMs: number
  capMs: number
}

/** The wait after the given number of failures (1 for the first): half fixed, half random. */
export function backoffMs({ firstMs, capMs }: Backoff, failures: number, random = Math.random): number {
  const ceiling = Math.min(capMs, firstMs * 2 ** Math.min(failures - 1, 30))
  return ceiling / 2 + (ceiling / 2) * random()
}

/** Rejects with the signal's reason when it is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** `Retry-After` in seconds or as a date; undefined where there is none. At most 60 s are waited inside a call. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined || header === '') return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 60_000) : undefined
}
