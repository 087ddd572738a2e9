// What the console shows of the past: how much went out and waited, and what became of each record.
import { sql, type Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // One row per five minutes, written by the leader, kept 48 hours. `at` is the beginning of the five minutes.
  `create table samples (at timestamptz primary key, sent integer not null, refused integer not null, queued integer not null, waiting integer not null, parked integer not null)`,

  // What was sent of a record and what came of it, kept 30 days. Names of fields only: values stay in Salesforce and Marketo.
  `create table history (
    number bigint generated always as identity primary key,
    at timestamptz not null,
    object text not null,
    id text not null,
    outcome text not null,
    code text,
    reason text,
    fields text[] not null
  )`,
  `create index history_id on history (id, number)`,
  `create index history_at on history (at)`,
]
