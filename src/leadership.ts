// Stands by until the lease is free, then leads for a term; again and again. A leader that could not renew in time breaks its calls
// off before anybody else can have taken over.
import { randomUUID } from 'node:crypto'
import {
  acquireLease,
  LEASE_SECONDS,
  releaseLease,
  RENEW_EVERY_MS,
  renewLease,
  type Term,
} from './database/lease.ts'
import type { Db } from './database/tables.ts'
import { reasonOf } from './errors.ts'
import type { Log } from './log.ts'
import { isTermOver, pause } from './loop.ts'

export interface Leadership {
  leads(): boolean
  /** Stops taking work, lets what is out end, and hands over. */
  close(): Promise<void>
}

/** A standby asks this often: with the lease of 10 s a dead leader is replaced within 12 s. */
const ASK_EVERY_MS = 2_000
/** Without a renewal for this long the term is given up, a little before the lease runs out. */
const GIVE_UP_MS = LEASE_SECONDS * 1_000 - 1_000

/** A dead connection must not hold up the end of a term: the lease runs out by itself. */
const HAND_OVER_MS = 5_000

export interface TermSignals {
  /** No new work; what is out may end. */
  stopping: AbortSignal
  /** The lease may be somebody else's: everything is broken off. */
  lost: AbortSignal
}

export function startLeadership(deps: {
  db: Db
  log: Log
  run: (term: Term, signals: TermSignals) => Promise<void>
}): Leadership {
  const { db, log } = deps
  const holder = randomUUID()
  const closing = new AbortController()
  /** Aborts when the lease may be somebody else's. */
  let leading: AbortSignal | undefined

  const done = (async () => {
    while (!closing.signal.aborted) {
      const askedAt = Date.now()
      const term = await acquireLease(db, holder).catch((error: unknown) => {
        log.warn({ reason: reasonOf(error) }, 'the lease could not be asked for')
        return null
      })
      if (term !== null) await lead(term, askedAt)
      else await pause(ASK_EVERY_MS, closing.signal)
    }
  })()

  async function lead(term: Term, askedAt: number): Promise<void> {
    const lost = new AbortController()
    const stopping = AbortSignal.any([closing.signal, lost.signal])
    leading = lost.signal
    log.info({ epoch: term.epoch }, 'this process leads')
    const ended = new AbortController()
    const renewing = keepLease(term, askedAt, lost, ended.signal)
    try {
      await deps.run(term, { stopping, lost: lost.signal })
    } catch (error) {
      if (!isTermOver(error))
        log.error({ reason: reasonOf(error) }, 'the term ended with a failure; another one begins')
    } finally {
      leading = undefined
      ended.abort()
      lost.abort()
      await Promise.race([handOver(term, renewing), pause(HAND_OVER_MS, new AbortController().signal)])
      log.info({ epoch: term.epoch }, 'this process no longer leads')
    }
    if (!closing.signal.aborted) await pause(ASK_EVERY_MS, closing.signal)
  }

  async function handOver(term: Term, renewing: Promise<void>): Promise<void> {
    await renewing
    await releaseLease(db, term).catch((error: unknown) =>
      log.warn({ reason: reasonOf(error) }, 'the lease could not be released; it runs out by itself'),
    )
  }

  async function keepLease(
    term: Term,
    askedAt: number,
    lost: AbortController,
    ended: AbortSignal,
  ): Promise<void> {
    let renewedAt = askedAt
    // A renewal that hangs must not hide that time is up.
    const watch = setInterval(() => {
      if (Date.now() - renewedAt < GIVE_UP_MS) return
      log.warn({ epoch: term.epoch }, 'the lease could not be renewed in time: calls are broken off')
      lost.abort()
    }, 250)
    try {
      while (!ended.aborted && !lost.signal.aborted) {
        // At once the first time: getting the lease may have taken most of its time.
        const at = Date.now()
        try {
          if (await renewLease(db, term)) renewedAt = at
          else {
            log.warn({ epoch: term.epoch }, 'another process leads now')
            lost.abort()
          }
        } catch (error) {
          log.warn({ reason: reasonOf(error) }, 'the lease could not be renewed; trying again')
        }
        await pause(RENEW_EVERY_MS, AbortSignal.any([ended, lost.signal]))
      }
    } finally {
      clearInterval(watch)
    }
  }

  return {
    leads: () => leading?.aborted === false,
    async close() {
      closing.abort()
      await done
    },
  }
}
