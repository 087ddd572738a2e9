// The state of the installation in one answer, whichever process gives it. Counts come from the database, what only the leader
// knows from the report it writes every second.
import { z } from 'zod'
import type { Config } from '../config.ts'
import { countChanges } from '../database/changes.ts'
import { countInsights } from '../database/insights.ts'
import { readLease } from '../database/lease.ts'
import { callsOfDay } from '../database/marketo-calls.ts'
import { countParked } from '../database/parked.ts'
import { readRefreshProgress } from '../database/refresh-progress.ts'
import { listProblems, readState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'
import { marketoDayOf } from '../marketo/marketo-day.ts'
import { OBJECTS } from '../salesforce/ids.ts'
import type { App } from '../web/app-type.ts'
import { failures } from '../web/failures.ts'
import { BACKFILL_STATES, REPORT_KEY, STREAM_STATES, type LeaderReport } from './leader-report.ts'
import { remember } from './remember.ts'

const time = z.string().nullable()
const counts = z.object(Object.fromEntries(OBJECTS.map((object) => [object, z.number()]))) as z.ZodObject<
  Record<(typeof OBJECTS)[number], z.ZodNumber>
>

export const statusShape = z
  .object({
    leader: z
      .boolean()
      .describe('Whether the process that answers leads. Everything else describes the installation.'),
    stream: z.object({
      state: z.enum(STREAM_STATES),
      cursor: z.string().nullable(),
      lastEventAt: time,
      since: time,
      reason: z.string().nullable(),
    }),
    queue: counts.describe('Records to be sent, in flight included.'),
    waiting: counts.describe('Records that wait for a parent.'),
    parked: counts
      .extend({ Event: z.number() })
      .describe('Records that were refused, and events not understood.'),
    marketo: z.object({
      callsToday: z.number().describe('Our own calls of the Marketo day, refused ones too.'),
      dailyLimit: z.number(),
      instanceCallsToday: z.number().nullable().describe("Everybody's calls, where Marketo has told."),
      instanceDailyLimit: z.number(),
      pauses: z.array(z.object({ code: z.string(), reason: z.string(), until: z.string() })),
    }),
    backfill: z.object({
      state: z.enum(BACKFILL_STATES),
      done: z.number(),
      total: z.number(),
      etaSeconds: z.number().nullable(),
    }),
    reconcile: z.object({ lastRunAt: time, nextRunAt: time }),
    insights: z.object({ lastRefreshAt: time, lastSweepAt: time, persons: z.number() }),
    problems: z.array(
      z.object({
        system: z.string(),
        code: z.string(),
        reason: z.string(),
        advice: z.string(),
        since: z.string(),
      }),
    ),
  })
  .describe('The state of the installation.')

export type Status = z.output<typeof statusShape>
type Installation = Omit<Status, 'leader'>

export const NOT_CONFIGURED = 'not-configured'

export interface StatusDeps {
  db: Db
  config: Config
  isLeader: () => boolean
  now: () => number
}

/** At most a second old. */
export function createStatus(deps: StatusDeps): () => Promise<Status> {
  const startedAt = new Date(deps.now())
  const installation = remember(1_000, () => readInstallation(deps, startedAt))
  return async () => ({ leader: deps.isLeader(), ...(await installation()) })
}

async function readInstallation({ db, config, now }: StatusDeps, startedAt: Date): Promise<Installation> {
  const [changes, parked, lease, report, reconciled, refresh, persons, callsToday, problems] =
    await Promise.all([
      countChanges(db),
      countParked(db),
      readLease(db),
      readState<LeaderReport>(db, REPORT_KEY),
      readState<{ lastRunAt: string }>(db, 'reconcile'),
      readRefreshProgress(db),
      countInsights(db),
      callsOfDay(db, marketoDayOf(now()).date),
      listProblems(db),
    ])
  const setUp = config.missing.length > 0
  return {
    stream: streamOf(report, lease, setUp),
    queue: countsOf(changes.queue),
    waiting: countsOf(changes.waiting),
    parked: { ...countsOf(parked), Event: parked.Event ?? 0 },
    marketo: {
      callsToday,
      dailyLimit: config.limits.dailyCalls,
      instanceCallsToday: report?.marketo.instanceCallsToday ?? null,
      instanceDailyLimit: config.limits.instanceDailyCalls,
      pauses: lease.held ? (report?.marketo.pauses ?? []) : [],
    },
    backfill: report?.backfill ?? { state: 'idle', done: 0, total: 0, etaSeconds: null },
    reconcile: {
      // What a former leader ran counts too.
      lastRunAt: report?.reconcile.lastRunAt ?? reconciled?.lastRunAt ?? null,
      nextRunAt: report?.reconcile.nextRunAt ?? null,
    },
    insights: {
      lastRefreshAt: refresh.lastRefreshAt,
      lastSweepAt: refresh.lastSweepAt,
      persons,
    },
    problems: problemsOf(config, problems, startedAt),
  }
}

/** What is not set up is told also while nobody leads. */
export function problemsOf(
  config: Config,
  stored: Awaited<ReturnType<typeof listProblems>>,
  startedAt: Date,
): Status['problems'] {
  return [
    ...missingOf(config, startedAt),
    ...stored.map((problem) => ({ ...problem, since: problem.since.toISOString() })),
  ]
}

/** A report of a former term says nothing about the stream of the new one. */
export function streamOf(
  report: LeaderReport | undefined,
  lease: { epoch: number; held: boolean },
  setUp: boolean,
): Status['stream'] {
  const { cursor = null, lastEventAt = null } = report?.stream ?? {}
  const known = { cursor, lastEventAt }
  if (setUp) return { ...known, state: 'stopped', since: null, reason: 'The set-up is not complete.' }
  if (!lease.held)
    return { ...known, state: 'standby', since: null, reason: 'No process leads at the moment.' }
  if (report?.epoch !== lease.epoch) return { ...known, state: 'connecting', since: null, reason: null }
  const { state, since, reason } = report.stream
  return { ...known, state, since, reason }
}

function countsOf(found: Record<string, number>): Status['queue'] {
  return Object.fromEntries(OBJECTS.map((object) => [object, found[object] ?? 0])) as Status['queue']
}

function missingOf({ missing }: Config, since: Date): Status['problems'] {
  return missing.map(({ system, variables }) => ({
    system,
    code: NOT_CONFIGURED,
    reason: `${system === 'salesforce' ? 'Salesforce' : 'Marketo'} is not set up: ${variables.join(', ')} ${variables.length === 1 ? 'is' : 'are'} missing.`,
    advice:
      'Set the variables in the environment (on Heroku: Settings > Config Vars); the service then starts anew.',
    since: since.toISOString(),
  }))
}

export function statusRoute(app: App, status: () => Promise<Status>): void {
  app.get(
    '/api/status',
    {
      config: { access: 'admin' },
      schema: {
        tags: ['console'],
        summary: 'The state of the installation.',
        security: [{ admin: [] }],
        response: { 200: statusShape, ...failures(401, 429, 503) },
      },
    },
    () => status(),
  )
}
