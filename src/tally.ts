// What this process has sent and had refused since somebody last asked: the leader writes it down every minute for the charts.
export interface Tally {
  add(outcome: string, records: number): void
  /** The numbers since the last call. */
  take(): { sent: number; refused: number }
  /** What could not be written down counts for the next time. */
  putBack(counts: { sent: number; refused: number }): void
}

export function createTally(): Tally {
  let sent = 0
  let refused = 0
  return {
    add(outcome, records) {
      if (outcome === 'accepted' || outcome === 'removed') sent += records
      if (outcome === 'refused') refused += records
    },
    take() {
      const counts = { sent, refused }
      sent = 0
      refused = 0
      return counts
    },
    putBack(counts) {
      sent += counts.sent
      refused += counts.refused
    },
  }
}
