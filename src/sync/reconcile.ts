// Finds what no event told of, by SystemModstamp, deletes included: cascade deletes, re-parenting by merge, disabled triggers, lost
// events. Marks ids only; values are read when a mark is taken.
import { mark, PRIORITY } from '../database/changes.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem, readState, writeState } from '../database/state.ts'
import type { Db, DbOrTrx } from '../database/tables.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'
import { isJobLost } from '../salesforce/bulk.ts'
import type { BulkPosition, Position, Reader } from '../salesforce/read.ts'
import type { Mapping } from './mapping.ts'

/** Rows become visible at commit, long after their stamp: a transaction may run for 10 minutes, an Apex job of several longer. */
export const OVERLAP_MS = 20 * 60_000

export interface Reconcile {
  runOnce(): Promise<{ found: number }>
  /** When the last one ended, of whatever leader. */
  lastRunAt(): Promise<Date | null>
  /** Whether what the last one left can be looked through now: what came in meanwhile, behind its back, nobody has found. */
  isOwed(): Promise<boolean>
}

interface LastRun {
  lastRunAt: string
  found: number
  /** Objects whose first backfill was not through, or whose walk another run had begun. */
  left?: ObjectName[]
}

const LAST_RUN = 'reconcile'

interface Watermark {
  at: string
  /** A walk that a kill interrupted goes on here. */
  walk?: { next: string; position: Position | BulkPosition }
}

export const watermarkKey = (object: ObjectName): string => `watermark:${object}`

export function createReconcile(deps: {
  db: Db
  leader: LeaderTransaction
  reader: Reader
  mapping: () => Mapping
  log: Log
  signal: AbortSignal
  wake: () => void
}): Reconcile {
  const { db, leader, reader, log, signal, wake } = deps
  let last: { at: Date; left: ObjectName[] } | undefined

  async function walk(object: ObjectName): Promise<{ rows: number; isWhole: boolean }> {
    const stored = await readState<Watermark>(db, watermarkKey(object))
    // The object is the backfill's still.
    if (stored === undefined) return { rows: 0, isWhole: false }
    const rows = await walkOn(object, stored).catch(async (error: unknown) => {
      if (isJobLost(error))
        await leader((trx) => writeState(trx, watermarkKey(object), { at: stored.at } satisfies Watermark))
      throw error
    })
    // A bulk job shows an object as it was when the job was made.
    return { rows, isWhole: stored.walk === undefined }
  }

  async function walkOn(object: ObjectName, stored: Watermark): Promise<number> {
    const next =
      stored.walk?.next ?? new Date((await reader.serverTime(signal)).getTime() - OVERLAP_MS).toISOString()
    const from = stored.walk?.position ?? new Date(stored.at)
    let found = 0
    for await (const { rows, last } of reader.changedSince(object, from, { deleted: true, signal })) {
      found += rows.length
      await leader(async (trx) => {
        await mark(
          trx,
          rows.map(({ id }) => ({ object, id, priority: PRIORITY.found })),
        )
        await writeState(trx, watermarkKey(object), {
          at: stored.at,
          walk: { next, position: last },
        } satisfies Watermark)
      })
      wake()
    }
    await leader((trx) => writeState(trx, watermarkKey(object), { at: next } satisfies Watermark))
    return found
  }

  async function lastRun(): Promise<typeof last> {
    const stored = last === undefined ? await readState<LastRun>(db, LAST_RUN) : undefined
    if (stored !== undefined) last = { at: new Date(stored.lastRunAt), left: stored.left ?? [] }
    return last
  }

  return {
    async runOnce() {
      const startedAt = Date.now()
      let found = 0
      const left: ObjectName[] = []
      const failed = new Map<ObjectName, unknown>()
      // One object that can't be read hides nothing of the others.
      for (const object of OBJECTS)
        if (deps.mapping().objects[object].active) {
          const walked = await walk(object).catch((error: unknown) => {
            signal.throwIfAborted()
            failed.set(object, error)
          })
          found += walked?.rows ?? 0
          if (walked?.isWhole === false) left.push(object)
        }
      const ended = new Date()
      await leader(async (trx) => {
        await tellFailed(trx, failed)
        if (failed.size === 0)
          await writeState(trx, LAST_RUN, { lastRunAt: ended.toISOString(), found, left } satisfies LastRun)
      })
      for (const error of failed.values()) throw error
      last = { at: ended, left }
      log.info(
        { found, ms: Date.now() - startedAt },
        `reconciled with Salesforce: ${found} records to look at`,
      )
      return { found }
    },

    lastRunAt: async () => (await lastRun())?.at ?? null,

    async isOwed() {
      const left = (await lastRun())?.left ?? []
      for (const object of left) if ((await readState(db, watermarkKey(object))) === undefined) return false
      return left.length > 0
    },
  }
}

const FAILED = 'reconcile-failed'

async function tellFailed(trx: DbOrTrx, failed: ReadonlyMap<ObjectName, unknown>): Promise<void> {
  const [error] = failed.values()
  if (error === undefined) return clearProblem(trx, 'salesforce', FAILED)
  await raiseProblem(trx, {
    system: 'salesforce',
    code: FAILED,
    reason: `Changes of ${[...failed.keys()].join(', ')} that no event told of could not be looked for: ${reasonOf(error)}`,
    advice: error instanceof BridgeError ? error.advice : 'It is tried again by itself; see the log.',
  })
}
