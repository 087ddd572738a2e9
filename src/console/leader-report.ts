// What the leader tells the other processes once a second, under the state key 'report', so that every process can answer for
// the installation.

export const STREAM_STATES = [
  'connecting',
  'live',
  'backing-off',
  'daily-limit',
  'stopped',
  'standby',
] as const
export const BACKFILL_STATES = ['idle', 'running', 'paused', 'done', 'failed'] as const

export interface LeaderReport {
  /** The term that it was written in: a former leader's report is told by it. */
  epoch: number
  /** ISO time of writing. */
  at: string
  /** The highest command (id) whose effect this report shows; 0 before the first. */
  commandsDone: number
  stream: {
    /** `standby` is nothing that a leader says. */
    state: Exclude<(typeof STREAM_STATES)[number], 'standby'>
    cursor: string | null
    lastEventAt: string | null
    /** Since when it is in this state. */
    since: string | null
    /** Why it isn't live, in plain words. */
    reason: string | null
  }
  backfill: {
    state: (typeof BACKFILL_STATES)[number]
    done: number
    total: number
    etaSeconds: number | null
  }
  reconcile: { lastRunAt: string | null; nextRunAt: string | null }
  marketo: {
    /** The whole instance's calls today, where Marketo has told. */
    instanceCallsToday: number | null
    /** Why calls are held back, and until when. */
    pauses: { code: string; reason: string; until: string }[]
  }
}

export const REPORT_KEY = 'report'
