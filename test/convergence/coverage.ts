// What of all that can go wrong goes wrong in none of some histories. A leader that is frozen for longer is frozen too.
import { BLOWS, type History } from './history.ts'
import { troubleNames } from './troubles.ts'

export function missingIn(histories: readonly History[]): string[] {
  const happens = new Set(
    histories
      .flatMap(({ rounds }) => rounds.flat())
      .flatMap((step) =>
        step.do === 'trouble' ? [step.name] : step.do === 'blow' ? [kindOf(step.blow)] : [],
      ),
  )
  const all = [...BLOWS.map(kindOf), ...troubleNames({ patient: false, processes: true })]
  return all.filter((name) => !happens.has(name))
}

const kindOf = (blow: string): string => blow.replace(' beyond the lease', '')
