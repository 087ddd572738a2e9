// Mass removals are stopped until an admin confirms (design §5, rule 15): what went within the last hour, and which removals wait.
import { sql, type Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // 'stopped': the removal that this mark led to waits for an admin. 'confirmed': an admin said yes to it; that ends with the mark.
  `alter table changes add column removal text`,
  `create index changes_removal on changes (object) where removal is not null`,

  // Removals that were let through without being asked for, a row each, kept for an hour.
  `create table removals (id text primary key, object text not null, at timestamptz not null)`,
  `create index removals_object on removals (object)`,
]
