// What a refresh loop does when Marketo doesn't answer as it should: waits as long as the verdict says, and tells it once as a
// problem until it works again.
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem } from '../database/state.ts'
import type { Log } from '../log.ts'
import type { Failed } from '../marketo/outcome.ts'
import { verdictOfCall } from '../marketo/verdict.ts'

export interface Setback {
  /** Milliseconds until the next try. */
  waits: () => number
  failed: (outcome: Failed) => Promise<void>
  /** It works (again). */
  over: () => Promise<void>
}

/** After what no repetition cures: an admin may have cured it meanwhile. */
const LOOK_AGAIN_MS = 60_000

export function createSetback(deps: {
  what: string
  leader: LeaderTransaction
  log: Log
  now: () => number
}): Setback {
  const { what, leader, log, now } = deps
  let attempts = 0
  let until = 0
  let raised: string | undefined

  async function over(): Promise<void> {
    attempts = 0
    until = 0
    const code = raised
    raised = undefined
    if (code !== undefined) await leader((trx) => clearProblem(trx, 'insights', code))
  }

  return {
    over,
    waits: () => Math.max(0, until - now()),
    async failed(outcome) {
      // This process stops, or no longer leads.
      if (outcome.code === 'aborted' || outcome.code === 'closed') return
      const verdict = verdictOfCall(outcome, { write: false, attempt: ++attempts })
      if (verdict.kind === 'accepted') return
      const wait = 'afterMs' in verdict ? verdict.afterMs : LOOK_AGAIN_MS
      const end = Math.max(now() + wait, 'until' in verdict ? (verdict.until ?? 0) : 0)
      const code = `${what}:${verdict.code}`
      if (raised !== code) {
        await over()
        await tell(code, verdict)
        raised = code
      }
      until = end
    },
  }

  async function tell(code: string, { reason, advice }: { reason: string; advice: string }): Promise<void> {
    log.warn({ code, reason }, `the ${what} is held up`)
    await leader((trx) =>
      raiseProblem(trx, { system: 'insights', code, reason: `The ${what} is held up: ${reason}`, advice }),
    )
  }
}
