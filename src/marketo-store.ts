// Pacing's view of the database: calls of all processes, counted by the Marketo day.
import { callsOfDay, finishCall, tryStartCall } from './database/marketo-calls.ts'
import type { Db } from './database/tables.ts'
import { marketoDayOf } from './marketo/marketo-day.ts'
import type { CallStore } from './marketo/pacing.ts'

export function createCallStore(deps: { db: Db; onFinished: (outcome: string) => void }): CallStore {
  const { db } = deps
  const today = (): string => marketoDayOf(Date.now()).date
  return {
    tryStart: (call) => tryStartCall(db, { ...call, day: today() }),
    async finish(id, outcome) {
      deps.onFinished(outcome)
      await finishCall(db, Number(id))
    },
    usedToday: () => callsOfDay(db, today()),
  }
}
