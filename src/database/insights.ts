// Sales Insight values as last seen, and the order in which they changed.
import { sql } from 'kysely'
import { toJson } from './json.ts'
import type { Db, DbOrTrx, Trx } from './tables.ts'

export interface InsightValues {
  type: string | null
  date: Date | null
  description: string | null
  source: string | null
  priority: number | null
  urgency: number | null
  relativeScore: number | null
}

export interface InsightReading {
  id: string
  marketoId: string
  values: InsightValues
  /** When the read began: a value is stored only if its read began after the stored one's. */
  readAt: Date
}

/** Stores what differs and gives it new numbers. A person enters with the first value that isn't null. Returns how many changed. */
export async function storeInsights(db: Db, readings: InsightReading[]): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await lockNumbers(trx)
    return store(trx, readings)
  })
}

/** As storeInsights, for persons that the ledger still holds as they were read: between reading and storing one may have been
 *  re-keyed or removed, and must not come back under the old id. */
export async function storeKnownInsights(trx: Trx, readings: InsightReading[]): Promise<number> {
  await lockNumbers(trx)
  const known = await personsById(
    trx,
    readings.map(({ id }) => id),
  )
  const marketoIds = new Map(known.map((person) => [person.id, person.marketoId]))
  return store(
    trx,
    readings.filter(({ id, marketoId }) => marketoIds.get(id) === marketoId),
  )
}

/** Locked before numbering and forgetting: whoever numbers rows commits before the next one numbers, so a reader never misses a lower number. */
async function lockNumbers(trx: DbOrTrx): Promise<void> {
  await sql`select 1 from counters where name = 'insights' for update`.execute(trx)
}

async function store(trx: Trx, readings: InsightReading[]): Promise<number> {
  if (readings.length === 0) return 0
  const rows = toJson(
    readings.map(({ id, marketoId, values, readAt }) => ({
      id,
      marketo_id: marketoId,
      ...values,
      relative_score: values.relativeScore,
      read_at: readAt,
    })),
  )
  const { rows: changed } = await sql<{ id: string }>`
      with r as (
        select distinct on (id) * from jsonb_to_recordset(${rows}::jsonb) as r(id text, marketo_id text, type text, date timestamptz, description text, source text,
          priority bigint, urgency bigint, relative_score bigint, read_at timestamptz) order by id, read_at desc
      ), differing as (
        select r.* from r left join insights i on i.id = r.id
        where case when i.id is null
          then coalesce(r.type, r.date::text, r.description, r.source, r.priority::text, r.urgency::text, r.relative_score::text) is not null
          else i.read_at <= r.read_at
            and (i.type, i.date, i.description, i.source, i.priority, i.urgency, i.relative_score)
              is distinct from (r.type, r.date, r.description, r.source, r.priority, r.urgency, r.relative_score) end
      )
      insert into insights (id, marketo_id, type, date, description, source, priority, urgency, relative_score, read_at, number)
      select id, marketo_id, type, date, description, source, priority, urgency, relative_score, read_at,
        (select value from counters where name = 'insights') + row_number() over (order by id)
      from differing
      on conflict (id) do update set
        marketo_id = excluded.marketo_id, type = excluded.type, date = excluded.date, description = excluded.description, source = excluded.source,
        priority = excluded.priority, urgency = excluded.urgency, relative_score = excluded.relative_score, read_at = excluded.read_at, number = excluded.number
      returning id`.execute(trx)
  await sql`
      update insights i set read_at = r.read_at
      from jsonb_to_recordset(${rows}::jsonb) as r(id text, read_at timestamptz) where i.id = r.id and i.read_at < r.read_at`.execute(
    trx,
  )
  await advance(trx, changed.length)
  return changed.length
}

async function advance(trx: DbOrTrx, by: number): Promise<void> {
  if (by > 0) await sql`update counters set value = value + ${by} where name = 'insights'`.execute(trx)
}

export interface NumberedInsight extends Omit<InsightValues, 'date'> {
  id: string
  /** UTC, as an ISO text: that is what is told of it, and 2,000 dates cost as much as all the rest. */
  date: string | null
  number: number
}

type Listed = [
  id: string,
  type: string | null,
  date: string | null,
  description: string | null,
  source: string | null,
  priority: number | null,
  urgency: number | null,
  relativeScore: number | null,
  number: number,
]

/** Values numbered in (after, upTo], in order. One text instead of rows: 2,000 of them cost a third of the time (15 ms for 43 on the
 *  embedded database, 4 for 12 on PostgreSQL). */
export async function insightsBetween(
  db: DbOrTrx,
  after: number,
  upTo: number,
  limit: number,
): Promise<NumberedInsight[]> {
  const { rows } = await sql<{ list: string }>`
    select coalesce(json_agg(json_build_array(id, type, to_char(date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), description, source,
      priority, urgency, relative_score, number) order by number), '[]')::text as list
    from (select * from insights where number > ${after} and number <= ${upTo} order by number limit ${limit}) as page`.execute(
    db,
  )
  const list = JSON.parse(rows[0]?.list ?? '[]') as Listed[]
  return list.map(([id, type, date, description, source, priority, urgency, relativeScore, number]) => ({
    id,
    type,
    date,
    description,
    source,
    priority,
    urgency,
    relativeScore,
    number,
  }))
}

export async function highestNumber(db: DbOrTrx): Promise<number> {
  const row = await db
    .selectFrom('counters')
    .select('value')
    .where('name', '=', 'insights')
    .executeTakeFirstOrThrow()
  return row.value
}

/** The person has another Salesforce id now (conversion, merge, undelete, adoption): it enters anew, under the new id. */
export async function rekeyInsight(trx: DbOrTrx, from: string, to: string): Promise<void> {
  await lockNumbers(trx)
  await sql`delete from insights where id = ${to} and exists (select 1 from insights where id = ${from})`.execute(
    trx,
  )
  const { rows } = await sql`
    update insights set id = ${to}, number = (select value from counters where name = 'insights') + 1 where id = ${from} returning id`.execute(
    trx,
  )
  await advance(trx, rows.length)
}

/** In the transaction in which the ledger lets go of these. */
export async function forgetInsights(trx: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  // Who stores values while the ledger still shows these persons has committed before, or sees that they have left.
  await lockNumbers(trx)
  await sql`delete from insights where id = any(${ids}::text[])`.execute(trx)
}

export async function countInsights(db: DbOrTrx): Promise<number> {
  const row = await db
    .selectFrom('insights')
    .select(sql<number>`count(*)`.as('persons'))
    .executeTakeFirstOrThrow()
  return row.persons
}

export interface KnownPerson {
  id: string
  object: string
  marketoId: string
}

/** Persons that Marketo holds, in id order after `after`. Those created by us since `createdSince` are left out: nothing was
 *  computed for them that activities don't tell, until the next nightly ranking. */
export async function knownPersons(
  db: DbOrTrx,
  page: { after: string; limit: number; createdSince?: Date },
): Promise<KnownPerson[]> {
  let query = db
    .selectFrom('ledger')
    .select(['id', 'object', 'marketo_id'])
    .where('object', 'in', ['Lead', 'Contact'])
    .where('state', '=', 'confirmed')
    .where('id', '>', page.after)
  if (page.createdSince)
    query = query.where((where) =>
      where.or([where('adopted', '=', true), where('confirmed_at', '<', page.createdSince!)]),
    )
  const rows = await query.orderBy('id').limit(page.limit).execute()
  return rows
    .filter((row) => row.marketo_id !== null)
    .map((row) => ({ id: row.id, object: row.object, marketoId: row.marketo_id! }))
}

/** Persons by Marketo id or by Salesforce id. */
export async function personsByMarketoId(db: DbOrTrx, marketoIds: string[]): Promise<KnownPerson[]> {
  return persons(db, 'marketo_id', marketoIds)
}

export async function personsById(db: DbOrTrx, ids: string[]): Promise<KnownPerson[]> {
  return persons(db, 'id', ids)
}

async function persons(db: DbOrTrx, column: 'id' | 'marketo_id', values: string[]): Promise<KnownPerson[]> {
  if (values.length === 0) return []
  const rows = await db
    .selectFrom('ledger')
    .select(['id', 'object', 'marketo_id'])
    .where('object', 'in', ['Lead', 'Contact'])
    .where('state', '=', 'confirmed')
    .where(column, '=', sql<string>`any(${values}::text[])`)
    .execute()
  return rows
    .filter((row) => row.marketo_id !== null)
    .map((row) => ({ id: row.id, object: row.object, marketoId: row.marketo_id! }))
}
