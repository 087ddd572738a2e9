// What troubles are made of.
import type { MarketoSimulator } from '../simulators/marketo/index.ts'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'
import type { Armed } from './encounters.ts'
import type { Numbers } from './scene.ts'

export interface Sides {
  salesforce: SalesforceSimulator
  marketo: MarketoSimulator
}

/** What has happened at once leaves nothing that is armed. */
export type Trouble = (sides: Sides, numbers: Numbers) => Armed | undefined

export const times = (n: number): number => 1 + (n % 3)
export const oneOf = <T>(list: readonly T[], n: number): T => list[n % list.length]!
