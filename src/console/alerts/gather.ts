// Reads what alerts are decided on. Not the whole status: that counts every mark, and this is asked every few seconds.
import type { Config } from '../../config.ts'
import { readLease } from '../../database/lease.ts'
import { countParked } from '../../database/parked.ts'
import { fewestParked } from '../../database/samples.ts'
import { listProblems, readState } from '../../database/state.ts'
import type { Db } from '../../database/tables.ts'
import { REPORT_KEY, type LeaderReport } from '../leader-report.ts'
import { problemsOf, streamOf } from '../status.ts'
import { readWebhookCalls } from '../webhook-calls.ts'
import type { Facts } from './sightings.ts'

const WATCHED_HOURS = 24

export async function gather(
  db: Db,
  config: Config,
  now: number,
): Promise<Omit<Facts, 'watchedSince' | 'isTold'>> {
  const [problems, report, lease, parked, before, webhook] = await Promise.all([
    listProblems(db),
    readState<LeaderReport>(db, REPORT_KEY),
    readLease(db),
    countParked(db),
    fewestParked(db, WATCHED_HOURS),
    readWebhookCalls(db),
  ])
  return {
    problems: problemsOf(config, problems, new Date(now)),
    stream: streamOf(report, lease, config.missing.length > 0),
    pauses: report?.marketo.pauses ?? [],
    parked,
    parkedBefore: before ?? Object.values(parked).reduce((a, b) => a + b, 0),
    webhook,
    now,
  }
}
