// Where deeds are done: both sides, and what has to be remembered of them. The same numbers in the same organisation choose the same, so
// that a history can be played again.
import { DmlError } from '../simulators/salesforce/dml-error.ts'
import type { MarketoInstance } from '../simulators/marketo/index.ts'
import type { Org, Record18, Transaction } from '../simulators/salesforce/org.ts'
import type { ObjectName } from '../in-step/objects.ts'
import type { LeavesOut } from '../in-step/scope.ts'
import { createEncounters, type Encounters } from './encounters.ts'

export interface Scene {
  org: Org
  instance: MarketoInstance
  /** Transactions that are open: their rows have their stamps, and are seen at the commit. */
  open: Transaction[]
  /** Marketo ids of persons that marketers made, and of those that they deleted or merged away. */
  made: Set<number>
  unmade: Set<number>
  /** What the admin's filters leave out. */
  filters: Map<ObjectName, (row: Record18) => boolean>
  /** What people put right when the round is over. */
  endings: (() => void)[]
  encounters: Encounters
}

export const newScene = (org: Org, instance: MarketoInstance): Scene => ({
  org,
  instance,
  open: [],
  made: new Set(),
  unmade: new Set(),
  filters: new Map(),
  endings: [],
  encounters: createEncounters(),
})

export const leavesOut =
  ({ filters }: Scene): LeavesOut =>
  (object, row) =>
    filters.get(object)?.(row) === true

export function endRound(scene: Scene): void {
  for (const transaction of scene.open.splice(0)) transaction.commit()
  for (const ending of scene.endings.splice(0)) ending()
}

export type Numbers = readonly [number, number, number]
export type Deed = (scene: Scene, numbers: Numbers) => void

const EMAILS = 12
export const email = (n: number): string | null => (n % 7 === 0 ? null : `person${n % EMAILS}@x.example`)
export const ROLES = ['Decision Maker', 'Evaluator', 'Influencer', null, 'evaluator']
export const TEXTS = ['', 'short', 'Ünïcödé 😀', 'x'.repeat(90), 'a,b"c\'d', 'null', ' ']

export const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!

export const living = (org: Org, object: string, fits: (row: Record18) => boolean = () => true): Record18[] =>
  org.all(object).filter((row) => row['IsConverted'] !== true && fits(row))

/** The n-th living record; where there is none the deed is left undone. */
export function some(org: Org, object: string, n: number, fits?: (row: Record18) => boolean): string {
  const rows = living(org, object, fits)
  if (rows.length === 0) throw new DmlError('NOTHING', `no ${object} is there`)
  return pick(rows, n).Id
}

/** A person account is edited, merged and deleted as an Account. */
const isBusiness = (row: Record18): boolean => row['IsPersonAccount'] !== true
export const someContact = (org: Org, n: number, fits: (row: Record18) => boolean = () => true): string =>
  some(org, 'Contact', n, (row) => isBusiness(row) && fits(row))
export const someAccount = (org: Org, n: number, fits: (row: Record18) => boolean = () => true): string =>
  some(org, 'Account', n, (row) => isBusiness(row) && fits(row))
export const someOf = (org: Org, object: string, n: number, fits?: (row: Record18) => boolean): string =>
  object === 'Contact'
    ? someContact(org, n, fits)
    : object === 'Account'
      ? someAccount(org, n, fits)
      : some(org, object, n, fits)

export const activeUser = (org: Org, n: number): string =>
  some(org, 'User', n, (row) => row['IsActive'] === true)
export const leadOwner = (org: Org, n: number): string =>
  n % 5 === 0 ? some(org, 'Group', n) : activeUser(org, n)
export const maybeAccount = (org: Org, n: number): string | null => (n % 6 === 0 ? null : someAccount(org, n))
