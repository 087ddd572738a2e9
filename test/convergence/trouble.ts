// What troubles are made of.
import type { MarketoSimulator } from '../simulators/marketo/index.ts'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'
import type { Numbers } from './scene.ts'

export interface Sides {
  salesforce: SalesforceSimulator
  marketo: MarketoSimulator
}

export type Trouble = (sides: Sides, numbers: Numbers) => unknown

export const times = (n: number): number => 1 + (n % 3)
export const oneOf = <T>(list: readonly T[], n: number): T => list[n % list.length]!
