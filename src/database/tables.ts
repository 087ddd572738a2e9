// What the tables hold, as TypeScript sees them. migrations/ makes them; a paragraph per table stands there.
import type { ColumnType, Generated, JSONColumnType, Kysely, Transaction } from 'kysely'

type Json = JSONColumnType<object>
type Stamp = ColumnType<Date, Date | string, Date | string>

/** claimed: a Marketo person reserved, nothing sent yet. released: removed under the keep policy; an undelete takes it back.
 *  outside: known and deliberately not in Marketo (filter, inactive user); children do not reference it; with a Marketo id it is still to be
 *  removed there. lost: to be looked up and sent anew. */
export type LedgerState = 'claimed' | 'confirmed' | 'released' | 'outside' | 'lost'

export interface Tables {
  lease: { id: number; holder: string | null; epoch: number; expires_at: Stamp }
  changes: {
    object: string
    id: string
    version: number
    priority: number
    due: Stamp
    force: boolean
    attempts: number
    waiting_for: string | null
    code: string | null
    reason: string | null
    marked_at: Stamp
    removal: 'stopped' | 'confirmed' | null
  }
  ledger: {
    object: string
    id: string
    marketo_id: string | null
    lost_id: string | null
    state: LedgerState
    hashes: Uint8Array | null
    owner_id: string | null
    account_id: string | null
    person_id: string | null
    opportunity_id: string | null
    role_key: string | null
    adopted: boolean
    notes: string | null
    confirmed_at: Stamp | null
    pushed_at: Stamp | null
    missed: number
  }
  intents: {
    id: string
    object: string
    kind: string
    call: string
    version: number
    marketo_id: string | null
    payload: Json
    started_at: Stamp
    ambiguous: boolean
  }
  parked: {
    object: string
    id: string
    code: string
    reason: string
    advice: string
    payload: JSONColumnType<object> | null
    attempts: number
    first_seen_at: Stamp
    last_seen_at: Stamp
  }
  state: { key: string; value: Json; updated_at: Stamp }
  problems: { system: string; code: string; reason: string; advice: string; since: Stamp }
  commands: { id: Generated<number>; name: string; arguments: Json; created_at: Generated<Date> }
  marketo_calls: {
    id: Generated<number>
    endpoint: string
    priority: string
    started_at: Stamp
    hold_until: Stamp
    finished_at: Stamp | null
  }
  marketo_days: { day: string; calls: number }
  insights: {
    id: string
    marketo_id: string
    type: string | null
    date: Stamp | null
    description: string | null
    source: string | null
    priority: number | null
    urgency: number | null
    relative_score: number | null
    read_at: Stamp
    number: number
  }
  counters: { name: string; value: number }
  census: { id: string }
  removals: { id: string; object: string; at: Stamp }
  samples: { at: Stamp; sent: number; refused: number; queued: number; waiting: number; parked: number }
  history: {
    number: Generated<number>
    at: Stamp
    object: string
    id: string
    outcome: 'sent' | 'refused'
    code: string | null
    reason: string | null
    fields: string[]
  }
}

export type Db = Kysely<Tables>
export type Trx = Transaction<Tables>
/** A statement runs on either; a flow that needs both in one step passes the transaction. */
export type DbOrTrx = Db | Trx
