// Waits until Marketo is in step with Salesforce, or until nothing moves any more.
import { setTimeout as wait } from 'node:timers/promises'
import { inStep, type InStep } from '../in-step/check.ts'
import { everInUse } from '../in-step/in-use.ts'
import { DemoFailure, Interrupted } from './failure.ts'
import type { Service, Status } from './service.ts'
import type { Worlds } from './worlds.ts'

const LOOK_EVERY_MS = 250
const CHECK_EVERY_MS = 2_000
/** Without any change while there is work: something hangs. */
const STALLED_MS = 10 * 60_000
/** Without any change when nothing is queued: what differs now will differ for ever. */
const SETTLED_MS = 30_000

/** The last comparison: what still differs in it has been given its time. */
export async function catchUp(
  worlds: Worlds,
  service: Service,
  { onStatus, signal }: { onStatus: (status: Status) => void; signal: AbortSignal },
): Promise<InStep> {
  let known = ''
  let movedAt = Date.now()
  let checkedAt = 0
  while (!signal.aborted) {
    const status = await Promise.race([service.status(), service.failed])
    if (status !== undefined) {
      onStatus(status)
      const { queue, waiting, parked, backfill } = status
      const now = JSON.stringify([queue, waiting, parked, backfill.done, worlds.marketo.calls.count()])
      if (now !== known) movedAt = Date.now()
      known = now
      const isQuiet = backfill.state === 'done' && sum(queue) === 0
      const stands = Date.now() - movedAt
      const isLast = stands > (isQuiet ? SETTLED_MS : STALLED_MS) || backfill.state === 'failed'
      if (isLast || (isQuiet && Date.now() - checkedAt > CHECK_EVERY_MS)) {
        checkedAt = Date.now()
        const found = await compare(worlds, service, status)
        if (found.ok || isLast) return found
      }
    } else if (Date.now() - movedAt > STALLED_MS)
      throw new DemoFailure('The service has not answered for ten minutes.')
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
  throw new Interrupted()
}

async function compare({ salesforce, marketo }: Worlds, service: Service, status: Status): Promise<InStep> {
  const parked = sum(status.parked) === 0 ? new Map<string, string>() : await service.parked()
  return inStep(salesforce.org, marketo.instance, {
    parked,
    marketo: marketo.options,
    inUse: everInUse(marketo.calls),
    // The demo is over before the daily census.
    beforeCensus: true,
  })
}

export function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
