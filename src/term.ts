// One term of the leader: connects, describes, maps, then runs the flows until the term ends. What it can't reach yet is among
// the problems, and is tried again.
import type { Config } from './config.ts'
import { createAlerts } from './console/alerts/alerts.ts'
import { REPORT_KEY } from './console/leader-report.ts'
import type { Database } from './database/connection.ts'
import { inheritIntents } from './database/intents.ts'
import { leaderTransactions, type Term } from './database/lease.ts'
import { inheritCalls } from './database/marketo-calls.ts'
import { clearProblem, clearProblems, raiseProblem, writeState, type Problem } from './database/state.ts'
import { BridgeError, reasonOf } from './errors.ts'
import { runFlows } from './flows.ts'
import type { Log } from './log.ts'
import type { TermSignals } from './leadership.ts'
import { isTermOver, loop, pause, untilAborted } from './loop.ts'
import type { MarketoConnection } from './marketo-connection.ts'
import { createRemap, reloading } from './remap.ts'
import { readReport, type ReportSources } from './report.ts'
import type { SalesforceConnection } from './salesforce-connection.ts'
import { UNREADABLE } from './sync/census.ts'
import type { SyncCounters } from './sync/counters.ts'
import type { Tally } from './tally.ts'
import { createTellDescription } from './tell-description.ts'

export interface TermDeps {
  config: Config
  database: Database
  salesforce: SalesforceConnection | undefined
  marketo: MarketoConnection | undefined
  counters: SyncCounters
  tally: Tally
  log: Log
}

const ALERTS_EVERY_MS = 5_000

/**
 * Runs until `stopping` (no new work; what is out may end) and at last `signal` (everything is broken off) abort. Rejects
 * with `lease_lost` when another process leads.
 */
export async function runTerm(deps: TermDeps, term: Term, signals: TermSignals): Promise<void> {
  const { config, database, log } = deps
  const { db } = database
  const leader = leaderTransactions(db, term)
  // Whatever ends first, report or flows, ends the other: a term that half works would hold the lease for nothing.
  const over = new AbortController()
  const stopping = AbortSignal.any([signals.stopping, over.signal])
  const broken = new AbortController()
  const signal = AbortSignal.any([broken.signal, signals.lost])
  const inherited = await leader(async (trx) => {
    await clearProblems(trx, [UNREADABLE])
    await inheritCalls(trx, { goOnForMs: config.env.MARKETO_AMBIGUOUS_WAIT_SECONDS * 1_000 })
    return inheritIntents(trx)
  })
  if (inherited > 0)
    log.info(
      { records: inherited },
      `${inherited} writes of a former leader have no known outcome and are looked up`,
    )

  const sources: ReportSources = {
    stream: undefined,
    backfill: async () => ({ state: 'idle', done: 0, total: 0, etaSeconds: null }),
    pacing: deps.marketo?.pacing,
    commandsDone: 0,
    reconcile: { lastRunAt: async () => null, everyMs: config.env.RECONCILE_EVERY_MINUTES * 60_000 },
  }
  const report = loop({ name: 'the report', everyMs: 1_000, signal: stopping, log }, async () => {
    const value = await readReport(sources, term.epoch)
    await leader((trx) => writeState(trx, REPORT_KEY, value))
  })

  const end = (): void => over.abort()
  const results = await Promise.allSettled([report, watch(), startFlows()].map((part) => part.finally(end)))
  for (const result of results) if (result.status === 'rejected') throw result.reason

  /** Also while nothing can be connected: that is what a person must hear of. */
  function watch(): Promise<void> {
    const url = config.env.ALERT_URL
    if (url === undefined) return untilAborted(stopping)
    const round = createAlerts({ db, leader, config, url, log, now: Date.now, signal: stopping })
    return loop({ name: 'the watch for alerts', everyMs: ALERTS_EVERY_MS, signal: stopping, log }, round)
  }

  async function startFlows(): Promise<void> {
    // What is missing is in the status by itself.
    if (deps.salesforce === undefined || deps.marketo === undefined) return untilAborted(stopping)
    const { marketo, salesforce: connection } = deps
    const { client, pacing } = marketo

    const salesforce = await persist('salesforce', () => connection.connect())
    if (salesforce === undefined) return
    try {
      const schema = await persist('marketo', () => marketo.schema())
      if (schema === undefined) return
      const tellDescription = createTellDescription({ leader, marketo })
      await persist('mapping', tellDescription)
      const remap = createRemap({ db, leader, salesforce, marketo, signal })
      let mapping = await persist('mapping', () => remap({ fresh: false }))
      if (mapping === undefined) return
      await runFlows(
        { ...deps, leader, salesforce, client, pacing, schema, sources, stopping, signal },
        {
          current: () => mapping!,
          reload: reloading<{ fresh: boolean }>(leader, async (options) => {
            try {
              mapping = await remap(options)
            } finally {
              await tellDescription()
            }
          }),
          describe: async () => {
            try {
              return await marketo.schema({ fresh: true })
            } finally {
              await tellDescription()
            }
          },
          isDoubted: () => marketo.doubt() !== undefined,
        },
      )
    } finally {
      broken.abort()
    }
  }

  /** Tries until it works, with the reason among the problems; undefined when this process stops before. */
  async function persist<T>(system: Problem['system'], step: () => Promise<T>): Promise<T | undefined> {
    let raised: string | undefined
    for (let failures = 0; !stopping.aborted; failures++) {
      try {
        // What hangs at its start holds up no hand-over.
        const value = await Promise.race([step(), untilAborted(stopping).then(() => undefined)])
        if (stopping.aborted) return undefined
        // Only this one: the step itself may have found others.
        if (raised !== undefined) await leader((trx) => clearProblem(trx, system, raised))
        return value
      } catch (error) {
        if (isTermOver(error)) throw error
        const known = error instanceof BridgeError
        const problem = {
          system,
          code: known ? error.code : 'unexpected',
          reason: reasonOf(error),
          advice: known ? error.advice : 'It is tried again by itself; see the log.',
        }
        log.warn(
          { system, code: problem.code, reason: problem.reason },
          `could not start with ${system}; trying again`,
        )
        await leader(async (trx) => {
          if (raised !== undefined) await clearProblem(trx, system, raised)
          await raiseProblem(trx, problem)
        })
        raised = problem.code
        await pause(Math.min(30_000, 1_000 * 2 ** failures), stopping)
      }
    }
    return undefined
  }
}
