// What the history keeps of a call, for whoever asks what was sent of a record. A backfill's own writes are not kept: a million rows
// would say no more than the ledger does.
import { PRIORITY } from '../database/changes.ts'
import { noteHistory, type Happening } from '../database/history.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { Outcome } from './write.ts'

export async function rememberOutcomes(db: DbOrTrx, accepted: Outcome[], refused: Outcome[]): Promise<void> {
  const asked = accepted.filter(({ write }) => write.taken.priority < PRIORITY.background)
  await noteHistory(db, [
    ...asked.map((outcome) => happening(outcome, 'sent')),
    ...refused.map((outcome) => happening(outcome, 'refused')),
  ])
}

function happening({ write, verdict }: Outcome, outcome: Happening['outcome']): Happening {
  return {
    object: write.object,
    id: write.id,
    outcome,
    code: 'code' in verdict ? verdict.code : null,
    reason: 'reason' in verdict ? verdict.reason : null,
    fields: Object.keys(write.fields),
  }
}
