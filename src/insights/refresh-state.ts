// What the refresh remembers, under two keys of the state table, because two loops write.

/** For the status, and for `asOf`. */
export const REFRESH_KEY = 'insights'

export interface RefreshState {
  /** ISO times. The values are at least as new as the last refresh, as far as activities tell of changes. */
  lastRefreshAt: string | null
  lastSweepAt: string | null
}
