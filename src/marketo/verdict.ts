// Code → what to do: the only place that decides what an answer of Marketo means for the sync. Pure; the words are in
// call-codes.ts and record-codes.ts. An unknown code never stops anything: a record is refused with Marketo's own words, a call is
// repeated a few times and then split.
import { CALL_CODES } from './call-codes.ts'
import type { CallHandling, CodeRow } from './codes.ts'
import { GATEWAY_REFUSALS } from './known-codes.ts'
import type { CallOutcome, Failed, Reason, RecordResult } from './outcome.ts'
import { RECORD_CODES } from './record-codes.ts'

interface Told {
  code: string
  /** What happened, in plain words, with Marketo's own behind it. */
  reason: string
  /** What an admin can do, with the menu path where there is one. */
  advice: string
}

export type Verdict =
  | { kind: 'accepted' }
  /** Nothing was carried out; repeat after afterMs. */
  | ({ kind: 'again'; afterMs: number } & Told)
  /** A write may have been carried out: look up before it is repeated. */
  | ({ kind: 'ambiguous' } & Told)
  | ({ kind: 'refused' } & Told)
  /** All was refused alike, so that no record can be told to be at fault. */
  | ({ kind: 'everybody' } & Told)
  /** Marketo has lost what the ledger knows: the record itself, one that it belongs to, or its sales person (718). */
  | ({ kind: 'gone'; lost: 'record' | 'parent' | 'sales person' } & Told)
  | ({ kind: 'several' } & Told)
  /** Some record of the call made Marketo refuse all of it. With `wait` the call may have been carried out: look up first. */
  | ({ kind: 'bisect'; wait: boolean } & Told)
  | ({ kind: 'renew-token'; afterMs: number } & Told)
  | ({ kind: 'unsupported-lookup' } & Told)
  | ({ kind: 'in-use' } & Told)
  /** Until `until` (milliseconds of the epoch), where that is known. */
  | ({ kind: 'quota'; until?: number } & Told)
  | ({ kind: 'rate'; afterMs: number } & Told)
  /** The whole connection; worth a try after afterMs, because admins repair things. */
  | ({ kind: 'stop'; afterMs: number } & Told)

export interface CallContext {
  write: boolean
  /** 1 for the first. */
  attempt: number
}

export interface RecordContext extends CallContext {
  action?: 'sync' | 'delete'
  /** A record that can't be found is lost itself; a role, whose key is made of its parents, has lost one of these. */
  object?: 'SalesPerson' | 'Company' | 'Lead' | 'Opportunity' | 'OpportunityRole'
  /** Only what had changed was sent, so what Marketo requires besides had been sent before. */
  partial?: boolean
}

/** A transient error must be over 90 s after it ends, so no wait is longer than this. */
const LONGEST_WAIT_MS = 60_000
/** As often may a call fail for no reason of its own; then its records are looked at one by one. */
const PATIENCE = 3

export function backoff(attempt: number): number {
  return Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** Math.min(attempt - 1, 10))
}

export function verdictOfCall(outcome: CallOutcome, context: CallContext): Verdict {
  if (outcome.ok) return { kind: 'accepted' }
  const row = CALL_CODES.get(outcome.code) ?? RECORD_CODES.get(outcome.code) ?? unknownRow(outcome)
  const told = tell(row, outcome.code, outcome.message)
  const afterMs = Math.max(row.after ?? 0, backoff(context.attempt))
  const again: Verdict = { kind: 'again', afterMs, ...told }
  const unknown: Verdict = context.write && outcome.sent ? { kind: 'ambiguous', ...told } : again
  const handling = handlingOf(row, outcome, context)
  switch (handling) {
    case 'again':
      return again
    case 'unknown':
      return unknown
    case 'slow':
      if (context.attempt <= PATIENCE || !context.write) return unknown
      return { kind: 'bisect', wait: true, ...told }
    case 'record':
      return context.write ? { kind: 'bisect', wait: false, ...told } : { kind: 'refused', ...told }
    case 'nothing':
      return context.write ? { kind: 'bisect', wait: false, ...told } : { kind: 'accepted' }
    case 'gone':
      return context.write ? { kind: 'gone', lost: 'record', ...told } : { kind: 'accepted' }
    case 'quota':
      return { kind: 'quota', ...told, ...(outcome.retryAt === undefined ? {} : { until: outcome.retryAt }) }
    case 'rate':
      return { kind: 'rate', afterMs, ...told }
    case 'renew-token':
      if (context.attempt > PATIENCE) return { kind: 'stop', afterMs: LONGEST_WAIT_MS, ...told }
      return { kind: 'renew-token', afterMs, ...told }
    case 'stop':
      return { kind: 'stop', afterMs: LONGEST_WAIT_MS, ...told }
    default:
      return { kind: handling, ...told }
  }
}

/** The verdict on a record that is alone in its call, where the verdict on the call says that some record is at fault. */
export function verdictAlone(verdict: Verdict): Verdict {
  if (verdict.kind !== 'bisect') return verdict
  const { code, reason, advice } = verdict
  if (code === '718') return { kind: 'gone', lost: 'sales person', code, reason, advice }
  return { kind: GATEWAY_REFUSALS.includes(code) ? 'everybody' : 'refused', code, reason, advice }
}

export function verdictOfRecord(result: RecordResult, context: RecordContext): Verdict {
  if (result.status === 'unclear')
    return {
      kind: 'ambiguous',
      code: 'results-misaligned',
      reason: 'Marketo did not say what became of the record.',
      advice: 'Nothing to do: the bridge looks it up.',
    }
  if (result.status !== 'skipped') return { kind: 'accepted' }
  const verdicts = result.reasons.map((reason) => verdictOfReason(reason, context))
  const [worst] = verdicts.sort((a, b) => PRECEDENCE.indexOf(a.kind) - PRECEDENCE.indexOf(b.kind))
  return worst ?? verdictOfReason({ code: 'skipped', message: 'no reason given' }, context)
}

/** Where Marketo gives several reasons: what concerns everybody first, then what no repetition cures. */
const PRECEDENCE: Verdict['kind'][] = [
  'stop',
  'refused',
  'several',
  'gone',
  'unsupported-lookup',
  'in-use',
  'again',
]

function verdictOfReason({ code, message }: Reason, context: RecordContext): Verdict {
  const row: CodeRow = RECORD_CODES.get(code) ??
    CALL_CODES.get(code) ?? {
      reason: 'Marketo skipped the record for a reason that the bridge does not know.',
      advice:
        'Look for the code in the documentation of the Marketo REST API, correct the record, and retry it.',
    }
  const told = tell(row, code, message)
  const afterMs = Math.max(row.after ?? 0, backoff(context.attempt))
  const handling = row.record ?? transient(row.call)
  switch (handling) {
    case 'again':
      // Those that Marketo documents as a matter of moments are repeated for ever; others only as long as a race explains them.
      if (row.after === undefined && row.call === undefined && context.attempt > PATIENCE)
        return { kind: 'refused', ...told }
      return { kind: 'again', afterMs, ...told }
    case 'gone':
      if (context.action === 'delete') return { kind: 'accepted' }
      return { kind: 'gone', lost: context.object === 'OpportunityRole' ? 'parent' : 'record', ...told }
    case 'stop':
      return { kind: 'stop', afterMs: LONGEST_WAIT_MS, ...told }
    case 'refused':
      if (code === '718') return { kind: 'gone', lost: 'sales person', ...told }
      // An update that Marketo takes for a create: it has lost the record.
      if (code === '1002' && context.partial === true) return { kind: 'gone', lost: 'record', ...told }
      return { kind: 'refused', ...told }
    default:
      return { kind: handling, ...told }
  }
}

/** A call's code that comes with one record instead: "try later" stays that, all else is about the record. */
function transient(call: CallHandling | undefined): 'again' | 'stop' | 'refused' {
  if (call === 'stop') return 'stop'
  return call !== undefined && ['again', 'unknown', 'slow', 'rate', 'quota', 'renew-token'].includes(call)
    ? 'again'
    : 'refused'
}

function handlingOf(row: CodeRow, outcome: Failed, context: CallContext): CallHandling {
  if (CALL_CODES.get(outcome.code) === undefined && UNKNOWN_STATUS.test(outcome.code))
    return context.attempt > PATIENCE ? 'stop' : 'again'
  return row.call ?? 'record'
}

/** 3xx and 4xx without a row come from something in front of Marketo, which carried nothing out. A 202 may have been passed on. */
const UNKNOWN_STATUS = /^HTTP [34]\d\d$/

function unknownRow(outcome: Failed): CodeRow {
  return {
    call: outcome.level === 'response' ? 'slow' : 'unknown',
    reason: 'Marketo answered in a way that the bridge does not know.',
    advice: 'Look for the code in the documentation of the Marketo REST API, and report it with the log.',
  }
}

/** Marketo's words may hold a whole value of the record. */
const LONGEST_MESSAGE = 300

function tell(row: CodeRow, code: string, message: string): Told {
  const words = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message
  return {
    code,
    reason: words === '' ? row.reason : `${row.reason} (${code}: ${words})`,
    advice: row.advice,
  }
}
