// What Marketo's description of itself lacks, and why it could not be renewed, among the problems: at the start of a term and whenever
// it was asked again.
import type { LeaderTransaction } from './database/lease.ts'
import { clearProblem, raiseProblem, type Problem } from './database/state.ts'
import type { Description } from './marketo/description.ts'

export function createTellDescription(deps: {
  leader: LeaderTransaction
  marketo: Description
}): () => Promise<void> {
  const { leader, marketo } = deps
  let told: Problem[] = []

  return async () => {
    const { missing } = await marketo.schema()
    const doubt = marketo.doubt()
    const problems: Problem[] = missing.map(({ object, field, reason, advice }) => ({
      system: 'mapping',
      code: `missing:${object}.${field}`,
      reason,
      advice,
    }))
    if (doubt !== undefined)
      problems.push({ system: 'marketo', code: doubt.code, reason: doubt.message, advice: doubt.advice })
    const codes = new Set(problems.map(({ code }) => code))
    await leader(async (trx) => {
      for (const { system, code } of told) if (!codes.has(code)) await clearProblem(trx, system, code)
      for (const problem of problems) await raiseProblem(trx, problem)
    })
    told = problems
  }
}
