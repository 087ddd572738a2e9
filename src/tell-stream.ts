// Keeps the problems of the status in step with the stream's state.
import type { LeaderTransaction } from './database/lease.ts'
import { clearProblem, raiseProblem } from './database/state.ts'
import { reasonOf } from './errors.ts'
import type { Log } from './log.ts'
import type { StreamState } from './salesforce/stream.ts'

export function createTellStream({
  leader,
  log,
}: {
  leader: LeaderTransaction
  log: Log
}): (state: StreamState) => void {
  let telling = Promise.resolve()

  async function tell(state: StreamState): Promise<void> {
    await leader(async (trx) => {
      await clearProblem(trx, 'stream')
      if (state.state === 'live' || state.state === 'connecting' || state.reason === undefined) return
      await raiseProblem(trx, {
        system: 'stream',
        code: state.code ?? state.state,
        reason: state.reason,
        advice: state.advice ?? 'It is tried again by itself; changes are found by the reconcile meanwhile.',
      })
    })
  }

  return (state) => {
    // One after the other: the last state told is the last state.
    telling = telling
      .then(() => tell(state))
      .catch((error: unknown) =>
        log.debug({ reason: reasonOf(error) }, 'the state of the stream could not be told'),
      )
  }
}
