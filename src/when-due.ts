// When the reconcile and the census run: at their intervals, because an admin asked, or to fill a gap.
import type { Backfill } from './sync/backfill.ts'
import { patient } from './loop.ts'
import { CENSUS_AGAIN_MS, CENSUS_EVERY_MS, type Census } from './sync/census.ts'
import type { OwedReconcile } from './sync/owed-reconcile.ts'
import type { Reconcile } from './sync/reconcile.ts'

/** While the daily delivery limit holds events back, reconciling takes their place. */
const RECONCILE_WITHOUT_STREAM_MS = 5 * 60_000

export interface WhenDue {
  reconcile(): Promise<void>
  dailyCensus(): Promise<void>
  /** An admin's reconcile is over when a census has followed it. */
  askedCensus(): Promise<void>
}

export function createWhenDue(deps: {
  reconcile: Reconcile
  census: Census
  asked: OwedReconcile
  gap: OwedReconcile
  backfill: Pick<Backfill, 'state'>
  streamState: () => string
  everyMs: number
  now: () => number
}): WhenDue {
  const { reconcile, census, asked, gap, backfill, now } = deps
  const startedAt = now()
  /** The last one that was asked for and reconciled. */
  let reconciledFor: string | undefined
  let countFor = (): Promise<void> => Promise.resolve()

  /** Of whatever leader: terms may be shorter than the time between two runs. Before the first one, since the first backfill. */
  async function lastRunOf({ lastRunAt }: Pick<Census, 'lastRunAt'>): Promise<number> {
    const last = (await lastRunAt())?.getTime()
    if (last !== undefined) return last
    const begun = (await backfill.state())?.startedAt
    return begun === undefined ? startedAt : Date.parse(begun)
  }

  /** Once, with patience of its own: whoever asks anew need not wait because what was asked before has failed. */
  function countingFor(note: string, since: number): () => Promise<void> {
    let isDone = false
    return patiently(async () => {
      if (isDone) return
      await census.runOnce(since)
      await asked.answer(note)
      isDone = true
    })
  }

  return {
    async reconcile() {
      const at = now()
      const [note, gapNote] = [await asked.pending(), await gap.pending()]
      const isAsked = note !== undefined && note !== reconciledFor
      const wait =
        deps.streamState() === 'daily-limit'
          ? Math.min(deps.everyMs, RECONCILE_WITHOUT_STREAM_MS)
          : deps.everyMs
      const isDue = now() - (await lastRunOf(reconcile)) >= wait
      if (isAsked || gapNote !== undefined || isDue || (await reconcile.isOwed())) await reconcile.runOnce()
      if (gapNote !== undefined) await gap.answer(gapNote)
      if (!isAsked) return
      reconciledFor = note
      countFor = countingFor(note, at)
    },

    dailyCensus: patiently(async () => {
      const dueAt = (await lastRunOf(census)) + CENSUS_EVERY_MS
      // However long one object can't be counted, the others are each day.
      if (now() >= dueAt) await census.runOnce(Math.max(dueAt, now() - CENSUS_EVERY_MS))
    }),

    askedCensus: () => countFor(),
  }
}

const patiently = (step: () => Promise<void>): (() => Promise<void>) =>
  patient(CENSUS_AGAIN_MS.longest, step, CENSUS_AGAIN_MS.first)
