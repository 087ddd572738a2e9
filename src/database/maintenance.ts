// Statistics and clean-up that the embedded database doesn't do by itself, and that no database does in time after a bulk fill.
import { sql } from 'kysely'
import type { Db } from './tables.ts'

/** After a bulk fill of 10,000 rows or more: without fresh statistics claims become 40 to 400 times slower. */
export async function analyzeHotTables(db: Db): Promise<void> {
  for (const table of HOT) await sql`analyze ${sql.table(table)}`.execute(db)
}

/** On the embedded database there is no autovacuum; call after 50,000 changes or when idle. */
export async function vacuumHotTables(db: Db): Promise<void> {
  for (const table of HOT) await sql`vacuum analyze ${sql.table(table)}`.execute(db)
}

const HOT = ['changes', 'ledger', 'intents', 'marketo_calls', 'insights']
