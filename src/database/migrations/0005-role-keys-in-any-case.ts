// Marketo compares the keys of roles without regard to case. The index of before stays: the release of before uses it.
import { sql, type Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index ledger_role_in_any_case on ledger (lower(role_key)) where role_key is not null`.execute(
    db,
  )
}
