// Stops a mass removal: a lost permission, a wrong filter or a mass delete by mistake must not empty Marketo unseen. What is many is told by
// a count, and by a changed filter that lets nothing through.
import { postpone, type Taken } from '../database/changes.ts'
import { countLedger } from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import {
  confirmedRemovals,
  confirmRemovals,
  countRemovals,
  countStopped,
  lockRemovals,
  noteRemovals,
  resumeStopped,
  stopRemovals,
} from '../database/removals.ts'
import { clearProblem, dropCommand, raiseProblem, type Problem } from '../database/state.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import { forgetEmptied, readEmptied } from './emptied.ts'

/** In an hour at most this many removals of an object, or this share of it, whichever is more. */
export const REMOVALS_AN_HOUR = 100
export const REMOVALS_SHARE = 0.02
export const REMOVALS_STOPPED = 'removals-stopped'
/** A stopped removal is looked at again after this, as the record may be back: 50,000 of them cost 360 calls to Salesforce each time. */
const LOOK_AGAIN_MS = 3_600_000

export interface Brake {
  /** Which of these removals may go. The others wait, and are a problem in the status. */
  admit(object: ObjectName, taken: Pick<Taken, 'id' | 'version'>[]): Promise<Set<string>>
  /** An admin has looked: what is stopped now may go. Done together with the command, which would confirm what is stopped later if it
   *  were obeyed again. */
  confirm(command: number): Promise<void>
  /** What is stopped may be wanted again: each record is read anew. */
  lookAgain(): Promise<void>
  /** The problems say what is stopped now: after a take-over, and when what was stopped is back in Salesforce. */
  tell(): Promise<void>
}

/** Pure: how many removals of an object that counts `records` in Marketo may happen in an hour. */
export function allowance(records: number): number {
  return Math.max(REMOVALS_AN_HOUR, Math.floor(records * REMOVALS_SHARE))
}

export function createBrake(deps: { leader: LeaderTransaction }): Brake {
  const { leader } = deps
  const alone: LeaderTransaction = (work) =>
    leader(async (trx) => {
      await lockRemovals(trx)
      return work(trx)
    })

  return {
    admit: (object, taken) =>
      alone(async (trx) => {
        const ids = taken.map(({ id }) => id)
        const confirmed = await confirmedRemovals(trx, ids)
        const unasked = ids.filter((id) => !confirmed.has(id))
        if (unasked.length === 0) return confirmed
        const isEmptied = Object.hasOwn(await readEmptied(trx), object)
        if (!isEmptied && !(await countStopped(trx)).has(object) && (await fits(trx, object, unasked))) {
          await noteRemovals(trx, object, unasked)
          return new Set(ids)
        }
        const stopped = await stopRemovals(
          trx,
          taken.filter(({ id }) => !confirmed.has(id)),
        )
        await postpone(
          trx,
          stopped.map((id) => ({
            id,
            afterMs: LOOK_AGAIN_MS,
            code: REMOVALS_STOPPED,
            reason: 'a mass removal was stopped until an admin confirms it',
          })),
        )
        const held = (await countStopped(trx)).get(object)
        if (held !== undefined) await raise(trx, object, held)
        return confirmed
      }),

    async confirm(command) {
      await alone(async (trx) => {
        const seen = new Set((await countStopped(trx)).keys())
        await confirmRemovals(trx)
        await forgetEmptied(trx, seen)
        await clearProblem(trx, 'removals')
        await dropCommand(trx, command)
      })
    },

    lookAgain: () => leader(resumeStopped),

    async tell() {
      await alone(async (trx) => {
        const stopped = await countStopped(trx)
        for (const object of OBJECTS) {
          const records = stopped.get(object)
          if (records === undefined) await clearProblem(trx, 'removals', codeOf(object))
          else await raise(trx, object, records)
        }
      })
    },
  }
}

const codeOf = (object: string): string => `mass-removal:${object}`

async function fits(trx: DbOrTrx, object: string, ids: string[]): Promise<boolean> {
  const records = await countRemovals(trx, object, ids)
  return records <= REMOVALS_AN_HOUR || records <= (await limitOf(trx, object))
}

/** What has gone within the hour still counts as the object's size. */
async function limitOf(trx: DbOrTrx, object: string): Promise<number> {
  return allowance(((await countLedger(trx))[object] ?? 0) + (await countRemovals(trx, object)))
}

async function raise(trx: DbOrTrx, object: ObjectName, stopped: number): Promise<void> {
  await raiseProblem(trx, {
    system: 'removals',
    code: codeOf(object),
    ...((await emptiedWords(trx, object, stopped)) ?? (await countedWords(trx, object, stopped))),
  })
}

type Words = Pick<Problem, 'reason' | 'advice'>

async function countedWords(trx: DbOrTrx, object: ObjectName, stopped: number): Promise<Words> {
  const records = (await countRemovals(trx, object)) + stopped
  const limit = await limitOf(trx, object)
  const tooMany = records > limit ? ` within an hour, more than ${limit}` : ''
  return {
    reason: `${records} ${object} records are to be removed from Marketo${tooMany}. The ${stopped} that are left stay there until an admin confirms.`,
    advice:
      'Look in Salesforce whether they are really gone or filtered out; if so, confirm the removal (console, or POST /api/removals/confirm). If not, restore them or correct the filter: then nothing is removed.',
  }
}

async function emptiedWords(trx: DbOrTrx, object: ObjectName, stopped: number): Promise<Words | undefined> {
  const filter = (await readEmptied(trx))[object]
  if (filter === undefined) return undefined
  return {
    reason: `The filter of ${object} is now ${filter}, which lets no record through. All ${object} records stay in Marketo until an admin confirms; ${stopped} would be removed so far.`,
    advice:
      'If that is a slip, correct the filter in Setup > Custom Metadata Types > Marketo Object Setting: then nothing is removed. If they are all to leave Marketo, confirm the removal (console, or POST /api/removals/confirm).',
  }
}
