// What a changed mapping asks for: a field that is new to it is sent of the records that are in Marketo already (background work, below
// live changes and within the budget), and another filter is held against everything at once instead of at the next census.
import type { LeaderTransaction } from '../database/lease.ts'
import { lockState } from '../database/pending-commands.ts'
import { clearState, readState, writeState } from '../database/state.ts'
import type { Db, Trx } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { patient } from '../loop.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import type { Backfill } from './backfill.ts'
import type { Brake } from './brake.ts'
import { CENSUS_AGAIN_MS, type Census } from './census.ts'
import type { Mapping, ObjectMapping } from './mapping.ts'

export interface MappingChanges {
  /** Objects of which more is sent than before. */
  refill: ObjectName[]
  /** A filter has changed: records come in and leave. */
  recount: boolean
}

interface WaitingChanges extends MappingChanges {
  /** How often something was added: the same changes noted again are other ones. */
  noted: number
}

const KEY = 'mapping-changes'
const NOTHING: MappingChanges = { refill: [], recount: false }

/** Pure. Before the first mapping everything is the backfill's. */
export function changesOf(before: Mapping | undefined, after: Mapping): MappingChanges {
  if (before === undefined) return NOTHING
  return {
    refill: OBJECTS.filter((object) => isWider(before.objects[object], after.objects[object])),
    recount: OBJECTS.some(
      (object) =>
        after.objects[object].active && before.objects[object].filter !== after.objects[object].filter,
    ),
  }
}

function isWider(before: ObjectMapping, after: ObjectMapping): boolean {
  if (!after.active) return false
  const known = new Set(before.fields.map(({ from, to }) => `${from} ${to.name}`))
  const read = new Set(before.reads)
  return (
    !before.active ||
    after.fields.some(({ from, to }) => !known.has(`${from} ${to.name}`)) ||
    // A reference, or what decides about scope, that the integration user may read again.
    after.reads.some((field) => !read.has(field))
  )
}

/** Added to what still waits, in the transaction that publishes the mapping: no kill loses it. */
export async function noteChanges(trx: Trx, { refill, recount }: MappingChanges): Promise<void> {
  if (refill.length === 0 && !recount) return
  const waiting = { ...NOTHING, noted: 0, ...(await lockState<WaitingChanges>(trx, KEY)) }
  await writeState(trx, KEY, {
    refill: OBJECTS.filter((object) => refill.includes(object) || waiting.refill.includes(object)),
    recount: recount || waiting.recount,
    noted: waiting.noted + 1,
  } satisfies WaitingChanges)
}

/** Does what waits. A backfill that runs or is paused ends first, unless it rests. */
export function createCatchUp(deps: {
  db: Db
  leader: LeaderTransaction
  backfill: Pick<Backfill, 'state' | 'request' | 'rests'>
  census: Pick<Census, 'runOnce'>
  brake: Pick<Brake, 'lookAgain'>
  log: Log
  now: () => number
}): { runOnce(): Promise<void> } {
  const { db, leader, backfill, census, brake, log, now } = deps
  /** Each change has patience of its own: who corrects a filter need not wait because something could not be read for the former one. */
  let begun: { noted: number; step: () => Promise<void> } | undefined

  async function isFree(): Promise<boolean> {
    const state = (await backfill.state())?.state
    return state === 'done' || state === 'failed' || (state === 'running' && backfill.rests())
  }

  async function begin({ refill, recount, noted }: WaitingChanges): Promise<() => Promise<void>> {
    log.info({ refill, recount }, 'the mapping has changed: looking at the records again')
    const since = now()
    // What another filter had left out may belong in Marketo after all.
    if (recount) await brake.lookAgain()
    let [isCounted, isRefilled] = [!recount, refill.length === 0]
    async function step(): Promise<void> {
      try {
        // One that failed goes on with what it could not read.
        if (!isCounted) await census.runOnce(since)
        isCounted = true
      } finally {
        // An object that can't be counted, perhaps for days, holds up no other. A backfill that has begun meanwhile goes first.
        if (!isRefilled && (await isFree()))
          isRefilled = await backfill.request({ objects: refill, unlessRunning: true })
      }
      if (!isRefilled) return
      await leader(async (trx) => {
        // What was noted meanwhile stays for the next time.
        const current = await lockState<WaitingChanges>(trx, KEY)
        if (current?.noted === noted) await clearState(trx, KEY)
      })
      begun = undefined
    }
    return patient(CENSUS_AGAIN_MS.longest, step, CENSUS_AGAIN_MS.first)
  }

  return {
    async runOnce() {
      const waiting = await readState<WaitingChanges>(db, KEY)
      if (waiting === undefined) return
      const { noted } = waiting
      if (begun?.noted !== noted) {
        if (!(await isFree())) return
        begun = { noted, step: await begin(waiting) }
      }
      await begun.step()
    },
  }
}
