// Who leads. The database's clock decides; a former leader can't commit, because every transaction of a leader looks at
// the epoch under a lock that a take-over must wait for.
import { sql } from 'kysely'
import { BridgeError } from '../errors.ts'
import type { Db, DbOrTrx, Trx } from './tables.ts'

/** Renewed every 3 s; 10 s without renewal and another process may take over: a missed renewal or two is no change of leader. */
export const LEASE_SECONDS = 10
export const RENEW_EVERY_MS = 3_000

export interface Term {
  holder: string
  epoch: number
}

/** The lease for this holder under a new epoch, or null while somebody else's runs. */
export async function acquireLease(db: Db, holder: string): Promise<Term | null> {
  return db.transaction().execute(async (trx) => {
    // A lease that runs is not locked by asking for it. `for update` waits for open transactions of the old leader (key share);
    // PostgreSQL ends those that hang. Not now(): that is when this transaction began, before it waited.
    await sql`set local lock_timeout = '6s'`.execute(trx)
    const { rows } =
      await sql`select 1 from lease where id = 1 and expires_at < clock_timestamp() for update`.execute(trx)
    if (rows.length === 0) return null
    const lease = await trx
      .updateTable('lease')
      .set({
        holder,
        epoch: sql<number>`epoch + 1`,
        expires_at: sql<Date>`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`,
      })
      .returning('epoch')
      .executeTakeFirstOrThrow()
    return { holder, epoch: lease.epoch }
  })
}

/** False when the term is over: somebody else leads. Doesn't wait for the leader's own transactions (no key column changes). */
export async function renewLease(db: Db, term: Term): Promise<boolean> {
  const result = await db
    .updateTable('lease')
    .set({ expires_at: sql<Date>`now() + make_interval(secs => ${LEASE_SECONDS})` })
    .where('epoch', '=', term.epoch)
    .where('holder', '=', term.holder)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Hands over: the next process that asks becomes leader at once. */
export async function releaseLease(db: Db, term: Term): Promise<void> {
  await db
    .updateTable('lease')
    .set({ expires_at: sql<Date>`now() - interval '1 second'` })
    .where('epoch', '=', term.epoch)
    .where('holder', '=', term.holder)
    .execute()
}

export interface Lease {
  holder: string | null
  epoch: number
  /** False while nobody leads. */
  held: boolean
}

export async function readLease(db: DbOrTrx): Promise<Lease> {
  return db
    .selectFrom('lease')
    .select(['holder', 'epoch', sql<boolean>`expires_at >= now()`.as('held')])
    .executeTakeFirstOrThrow()
}

export type LeaderTransaction = <T>(work: (trx: Trx) => Promise<T>) => Promise<T>

/** A deadlock's victim is run again so often: two pieces of work that mark, settle and release the same records may lock them crosswise. */
const ATTEMPTS = 5

/**
 * Runs every transaction of one term. Once the term is over it throws `lease_lost` and nothing is committed. What runs in it must do
 * nothing but database work: after a deadlock it is run again.
 */
export function leaderTransactions(db: Db, term: Term): LeaderTransaction {
  return async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await inTerm(db, term, work)
      } catch (error) {
        if (attempt === ATTEMPTS || !isDeadlock(error)) throw error
      }
    }
  }
}

async function inTerm<T>(db: Db, term: Term, work: (trx: Trx) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    const { rows } =
      await sql`select 1 from lease where id = 1 and epoch = ${term.epoch} and holder = ${term.holder} for key share`.execute(
        trx,
      )
    if (rows.length === 0)
      throw new BridgeError(
        'lease_lost',
        'Another process leads now.',
        'Nothing to do: this process stands by.',
      )
    return work(trx)
  })
}

/** PostgreSQL's deadlock_detected. */
function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '40P01'
}
