// What came of one call to Marketo. Nothing that Marketo or the network does is thrown: it is an outcome, and a verdict says
// what to do about it. `sent` is what makes a write ambiguous: once bytes went out, Marketo may have carried it out.

export interface Accepted {
  ok: true
  result: unknown[]
  moreResult: boolean
  nextPageToken?: string
  warnings: string[]
  requestId?: string
}

/**
 * Where a call failed: `http` a status, `response` Marketo's `success: false`, `network` no whole answer, `body` an answer
 * that isn't Marketo's (HTML, cut off, too large, results that don't fit the input).
 */
export interface Failed {
  ok: false
  level: 'http' | 'response' | 'network' | 'body'
  /** Marketo's own code ('607'), 'HTTP 502', or a word of ours ('timed-out', 'not-json', 'credentials'). */
  code: string
  message: string
  /** False: it is certain that nothing reached Marketo. */
  sent: boolean
  status?: number
  requestId?: string
  /** Set where it is known when a call makes sense again: milliseconds of the epoch. */
  retryAt?: number
}

export type CallOutcome = Accepted | Failed

export interface Reason {
  code: string
  message: string
}

/** One record's part in the answer to a write, aligned with the input. `unclear` is a status or an id that Marketo left out. */
export interface RecordResult {
  status: 'created' | 'updated' | 'deleted' | 'skipped' | 'unclear'
  /** Marketo's id of a person, company or sales person. */
  id?: number
  /** Marketo's id of an opportunity or role. */
  marketoGUID?: string
  reasons: Reason[]
}

export interface WriteOutcome {
  outcome: CallOutcome
  /** As many as the input and in its order, or none when the outcome is a failure. */
  results: RecordResult[]
}

/** The five objects, by Marketo's names. */
export type MarketoObject = 'SalesPerson' | 'Company' | 'Lead' | 'Opportunity' | 'OpportunityRole'

/** A failure by a word of ours, with the network's or the answer's own message behind it. */
export function failed(
  level: Failed['level'],
  code: string,
  message: string,
  sent: boolean,
  more: Pick<Failed, 'status' | 'requestId' | 'retryAt'> = {},
): Failed {
  return { ok: false, level, code, message, sent, ...more }
}
