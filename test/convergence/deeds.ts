// Everything that people do in Salesforce and Marketo, as deeds that are told by a name and three numbers.
import { DmlError } from '../simulators/salesforce/dml-error.ts'
import { BLIND, ERASING } from './blind-deeds.ts'
import { LOSSES } from './losses.ts'
import { MARKETERS } from './marketers.ts'
import type { Deed, Numbers, Scene } from './scene.ts'
import { SEEN } from './seen-deeds.ts'

const DEEDS: Record<string, Deed> = { ...SEEN, ...MARKETERS, ...LOSSES, ...BLIND, ...ERASING }
export const SEEN_DEEDS = [...Object.keys(SEEN), ...Object.keys(MARKETERS), ...Object.keys(LOSSES)]
export const BLIND_DEEDS = [...Object.keys(BLIND), ...Object.keys(ERASING)]

/** How often a reconcile and a census have to run until everything that the deed did is found. */
export const reconcilesFor = (name: string): number => (name in ERASING ? 2 : name in BLIND ? 1 : 0)

/** What Salesforce refuses is left undone. */
export function doDeed(scene: Scene, name: string, numbers: Numbers): void {
  try {
    DEEDS[name]?.(scene, numbers)
  } catch (error) {
    if (!(error instanceof DmlError)) throw error
  }
}

/** What every history begins with. */
export function populate(scene: Scene, numbers: readonly Numbers[]): void {
  scene.org.insert('Group', { Name: 'Queue', Type: 'Queue' }, { silent: true })
  const begin = [
    'new user',
    'new user',
    'new account',
    'new contact',
    'new lead',
    'new person account',
    'new opportunity',
    'new role',
  ]
  for (const [n, three] of numbers.entries()) doDeed(scene, begin[n % begin.length]!, three)
}
