// Every loop of the leader: runs a step, waits, runs it again; a failure is told and the next round comes all the same.
import { setTimeout as sleep } from 'node:timers/promises'
import { BridgeError, reasonOf } from './errors.ts'
import type { Log } from './log.ts'

export interface LoopOptions {
  name: string
  /** Wait between two rounds. */
  everyMs: number
  /** Wait after a failed round; grows to everyMs or a minute. */
  retryMs?: number
  signal: AbortSignal
  log: Log
  /** Instead of a fixed wait. */
  rest?: () => Promise<void>
}

/** Resolves when the signal aborts; rejects only when the term of the leader is over. */
export async function loop(options: LoopOptions, step: () => Promise<unknown>): Promise<void> {
  const { name, everyMs, retryMs = 1_000, signal, log, rest } = options
  let failures = 0
  while (!signal.aborted) {
    try {
      await step()
      if (failures > 0) log.info(`${name} works again`)
      failures = 0
    } catch (error) {
      if (isTermOver(error)) throw error
      if (signal.aborted) return
      failures++
      log.warn({ reason: reasonOf(error), failures }, `${name} failed and is tried again`)
    }
    if (failures === 0 && rest !== undefined) await rest()
    else
      await pause(
        failures === 0
          ? everyMs
          : Math.min(Math.max(retryMs, Math.min(everyMs, 60_000)), retryMs * 2 ** Math.min(failures - 1, 6)),
        signal,
      )
  }
}

/** A step that is costly to repeat: after a failure it does nothing for so long; first for less, where that is given, and twice as long
 *  after each that follows. */
export function patient(
  longestMs: number,
  step: () => Promise<unknown>,
  firstMs = longestMs,
): () => Promise<void> {
  let notBefore = 0
  let waitMs = firstMs
  return async () => {
    if (Date.now() < notBefore) return
    try {
      await step()
      waitMs = firstMs
    } catch (error) {
      notBefore = Date.now() + waitMs
      waitMs = Math.min(longestMs, 2 * waitMs)
      throw error
    }
  }
}

export function isTermOver(error: unknown): boolean {
  return error instanceof BridgeError && error.code === 'lease_lost'
}

/** Never rejects: an abort ends the pause. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
