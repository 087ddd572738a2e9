// The form of the two tables of codes (call-codes.ts, record-codes.ts).

/**
 * How a call is handled. `record`: some record of the call is at fault, so a write is split and a read refused; `unknown`: a write
 * may have been carried out; `slow`: the same, and split when it stays; `nothing`: a search without a match.
 */
export type CallHandling =
  | 'again'
  | 'unknown'
  | 'slow'
  | 'record'
  | 'refused'
  | 'gone'
  | 'several'
  | 'renew-token'
  | 'unsupported-lookup'
  | 'in-use'
  | 'quota'
  | 'rate'
  | 'stop'
  | 'nothing'

export type RecordHandling =
  'again' | 'refused' | 'gone' | 'several' | 'unsupported-lookup' | 'in-use' | 'stop'

export interface CodeRow {
  reason: string
  advice: string
  /** As the answer to a whole call; `record` if absent. */
  call?: CallHandling
  /** As the reason of one skipped record; `refused` if absent. */
  record?: RecordHandling
  /** Milliseconds to wait at least. */
  after?: number
}
