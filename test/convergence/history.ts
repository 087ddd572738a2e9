// Random histories: an organisation, and rounds in which people work while everything goes wrong. Plain data, so that a seed plays it again.
import * as fc from 'fast-check'
import { BLIND_DEEDS, SEEN_DEEDS } from './deeds.ts'
import type { Numbers } from './scene.ts'
import { troubleNames, type Patience } from './troubles.ts'

export const BLOWS = ['kill', 'stop', 'freeze', 'freeze beyond the lease', 'cut the database'] as const
/** What the process that leads suffers. */
export type Blow = (typeof BLOWS)[number]

export type Step =
  | { do: 'deed'; name: string; numbers: Numbers }
  | { do: 'trouble'; name: string; numbers: Numbers }
  | { do: 'wait'; ms: number }
  /** Only where there are processes to strike. */
  | { do: 'blow'; blow: Blow }

export interface History {
  env: Record<string, string>
  personAccounts: boolean
  externalPersonIdLookup: boolean
  latencyMs: number
  /** Calls at once that Marketo allows and the service is set to: one more is never to be seen, whoever makes it. */
  concurrency: number
  beginning: Numbers[]
  /** More leads than are read by queries: Bulk API jobs bring them. */
  crowd: number
  rounds: Step[][]
}

const numbers: fc.Arbitrary<Numbers> = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999))
const deed = (names: readonly string[]): fc.Arbitrary<Step> =>
  fc.record({ do: fc.constant('deed' as const), name: fc.constantFrom(...names), numbers })
const trouble = (patience: Patience): fc.Arbitrary<Step> =>
  fc.record({
    do: fc.constant('trouble' as const),
    name: fc.constantFrom(...troubleNames(patience)),
    numbers,
  })

const wait: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('wait' as const),
  ms: fc.integer({ min: 1, max: 250 }),
})
const blow: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('blow' as const),
  blow: fc.constantFrom(...BLOWS),
})

/** Every round ends with some of everything, so that its troubles are met by the calls they are for. */
const WORK = [
  ['edit a user', 'new user'],
  ['edit an account', 'new account'],
  ['edit a lead', 'new lead'],
  ['edit a contact', 'new contact'],
  ['move a stage', 'new opportunity'],
  ['new role'],
  ['delete a role', 'rename a role', 'merge leads', 'convert to an existing contact'],
]

/** Every second round is one that events alone tell of: what they miss would be hidden by the reconcile. */
const round = (patience: Patience): fc.Arbitrary<Step[]> =>
  fc
    .boolean()
    .chain((blind) =>
      fc.tuple(
        fc.array(
          fc.oneof(
            { weight: 12, arbitrary: deed(SEEN_DEEDS) },
            { weight: blind ? 5 : 0, arbitrary: deed(BLIND_DEEDS) },
            { weight: 6, arbitrary: trouble(patience) },
            { weight: 5, arbitrary: wait },
          ),
          { minLength: 10, maxLength: 45, size: 'max' },
        ),
        fc.array(fc.tuple(fc.nat(44), blow), { maxLength: patience.processes ? 2 : 0, size: 'max' }),
        fc.tuple(...WORK.map(deed)),
      ),
    )
    .map(([steps, strikes, work]) => [
      ...strikes.reduce((all, [at, strike]) => all.toSpliced(at, 0, strike), steps),
      ...work,
    ])

/** Salesforce facts: more rows than this are read by the Bulk API. */
const CROWD = 10_001

export const histories = (options: Patience & { rounds: number }): fc.Arbitrary<History> =>
  fc.record({
    env: fc.record({
      DELETE_POLICY: fc.constantFrom('keep', 'delete'),
      SEVERAL_PERSONS: fc.constantFrom('report', 'merge'),
      MATCH_BY_EMAIL: fc.constantFrom('true', 'true', 'false'),
    }),
    personAccounts: fc.boolean(),
    externalPersonIdLookup: fc.boolean(),
    latencyMs: fc.constantFrom(0, 5, 40),
    concurrency: fc.constantFrom(2, 5),
    beginning: fc.array(numbers, { minLength: 16, maxLength: 40, size: 'max' }),
    crowd: options.patient ? fc.constantFrom(0, 0, 0, CROWD) : fc.constant(0),
    rounds: fc.array(round(options), { minLength: options.rounds, maxLength: options.rounds }),
  })

/** As a reader plays it in the mind. */
export const told = (round: Step[]): string => round.map(tellStep).join('\n')

const tellStep = (step: Step): string =>
  step.do === 'wait'
    ? `  ${step.ms} ms pass`
    : step.do === 'blow'
      ? `  the leader: ${step.blow}`
      : `  ${step.name} (${step.numbers.join(', ')})`
