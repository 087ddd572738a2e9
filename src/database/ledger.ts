// What Marketo is known to hold, per Salesforce record; the only memory of what was sent.
import { sql } from 'kysely'
import { toJson } from './json.ts'
import type { DbOrTrx, LedgerState } from './tables.ts'

export interface LedgerEntry {
  object: string
  id: string
  marketoId: string | null
  /** Of who is lost: the Marketo id it had. */
  lostId: string | null
  state: LedgerState
  hashes: Uint8Array | null
  ownerId: string | null
  accountId: string | null
  personId: string | null
  opportunityId: string | null
  roleKey: string | null
  adopted: boolean
  notes: string | null
  confirmedAt: Date | null
  pushedAt: Date | null
  /** How many censuses running Salesforce has not shown it. */
  missed: number
}

const COLUMNS = [
  'object',
  'id',
  'marketo_id as marketoId',
  'lost_id as lostId',
  'state',
  'hashes',
  'owner_id as ownerId',
  'account_id as accountId',
  'person_id as personId',
  'opportunity_id as opportunityId',
  'role_key as roleKey',
  'adopted',
  'notes',
  'confirmed_at as confirmedAt',
  'pushed_at as pushedAt',
  'missed',
] as const

export async function readLedger(db: DbOrTrx, ids: Iterable<string>): Promise<Map<string, LedgerEntry>> {
  const wanted = [...new Set(ids)]
  return wanted.length === 0 ? new Map() : byId(await entriesOf(db, wanted).execute())
}

/** The same, and nobody else changes them before this transaction ends. */
export async function lockLedger(trx: DbOrTrx, ids: Iterable<string>): Promise<Map<string, LedgerEntry>> {
  const wanted = [...new Set(ids)]
  return wanted.length === 0 ? new Map() : byId(await entriesOf(trx, wanted).forUpdate().execute())
}

const entriesOf = (db: DbOrTrx, ids: string[]) =>
  db
    .selectFrom('ledger')
    .select(COLUMNS)
    .where('id', '=', sql<string>`any(${ids}::text[])`)
    .orderBy('id')

const byId = (rows: LedgerEntry[]): Map<string, LedgerEntry> => new Map(rows.map((row) => [row.id, row]))

/** Which of these are in Marketo. Who is just getting there is waited for, and can't before this transaction ends. */
export async function inMarketo(trx: DbOrTrx, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await trx
    .selectFrom('ledger')
    .select(['id', 'state'])
    .where('id', '=', sql<string>`any(${ids}::text[])`)
    .orderBy('id')
    .forShare()
    .execute()
  return new Set(rows.filter(({ state }) => state === 'confirmed').map(({ id }) => id))
}

/** Whether what was decided by one is right by the other. */
export function isSameEntry(one: LedgerEntry | undefined, other: LedgerEntry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return (
    one.marketoId === other.marketoId &&
    one.state === other.state &&
    one.adopted === other.adopted &&
    one.roleKey === other.roleKey &&
    Buffer.compare(one.hashes ?? NO_HASHES, other.hashes ?? NO_HASHES) === 0
  )
}

const NO_HASHES = new Uint8Array()

export interface Confirmation {
  object: string
  id: string
  marketoId: string | null
  state: LedgerState
  hashes: Uint8Array | null
  ownerId?: string | null
  accountId?: string | null
  personId?: string | null
  opportunityId?: string | null
  roleKey?: string | null
  adopted?: boolean
  notes?: string | null
  /** False where nothing was sent: the record does not rest then. */
  pushed: boolean
}

/** Writes what was confirmed. The first confirmation's time stays. */
export async function confirm(db: DbOrTrx, rows: Confirmation[]): Promise<void> {
  if (rows.length === 0) return
  const json = toJson(
    rows.map((row) => ({
      object: row.object,
      id: row.id,
      marketo_id: row.marketoId,
      state: row.state,
      hashes: row.hashes === null ? null : Buffer.from(row.hashes).toString('base64'),
      owner_id: row.ownerId ?? null,
      account_id: row.accountId ?? null,
      person_id: row.personId ?? null,
      opportunity_id: row.opportunityId ?? null,
      role_key: row.roleKey ?? null,
      adopted: row.adopted ?? false,
      notes: row.notes ?? null,
      pushed: row.pushed,
    })),
  )
  await sql`
    insert into ledger (object, id, marketo_id, state, hashes, owner_id, account_id, person_id, opportunity_id, role_key, adopted, notes, confirmed_at, pushed_at)
    select object, id, marketo_id, state, decode(hashes, 'base64'), owner_id, account_id, person_id, opportunity_id, role_key, adopted, notes,
      now(), case when pushed then now() end
    from jsonb_to_recordset(${json}::jsonb) as r(object text, id text, marketo_id text, state text, hashes text, owner_id text, account_id text,
      person_id text, opportunity_id text, role_key text, adopted boolean, notes text, pushed boolean)
    on conflict (id) do update set
      marketo_id = excluded.marketo_id, lost_id = case when excluded.state = 'lost' then ledger.lost_id end, state = excluded.state, hashes = excluded.hashes, owner_id = excluded.owner_id, account_id = excluded.account_id,
      person_id = excluded.person_id, opportunity_id = excluded.opportunity_id, role_key = excluded.role_key,
      adopted = excluded.adopted, notes = excluded.notes,
      confirmed_at = coalesce(ledger.confirmed_at, excluded.confirmed_at), pushed_at = coalesce(excluded.pushed_at, ledger.pushed_at), missed = 0`.execute(
    db,
  )
}

/** Reserves Marketo persons for records. Returns the ids of the records that got theirs: who loses, creates. What was deliberately not in
 *  Marketo until now may claim too. */
export async function claimPersons(
  db: DbOrTrx,
  claims: { object: string; id: string; marketoId: string }[],
): Promise<Set<string>> {
  if (claims.length === 0) return new Set()
  const ids = claims.map(({ id }) => id)
  await sql`delete from ledger where id = any(${ids}::text[]) and state in ('outside', 'lost') and marketo_id is null`.execute(
    db,
  )
  const { rows } = await sql<{ id: string }>`
    insert into ledger (object, id, marketo_id, state, adopted)
    select object, id, "marketoId", 'claimed', true from jsonb_to_recordset(${toJson(claims)}::jsonb) as c(object text, id text, "marketoId" text)
    on conflict do nothing returning id`.execute(db)
  return new Set(rows.map((row) => row.id))
}

export async function forget(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from ledger where id = any(${ids}::text[])`.execute(db)
}

/** Marketo seems to have lost these. That there was one stays known: a person found with its key then was made, or merged, by marketers,
 *  and must never be deleted. What was sent stays known, too: should it be there after all, what is blank now has to be cleared. */
export async function lose(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0)
    await sql`
      update ledger set state = 'lost', marketo_id = null, lost_id = coalesce(marketo_id, lost_id), role_key = null, notes = null
      where id = any(${ids}::text[])`.execute(db)
}

/** As `lose`, of those alone that still have this Marketo person: one may have got another, or been released, since it was missed. Returns
 *  those that were lost. */
export async function losePersons<Person extends { id: string; marketoId: string }>(
  db: DbOrTrx,
  missed: Person[],
): Promise<Person[]> {
  const pairs = toJson(missed.map(({ id, marketoId }) => ({ id, marketoId })))
  const { rows } = await sql<{ id: string }>`
    select l.id from ledger l join jsonb_to_recordset(${pairs}::jsonb) as m(id text, "marketoId" text) on l.id = m.id
    where l.state = 'confirmed' and l.marketo_id = m."marketoId" order by l.id for update of l`.execute(db)
  const ids = new Set(rows.map(({ id }) => id))
  await lose(db, [...ids])
  return missed.filter(({ id }) => ids.has(id))
}

/** Which of these Marketo persons belong to a record already. */
export async function ownersOfPersons(db: DbOrTrx, marketoIds: string[]): Promise<Map<string, string>> {
  if (marketoIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('ledger')
    .select(['id', 'marketo_id'])
    .where('object', 'in', ['Lead', 'Contact'])
    .where('marketo_id', '=', sql<string>`any(${marketoIds}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.marketo_id!, row.id]))
}

export interface PersonInUse {
  id: string
  /** The record that it is to become part of, or one that it refers to. */
  waitsFor: string | null
}

/** Which of these Marketo persons belong to a record that has not let go of them, by Marketo id. */
export async function personsInUse(db: DbOrTrx, marketoIds: string[]): Promise<Map<string, PersonInUse>> {
  if (marketoIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('ledger')
    .leftJoin('changes', 'changes.id', 'ledger.id')
    .select(['ledger.id', 'marketo_id', 'waiting_for as waitsFor'])
    .where('ledger.object', 'in', ['Lead', 'Contact'])
    .where('marketo_id', '=', sql<string>`any(${marketoIds}::text[])`)
    .where('state', '<>', 'released')
    .execute()
  return new Map(rows.map(({ marketo_id, ...owner }) => [marketo_id!, owner]))
}

export type Reference = 'owner_id' | 'account_id' | 'person_id' | 'opportunity_id' | 'role_key'

/** Records whose ledger entry points at these: the children of a parent, or the sharers of a role key, in any case. */
export async function dependants(
  db: DbOrTrx,
  reference: Reference,
  values: string[],
): Promise<LedgerEntry[]> {
  return values.length === 0 ? [] : pointingAt(db, reference, values).execute()
}

/** The same, and nobody else changes them before this transaction ends. */
export async function lockDependants(
  trx: DbOrTrx,
  reference: Reference,
  values: string[],
): Promise<LedgerEntry[]> {
  return values.length === 0 ? [] : pointingAt(trx, reference, values).forUpdate().execute()
}

const pointingAt = (db: DbOrTrx, reference: Reference, values: string[]) => {
  const entries = db.selectFrom('ledger').select(COLUMNS).orderBy('id')
  return reference === 'role_key'
    ? entries.where(
        sql<boolean>`lower(role_key) = any(array(select lower(key) from unnest(${values}::text[]) as k(key)))`,
      )
    : entries.where(reference, '=', sql<string>`any(${values}::text[])`)
}

/** Which of these users own a record that is in Marketo, or that waits for them to be. */
export async function usedOwners(db: DbOrTrx, userIds: string[]): Promise<Set<string>> {
  if (userIds.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    select u.id from unnest(${userIds}::text[]) as u(id)
    where exists (select 1 from ledger l where l.owner_id = u.id and l.state in ('confirmed', 'claimed'))
      or exists (select 1 from changes c where c.waiting_for = u.id)`.execute(db)
  return new Set(rows.map((row) => row.id))
}

export async function countLedger(db: DbOrTrx): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('ledger')
    .select(['object', sql<number>`count(*)`.as('records')])
    .where('state', '=', 'confirmed')
    .groupBy('object')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.object, row.records]))
}
