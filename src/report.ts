// What the leader tells the other processes once a second.
import type { LeaderReport } from './console/leader-report.ts'
import type { Pacing } from './marketo/pacing.ts'
import type { StreamState } from './salesforce/stream.ts'
import type { BackfillProgress } from './sync/backfill-progress.ts'

export interface ReportSources {
  stream: (() => StreamState) | undefined
  backfill: () => Promise<BackfillProgress>
  pacing: Pacing | undefined
  commandsDone: number
  reconcile: { lastRunAt: () => Promise<Date | null>; everyMs: number }
}

export async function readReport(sources: ReportSources, epoch: number): Promise<LeaderReport> {
  const stream = sources.stream?.()
  const lastRunAt = await sources.reconcile.lastRunAt()
  const pacing = sources.pacing?.state()
  return {
    epoch,
    at: new Date().toISOString(),
    commandsDone: sources.commandsDone,
    stream: {
      state: stream?.state ?? 'stopped',
      cursor: stream?.cursor ?? null,
      lastEventAt: stream?.lastEventAt?.toISOString() ?? null,
      since: stream?.since.toISOString() ?? null,
      reason: stream?.reason ?? null,
    },
    backfill: await sources.backfill(),
    reconcile: {
      lastRunAt: lastRunAt?.toISOString() ?? null,
      nextRunAt:
        lastRunAt === null ? null : new Date(lastRunAt.getTime() + sources.reconcile.everyMs).toISOString(),
    },
    marketo: {
      instanceCallsToday: pacing?.instanceUsed ?? null,
      pauses: (pacing?.pauses ?? []).map(({ code, reason, until }) => ({
        code,
        reason,
        until: new Date(until).toISOString(),
      })),
    },
  }
}
