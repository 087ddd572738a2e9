// Wires the flows of a leader that is connected, and runs their loops side by side until the term ends. What Marketo had not answered
// by then stays behind as intents.
import { randomUUID } from 'node:crypto'
import { releaseCured } from './database/changes.ts'
import { forgetOldHistory } from './database/history.ts'
import type { LeaderTransaction } from './database/lease.ts'
import { vacuumHotTables } from './database/maintenance.ts'
import { forgetOldCalls } from './database/marketo-calls.ts'
import { takeSample } from './database/samples.ts'
import type { SentCommand } from './database/state.ts'
import { createRefresh } from './insights/refresh.ts'
import { loop, patient, pause, untilAborted } from './loop.ts'
import type { MarketoClient } from './marketo/client.ts'
import type { MarketoSchema } from './marketo/describe.ts'
import type { Pacing } from './marketo/pacing.ts'
import { usage } from './marketo/usage.ts'
import { createObey } from './obey.ts'
import type { ReportSources } from './report.ts'
import type { Salesforce } from './salesforce/connect.ts'
import type { ObjectName } from './salesforce/ids.ts'
import { createReader } from './salesforce/read.ts'
import { openStream } from './salesforce/stream.ts'
import { createBackfill } from './sync/backfill.ts'
import { createBrake } from './sync/brake.ts'
import { createCensus } from './sync/census.ts'
import { createCarryOut } from './sync/carry-out.ts'
import { CHANNEL } from './sync/events.ts'
import { createEventStore, cursorKey } from './sync/listen.ts'
import { createCatchUp } from './sync/mapping-changes.ts'
import { createMarketers } from './sync/marketers.ts'
import { createOwedReconcile } from './sync/owed-reconcile.ts'
import { createReconcile } from './sync/reconcile.ts'
import { optOutFields } from './sync/opt-outs.ts'
import { createRecover } from './sync/recover.ts'
import { createRemove } from './sync/removals.ts'
import { createSync } from './sync/sync.ts'
import { createTrouble } from './sync/trouble.ts'
import { createWork } from './sync/work.ts'
import { createTellStream } from './tell-stream.ts'
import type { TermDeps } from './term.ts'
import { createMappingWatch, type LivingMapping } from './watch-mapping.ts'
import { createWhenDue } from './when-due.ts'

export interface FlowDeps extends Omit<TermDeps, 'salesforce'> {
  leader: LeaderTransaction
  salesforce: Salesforce
  client: MarketoClient
  pacing: Pacing
  schema: MarketoSchema
  sources: ReportSources
  /** No new work from here on. */
  stopping: AbortSignal
  /** Everything is broken off. */
  signal: AbortSignal
}

/** Work in flight may end (Heroku kills 30 s after SIGTERM); then its calls are broken off. */
const DRAIN_MS = 20_000
/** Waiting children whose parent's cure was missed go on within a minute (design §5, rule 5). */
const CURE_EVERY_MS = 30_000
const USAGE_EVERY_MS = 10 * 60_000
/** However long a refresh is not due, its loop looks again after this. */
const LONGEST_REST_MS = 60_000
const VACUUM_AT_LEAST_MS = 5 * 60_000
const MAINTENANCE_EVERY_MS = 60_000
/** The charts' points are five minutes apart; the last one grows meanwhile. */
const SAMPLE_EVERY_MS = 20_000
/** A hiccup of Salesforce is over in a moment, and the next one goes on where this one stopped. */
const SOON_AGAIN_MS = { first: 2_000, longest: 60_000 }
const MAPPING_AGAIN_MS = { first: 10_000, longest: 10 * 60_000 }

export async function runFlows(deps: FlowDeps, mapping: LivingMapping): Promise<void> {
  const { config, database, leader, salesforce, client, pacing, log, counters, stopping, signal, sources } =
    deps
  const { db } = database
  const { env } = config
  const now = Date.now
  const wake = (): void => sync.wake()

  const reader = createReader(salesforce)
  const trouble = createTrouble({ leader, now })
  const brake = createBrake({ leader })
  const outstanding = new Set<string>()
  const waitMs = env.MARKETO_AMBIGUOUS_WAIT_SECONDS * 1000
  const optOuts = optOutFields(deps.schema)
  const carryOut = createCarryOut({
    leader,
    client,
    log,
    counters,
    outstanding,
    optOuts,
    waitMs,
    now,
    signal,
  })
  const remove = createRemove({ leader, brake, carryOut, outstanding, deletePolicy: env.DELETE_POLICY })
  const recover = createRecover({
    db,
    leader,
    client,
    carryOut,
    trouble,
    outstanding,
    waitMs,
    log,
    signal,
  })
  const finding = { db, leader, reader, mapping: mapping.current, log, now, signal: stopping, wake }
  const backfill = createBackfill(finding)
  const reconcile = createReconcile(finding)
  const askedReconcile = createOwedReconcile({ db, leader, reason: 'asked' })
  const gapReconcile = createOwedReconcile({ db, leader, reason: 'gap' })
  const census = createCensus({ ...finding, salesforce })
  const catchUp = createCatchUp({ db, leader, backfill, census, brake, log, now })
  const mappingWatch = createMappingWatch(mapping, now)
  const work = createWork({
    db,
    leader,
    client,
    reader,
    remove,
    trouble,
    onFieldRefused: () => mappingWatch.fieldRefused(),
    mapping: mapping.current,
    counters,
    outstanding,
    log,
    signal,
    matchByEmail: env.MATCH_BY_EMAIL,
    severalPersons: env.SEVERAL_PERSONS,
    optOuts,
    keyLookup: { accepted: true },
  })
  const sync = createSync({
    db,
    leader,
    work,
    recover,
    pacing,
    trouble,
    filling: () => backfill.filling(),
    concurrency: config.limits.concurrency,
    now,
    log,
    signal,
  })
  const stream = openStream({
    salesforce,
    channel: CHANNEL,
    log,
    ...createEventStore({ db, leader, key: cursorKey(salesforce.orgId, CHANNEL), log, counters, wake }),
    onGap: () => gapReconcile.note(randomUUID()),
    onState: createTellStream({ leader, log }),
  })
  const refresh = createRefresh({
    db,
    leader,
    client,
    schema: deps.schema,
    ...createMarketers({ leader, wake }),
    everyMinutes: env.INSIGHTS_EVERY_MINUTES,
    sweepEveryHours: env.INSIGHTS_SWEEP_EVERY_HOURS,
    log,
    now,
    signal,
  })
  const everyMs = env.RECONCILE_EVERY_MINUTES * 60_000
  const whenDue = createWhenDue({
    reconcile,
    census,
    asked: askedReconcile,
    gap: gapReconcile,
    backfill,
    streamState: () => stream.state().state,
    everyMs,
    now,
  })
  let allFilled = false
  let vacuumedAt = now()
  let refreshIn = 0
  let sweepIn = 0
  sources.stream = () => stream.state()
  sources.backfill = () => backfill.progress(sync.inFlight())
  sources.reconcile = {
    lastRunAt: () => reconcile.lastRunAt(),
    everyMs,
  }

  async function fillAtFirst(): Promise<void> {
    // At the first start the subscription stands before the backfill begins, so that no change falls in between.
    while (!stopping.aborted && stream.state().state === 'connecting') await pause(100, stopping)
    if (stopping.aborted) return
    const state = (await backfill.state())?.state
    if (state === undefined) await backfill.request({ unlessRunning: true })
    if (state !== 'done' || allFilled) return
    // An admin may have asked for some objects before the first start could ask for all.
    const never = await backfill.neverFilled()
    allFilled = never.length === 0
    if (!allFilled) await backfill.request({ objects: never, unlessRunning: true })
  }

  async function obey(command: SentCommand): Promise<void> {
    const { objects, force } = command.arguments as { objects?: ObjectName[]; force?: boolean }
    if (command.name === 'backfill') await backfill.request({ objects, force })
    else if (command.name === 'backfill-pause') await backfill.pause()
    else if (command.name === 'backfill-resume') await backfill.resume()
    else if (command.name === 'reconcile') await askedReconcile.note(String(command.id))
    else if (command.name === 'reload-mapping') await mapping.reload({ fresh: true })
    else await brake.confirm(command.id)
    sources.commandsDone = command.id
    wake()
  }

  const every = (name: string, everyMs: number, step: () => Promise<unknown>) =>
    loop({ name, everyMs, signal: stopping, log }, step)
  const loops = [
    loop({ name: 'the sync', everyMs: 500, signal: stopping, log, rest: () => sync.rest() }, () =>
      sync.runOnce(),
    ),
    every('the look-up of unknown outcomes', 1_000, () => recover.runOnce()),
    every('the release of waiting records', CURE_EVERY_MS, () => leader(releaseCured)),
    every('the brake on removals', CURE_EVERY_MS, () => brake.tell()),
    every(
      'the backfill',
      1_000,
      patient(
        SOON_AGAIN_MS.longest,
        async () => {
          await fillAtFirst()
          await backfill.run()
        },
        SOON_AGAIN_MS.first,
      ),
    ),
    every(
      'the reconcile',
      1_000,
      patient(Math.min(SOON_AGAIN_MS.longest, everyMs), () => whenDue.reconcile(), SOON_AGAIN_MS.first),
    ),
    every('the census', 60_000, () => whenDue.dailyCensus()),
    every('the census that was asked for', 1_000, () => whenDue.askedCensus()),
    every('the commands', 1_000, createObey({ db, leader, log, now, act: obey })),
    every(
      'the mapping',
      1_000,
      patient(MAPPING_AGAIN_MS.longest, () => mappingWatch.runOnce(), MAPPING_AGAIN_MS.first),
    ),
    every('what the mapping changed', 1_000, () => catchUp.runOnce()),
    every("Marketo's usage", USAGE_EVERY_MS, async () => {
      const answer = await usage(client, { priority: 'refresh', signal })
      if (answer.ok) pacing.noteUsage(answer.usage)
      else log.warn({ code: answer.code }, "Marketo's use of today could not be read; what was known stays")
    }),
    every('the samples', SAMPLE_EVERY_MS, async () => {
      const counts = deps.tally.take()
      await leader((trx) => takeSample(trx, counts)).catch((error: unknown) => {
        deps.tally.putBack(counts)
        throw error
      })
    }),
    every('the maintenance', MAINTENANCE_EVERY_MS, async () => {
      await forgetOldCalls(db)
      await forgetOldHistory(db)
      // When idle; during a long load all the same, before claims become slow.
      if (database.kind !== 'embedded' || (sync.inFlight() > 0 && now() - vacuumedAt < VACUUM_AT_LEAST_MS))
        return
      await vacuumHotTables(db)
      vacuumedAt = now()
    }),
    loop(
      { name: 'the refresh', everyMs: 1_000, signal: stopping, log, rest: () => pause(refreshIn, stopping) },
      async () => {
        refreshIn = Math.min(LONGEST_REST_MS, await refresh.runOnce())
      },
    ),
    loop(
      { name: 'the sweep', everyMs: 1_000, signal: stopping, log, rest: () => pause(sweepIn, stopping) },
      async () => {
        // While persons are being filled in there is nothing whole to sweep.
        const state = (await backfill.state())?.state
        const filling = state === undefined || (state === 'running' && !backfill.rests())
        sweepIn = filling ? 2_000 : Math.min(LONGEST_REST_MS, await refresh.sweepOnce())
      },
    ),
  ]

  try {
    await Promise.race([Promise.all(loops), untilAborted(stopping)])
  } finally {
    await stream.close()
    await Promise.race([sync.idle(), pause(DRAIN_MS, signal)])
  }
}
