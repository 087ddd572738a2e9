// What is known about one record, gathered for the diagnosis. Whatever could not be found out is a fact too.
import type { readChange } from '../database/changes.ts'
import type { LedgerEntry } from '../database/ledger.ts'
import type { ParkedRecord } from '../database/parked.ts'
import type { Problem } from '../database/state.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import type { Reading } from '../salesforce/read.ts'

/** An answer, or why there is none. */
export type Told<T> = { known: true; value: T } | { known: false; reason: string; advice: string }

export type Values = Record<string, unknown>

export type QueuedChange = NonNullable<Awaited<ReturnType<typeof readChange>>>

export type ParentKind = 'owner' | 'account' | 'opportunity' | 'person'

export interface ParentFacts {
  kind: ParentKind
  object: ObjectName
  id: string
  ledger: LedgerEntry | null
  parked: ParkedRecord | null
  /** Null where Marketo has none. */
  marketo: Told<Values | null>
  /** The owner's e-mail in Salesforce; null for other parents. */
  email: Told<string | null>
}

export interface RecordFacts {
  id: string
  object: ObjectName
  salesforce: Told<Reading>
  ledger: LedgerEntry | null
  /** Everything in Marketo that has this record's key. */
  marketo: Told<Values[]>
  /** A queue owns the record: no sales person. */
  queueOwner: boolean
  parents: ParentFacts[]
  parked: ParkedRecord | null
  change: QueuedChange | null
  problems: Problem[]
  /** What the instance has of Sales Insight; undefined while Marketo can't tell. */
  insights: MarketoSchema['insights'] | undefined
  missingInsights: string[]
}
