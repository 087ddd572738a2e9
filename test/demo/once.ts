// `--once`: everything in step, then values produced in Marketo, read back by the service, and written by the played Apex job.
import { setTimeout as wait } from 'node:timers/promises'
import { insightsInStep, type InsightsInStep } from '../in-step/insights.ts'
import { playInsightJob, type InsightState } from '../simulators/salesforce/insight-job.ts'
import { createRandom } from '../simulators/salesforce/random.ts'
import { Interrupted } from './failure.ts'
import { produceValues } from './marketing.ts'
import type { DemoOptions } from './options.ts'
import type { Service } from './service.ts'
import type { Worlds } from './worlds.ts'

/** Of the persons get values: enough to fill pages, few enough that reading them back costs some calls, not a sweep. */
const SHARE = 0.1
const PLAY_EVERY_MS = 1_000
/** The refresh comes every 12 s (see demo.ts). */
const UNCHANGED_AT_MOST_MS = 120_000

export interface ReadBack {
  worlds: Worlds
  service: Service
  options: DemoOptions
  signal: AbortSignal
  say: (line: string) => void
}

/** Plays the Apex job until every value is on its record, or nothing changes any more. */
export async function readBack(deps: ReadBack): Promise<InsightsInStep> {
  const { worlds, service, options, signal, say } = deps
  const { salesforce, marketo } = worlds
  const persons = produceValues(marketo.instance, SHARE, createRandom(options.seed))
  say(`Marketo produced interesting moments and scores of ${persons.toLocaleString('en')} persons.`)
  const state: InsightState = {}
  let movedAt = Date.now()
  let written = -1
  for (;;) {
    if (signal.aborted) throw new Interrupted()
    const run = await Promise.race([
      playInsightJob({ url: service.url, secret: service.webhookSecret, org: salesforce.org, state }),
      service.failed,
    ])
    const found = insightsInStep(salesforce.org, marketo.instance, { marketo: marketo.options })
    if (found.written !== written) movedAt = Date.now()
    written = found.written
    if (run.written > 0) say(`The Apex job wrote the values of ${run.written.toLocaleString('en')} records.`)
    if (run.error !== undefined) say(`The Apex job stopped: ${run.error}`)
    for (const { id, reason } of run.failed.slice(0, 3)) say(`The Apex job could not write ${id}: ${reason}`)
    if (found.ok || Date.now() - movedAt > UNCHANGED_AT_MOST_MS) return found
    await wait(PLAY_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}
