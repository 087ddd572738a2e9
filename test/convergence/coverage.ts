// What of all that can happen happens in none of some histories. A leader that is frozen for longer is frozen too.
import { BLIND_DEEDS, SEEN_DEEDS } from './deeds.ts'
import { BLOWS, type History } from './history.ts'
import { troubleNames } from './troubles.ts'

export function missingIn(histories: readonly History[]): string[] {
  const happens = new Set(
    histories
      .flatMap(({ rounds }) => rounds.flat())
      .flatMap((step) => (step.do === 'wait' ? [] : step.do === 'blow' ? [kindOf(step.blow)] : [step.name])),
  )
  const all = [
    ...BLOWS.map(kindOf),
    ...troubleNames({ patient: false, processes: true }),
    ...SEEN_DEEDS,
    ...BLIND_DEEDS,
  ]
  return all.filter((name) => !happens.has(name))
}

const kindOf = (blow: string): string => blow.replace(' beyond the lease', '')
