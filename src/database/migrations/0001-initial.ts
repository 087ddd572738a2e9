// The first schema. Forward only and additive: a newer release's schema must serve the older one still running.
import { sql, type Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // Who leads. One row. A new holder raises the epoch; every transaction of a leader looks at it.
  `create table lease (
    id smallint primary key check (id = 1),
    holder text,
    epoch bigint not null,
    expires_at timestamptz not null
  )`,
  `insert into lease (id, holder, epoch, expires_at) values (1, null, 0, now())`,

  // Marks: a record is dirty. Marking again raises version and priority; settling deletes only the version that was taken.
  // waiting_for names the parent record a child waits for; such rows are not due however old they are.
  // fillfactor: rows are updated in place while they queue.
  `create table changes (
    object text not null,
    id text primary key,
    version bigint not null,
    priority smallint not null,
    due timestamptz not null,
    force boolean not null,
    attempts smallint not null,
    waiting_for text,
    code text,
    reason text,
    marked_at timestamptz not null
  ) with (fillfactor = 80)`,
  `create index changes_claim on changes (object, priority, due) where waiting_for is null`,
  `create index changes_waiting on changes (waiting_for) where waiting_for is not null`,
  `create sequence change_version`,

  // What Marketo is known to hold, per Salesforce record. hashes: 10 bytes a field as last sent (see sync/hashes).
  // No foreign keys between parents and children: the order is the plan's business, not the database's.
  `create table ledger (
    object text not null,
    id text primary key,
    marketo_id text,
    state text not null,
    hashes bytea,
    owner_id text,
    account_id text,
    person_id text,
    opportunity_id text,
    role_key text,
    adopted boolean not null default false,
    notes text,
    confirmed_at timestamptz,
    pushed_at timestamptz,
    missed smallint not null default 0
  ) with (fillfactor = 80)`,
  // A Marketo person belongs to one record: who claims second, creates.
  `create unique index ledger_person on ledger (marketo_id) where object in ('Lead', 'Contact') and marketo_id is not null`,
  `create index ledger_owner on ledger (owner_id) where owner_id is not null`,
  `create index ledger_account on ledger (account_id) where account_id is not null`,
  `create index ledger_person_of_role on ledger (person_id) where person_id is not null`,
  `create index ledger_opportunity on ledger (opportunity_id) where opportunity_id is not null`,
  `create index ledger_role on ledger (role_key) where role_key is not null`,
  `create index ledger_object on ledger (object, id)`,

  // Ids that Salesforce holds of one object, while a census compares them with the ledger. Nothing of it must survive a crash.
  `create unlogged table census (id text primary key)`,

  // A write that has been or will be sent, committed before the call goes out. What stands here after a crash is ambiguous.
  `create table intents (
    id text primary key,
    object text not null,
    kind text not null,
    call text not null,
    version bigint not null,
    marketo_id text,
    payload jsonb not null,
    started_at timestamptz not null,
    ambiguous boolean not null default false
  )`,
  `create index intents_call on intents (call)`,

  // Refused records, with what an admin needs to cure them. object 'Event' holds events that were not understood, raw.
  `create table parked (
    object text not null,
    id text primary key,
    code text not null,
    reason text not null,
    advice text not null,
    payload jsonb,
    attempts integer not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null
  )`,
  `create index parked_object on parked (object, code, id)`,

  // Small facts that must survive: the stream's cursor, watermarks, the backfill's position, the leader's report.
  `create table state (key text primary key, value jsonb not null, updated_at timestamptz not null default now())`,
  `create table problems (
    system text not null, code text not null, reason text not null, advice text not null, since timestamptz not null,
    primary key (system, code)
  )`,
  // Commands to the leader from whichever process an admin's request reached.
  `create table commands (id bigint generated always as identity primary key, name text not null, arguments jsonb not null, created_at timestamptz not null default now())`,

  // Marketo calls of the last minutes, of all processes: the sliding window and the calls in flight are counted here.
  `create table marketo_calls (
    id bigint generated always as identity primary key,
    endpoint text not null,
    priority text not null,
    started_at timestamptz not null,
    hold_until timestamptz not null,
    finished_at timestamptz
  )`,
  `create index marketo_calls_started on marketo_calls (started_at)`,
  `create table marketo_days (day date primary key, calls integer not null)`,

  // Sales Insight values as last seen. number: the order in which values changed, from one counter row, so that
  // commit order is number order (a sequence loses rows for a reader when two writers commit out of order).
  `create table insights (
    id text primary key,
    marketo_id text not null,
    type text,
    date timestamptz,
    description text,
    source text,
    priority bigint,
    urgency bigint,
    relative_score bigint,
    read_at timestamptz not null,
    number bigint not null
  ) with (fillfactor = 80)`,
  `create index insights_number on insights (number)`,
  `create table counters (name text primary key, value bigint not null)`,
  `insert into counters (name, value) values ('insights', 0)`,
  `insert into state (key, value) values ('database', jsonb_build_object('id', gen_random_uuid()::text))`,
]
