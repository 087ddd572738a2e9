// A living organisation: edits in Salesforce, moments and scores in Marketo, and the Apex job every few seconds, until somebody
// presses Ctrl-C.
import { setTimeout as wait } from 'node:timers/promises'
import type { LoggedCall } from '../simulators/marketo/index.ts'
import { playInsightJob, type InsightState } from '../simulators/salesforce/insight-job.ts'
import { livingOrg } from '../simulators/salesforce/live-org.ts'
import { createRandom } from '../simulators/salesforce/random.ts'
import { liveOnce } from './marketing.ts'
import type { DemoOptions } from './options.ts'
import { sum } from './catch-up.ts'
import type { Service } from './service.ts'
import type { Worlds } from './worlds.ts'

const STEP_EVERY_MS = 1_200
/** In steps. */
const MARKETO_LIVES_EVERY = 3
const JOB_RUNS_EVERY = 4
const STATUS_IS_TOLD_EVERY = 25

export interface LiveDeps {
  worlds: Worlds
  service: Service
  options: DemoOptions
  signal: AbortSignal
  say: (line: string) => void
}

export async function live({ worlds, service, options, signal, say }: LiveDeps): Promise<void> {
  const { salesforce, marketo } = worlds
  const org = livingOrg(salesforce.org, { random: createRandom(options.seed + 1) })
  const random = createRandom(options.seed + 2)
  const state: InsightState = {}
  let seen = marketo.calls.last()?.n ?? 0

  async function playJob(): Promise<void> {
    const run = await playInsightJob({
      url: service.url,
      secret: service.webhookSecret,
      org: salesforce.org,
      state,
    })
    if (run.error !== undefined) say(`Apex job    stopped: ${run.error}`)
    else if (run.written > 0)
      say(
        `Apex job    brought ${run.written} record${run.written === 1 ? '' : 's'} the values that Marketo changed`,
      )
  }

  async function tellStatus(): Promise<void> {
    const status = await service.status()
    if (!status) return
    const [queued, parked] = [sum(status.queue) + sum(status.waiting), sum(status.parked)]
    say(
      `Status      ${queued === 0 ? 'in step' : `${queued} records on their way`}${parked === 0 ? '' : `, ${parked} parked`}; ${status.insights.persons} persons have values`,
    )
    for (const { system, reason } of status.problems) say(`Problem     ${system}: ${reason}`)
  }

  for (let step = 1; !signal.aborted; step++) {
    say(`Salesforce  ${org.step()}`)
    const told = step % MARKETO_LIVES_EVERY === 0 ? liveOnce(marketo.instance, random) : undefined
    if (told !== undefined) say(`Marketo     ${told}`)
    await Promise.race([wait(STEP_EVERY_MS, undefined, { signal }).catch(() => undefined), service.failed])
    const calls = marketo.calls.since(seen).filter(({ endedAt }) => endedAt !== undefined)
    seen = calls.at(-1)?.n ?? seen
    const pushed = pushesOf(calls)
    if (pushed !== '') say(`  Marketo now has ${pushed}`)
    if (step % JOB_RUNS_EVERY === 0 && !signal.aborted) await playJob()
    if (step % STATUS_IS_TOLD_EVERY === 0 && !signal.aborted) await tellStatus()
  }
}

const NAMES: Record<string, [one: string, many: string]> = {
  'salespersons.json': ['sales person', 'sales persons'],
  'companies.json': ['company', 'companies'],
  'leads.json': ['person', 'persons'],
  'opportunities.json': ['opportunity', 'opportunities'],
  'opportunities/roles.json': ['opportunity role', 'opportunity roles'],
}

/** "2 persons updated, 1 opportunity created" */
function pushesOf(calls: readonly LoggedCall[]): string {
  const counts = new Map<string, number>()
  for (const { endpoint, method, results = [] } of calls) {
    const names = method === 'POST' ? NAMES[endpoint] : undefined
    if (!names) continue
    for (const status of new Set(results.map((result) => result.status))) {
      const times = results.filter((result) => result.status === status).length
      const key = `${endpoint} ${status}`
      counts.set(key, (counts.get(key) ?? 0) + times)
    }
  }
  return [...counts]
    .map(([key, times]) => {
      const [endpoint = '', status = ''] = key.split(' ')
      return `${times} ${NAMES[endpoint]![times === 1 ? 0 : 1]} ${status}`
    })
    .join(', ')
}
