// Who Marketo had seemed to have lost is found again under its key: the same person is ours still, another one a marketer's.
import { sql, type Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table ledger add column lost_id text`.execute(db)
}
