// Marketo compares the keys of roles without regard to case.
import { sql, type Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index ledger_role_in_any_case on ledger (lower(role_key)) where role_key is not null`.execute(
    db,
  )
  await sql`drop index ledger_role`.execute(db)
}
