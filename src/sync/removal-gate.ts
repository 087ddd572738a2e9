// Which removals may go to Marketo now. Those that are refused alike have pauses of their own, for each kind of call: that writes of the object
// are let through says nothing of its deletes, and the other way round.
import type { Intent } from '../database/intents.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { createPauses } from './pauses.ts'
import { isRead } from './refused-alike.ts'
import { payloadOf } from './removal-payload.ts'
import { isRefused, putOffRemovals, type Removed } from './settle-removed.ts'

/** Who is put off is read from Salesforce again, and must be there soon after one is let through. */
const PUT_OFF_AT_MOST_MS = 30_000

export interface RemovalGate {
  /** Those that may go; the others are put off. */
  admit: (intents: Intent[]) => Promise<Intent[]>
  /** What came of one call. Returns how often in a row all were refused alike. */
  after: (removed: Removed[]) => number
}

export function createRemovalGate(deps: { leader: LeaderTransaction; now: () => number }): RemovalGate {
  const pauses = createPauses(deps.now)
  return {
    async admit(intents) {
      const going: Intent[] = []
      for (const [kind, group] of Map.groupBy(intents, kindOf)) {
        const admitted = new Set(pauses.admit(kind, group, (intent) => payloadOf(intent).attempts ?? 0))
        going.push(...admitted)
        const held = group.filter((intent) => !admitted.has(intent))
        const afterMs = Math.min(PUT_OFF_AT_MOST_MS, pauses.leftMs(kind))
        if (held.length > 0) await deps.leader((trx) => putOffRemovals(trx, held, afterMs))
      }
      return going
    },
    after(removed) {
      const kind = kindOf(removed[0]!.intent)
      const verdicts = removed.map(({ verdict }) => verdict)
      if (verdicts.some(isRead)) pauses.over(kind)
      else if (verdicts.some((verdict) => verdict.kind === 'everybody')) return pauses.failed(kind)
      else if (verdicts.some(isRefused)) pauses.recount(kind)
      return 0
    },
  }
}

const kindOf = (intent: Intent): string => `${intent.object} ${payloadOf(intent).how}`
