// How far the backfill is, as it is stored. The marking, admins, the report and the bridge itself change it side by side, so it is changed
// under its lock alone.
import type { LeaderTransaction } from '../database/lease.ts'
import { lockState } from '../database/pending-commands.ts'
import { readState, writeState } from '../database/state.ts'
import type { Db, Trx } from '../database/tables.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'

export type Place = Pick<BackfillState, 'jobId' | 'locator'>

export const BEGINNING: Place = { jobId: null, locator: null }

export interface BackfillState {
  state: 'idle' | 'running' | 'paused' | 'done' | 'failed'
  objects: ObjectName[]
  force: boolean
  /** Records marked so far, and how many there were at the start. */
  marked: number
  total: number
  /** The object being marked, and where to go on. Those after it are still to be marked. */
  object: ObjectName | null
  jobId: string | null
  locator: string | null
  /** Where to go on in objects that could not be read when it was their turn; absent in a backfill of a former release. */
  aside?: Partial<Record<ObjectName, Place>>
  watermark: string | null
  startedAt: string
  finishedAt: string | null
  reason: string | null
}

const KEY = 'backfill'

/** Pure: what is still to be marked, the object under way first. */
export const leftOf = ({ objects, object }: BackfillState): ObjectName[] =>
  object === null ? objects : objects.slice(objects.indexOf(object))

/** Pure: what is marked now, parents first, and what after it. What rests and would come before it holds up none of them. */
export function aheadOf(left: ObjectName[], isResting: (object: ObjectName) => boolean): ObjectName[] {
  const inOrder = OBJECTS.filter((object) => left.includes(object))
  const first = inOrder.findIndex((object) => !isResting(object))
  return first === -1 ? [] : inOrder.slice(first)
}

/** Pure: goes over to this one of the objects that are left, at its place. */
export function takeUp(state: BackfillState, left: ObjectName[], object: ObjectName): BackfillState {
  const { object: former, jobId, locator } = state
  if (object === former) return state
  const goesOn = former !== null && left.includes(former) && (jobId !== null || locator !== null)
  const { [object]: place = BEGINNING, ...aside } = {
    ...state.aside,
    ...(goesOn ? { [former]: { jobId, locator } } : {}),
  }
  const done = state.objects.filter((one) => !left.includes(one))
  const later = left.filter((one) => one !== object)
  return { ...state, objects: [...done, object, ...later], object, ...place, aside }
}

/** Pure: the object under way comes after all that are left, where it will go on at this place. */
export function setAside(
  state: BackfillState,
  left: ObjectName[],
  place: Place,
): { state: BackfillState; left: ObjectName[] } {
  const later = [...left.filter((one) => one !== state.object), ...left.filter((one) => one === state.object)]
  return { state: takeUp({ ...state, ...place }, later, later[0]!), left: later }
}

export interface StoredBackfill {
  read(): Promise<BackfillState | undefined>
  /** Writes this in place of whatever there is. With `unlessRunning` false where that is paused, or runs and is not the one that this is to
   *  take the place of, and stays. */
  begin(
    state: BackfillState,
    options: { unlessRunning: boolean; inPlaceOf: string | undefined },
  ): Promise<boolean>
  /** False where nothing is to be changed. `also` is done in the same transaction. */
  change(
    next: (current: BackfillState) => BackfillState | undefined,
    also?: (trx: Trx) => Promise<void>,
  ): Promise<boolean>
}

export function storedBackfill({ db, leader }: { db: Db; leader: LeaderTransaction }): StoredBackfill {
  const read = (): Promise<BackfillState | undefined> => readState<BackfillState>(db, KEY)

  return {
    read,

    begin: (state, { unlessRunning, inPlaceOf }) =>
      leader(async (trx) => {
        const current = await lockState<BackfillState>(trx, KEY)
        const runs = current?.state === 'running' && current.startedAt !== inPlaceOf
        if (unlessRunning && (runs || current?.state === 'paused')) return false
        await writeState(trx, KEY, state)
        return true
      }),

    async change(next, also) {
      // Locking makes the row, and before the first backfill there must be none.
      if ((await read()) === undefined) return false
      return leader(async (trx) => {
        const current = await lockState<BackfillState>(trx, KEY)
        const changed = current && next(current)
        if (changed === undefined) return false
        await also?.(trx)
        await writeState(trx, KEY, changed)
        return true
      })
    },
  }
}
