// Plays the scheduled Apex job of the Salesforce half (design §8): walks the webhook's pages and writes the
// seven insight fields where they differ. The state between two runs is the caller's to keep.

import { setTimeout as wait } from 'node:timers/promises'
import { toCell, type Input } from './cell.ts'
import { DmlError } from './dml-error.ts'
import type { Org } from './org.ts'
import { fetchPage, type Insight } from './insight-page.ts'

export interface InsightState {
  cursor?: string | null
  orgId?: string
  pageSize?: number
  /** Since when the pass from the beginning that is under way runs. Interrupted, it goes on. */
  fullSince?: number | undefined
  /** When the last one that came to its end had begun. */
  lastFullAt?: number
  /** A row is new on the list of the failed: the next run starts over. */
  startOver?: boolean
  /** Those that could not be written. One that fails once more waits for the day's pass. */
  failing?: Set<string>
}

export interface InsightJobOptions {
  url: string
  secret: string
  org: Org
  /** Of the org that runs the job; another one than in the state means a sandbox copy. */
  orgId?: string
  state: InsightState
  now?: () => number
  sleep?: (ms: number) => Promise<unknown>
  timeoutMs?: number
  /** Throws where Apex would end the page (CPU time, heap): nothing of it is written. */
  beforeWrite?: (records: Insight[]) => void
}

export interface InsightRun {
  pages: number
  calls: number
  written: number
  unchanged: number
  /** Converted, deleted or unknown records. */
  skipped: number
  failed: Array<{ id: string; reason: string }>
  cursor: string | null
  /** Why the walk ended early, if it did. */
  error?: string
}

/** Pages start at 500 rows, halve after a failure down to 10, double after success (design §8). */
export const FIRST_PAGE = 500
export const SMALLEST_PAGE = 10
export const LARGEST_PAGE = 2_000
const DAY_MS = 86_400_000
/** A service that stays away ends the run; the next one goes on from the cursor. */
const MOST_FAILED_CALLS = 8
const LOCK_TRIES = 3

/** marketo-rest §8: names of the answer → real API names of the package. */
const FIELDS: Readonly<Record<Exclude<keyof Insight, 'id'>, string>> = {
  lastInterestingMomentType: 'mkto_si__Last_Interesting_Moment_Type__c',
  lastInterestingMomentDate: 'mkto_si__Last_Interesting_Moment_Date__c',
  lastInterestingMomentDesc: 'mkto_si__Last_Interesting_Moment_Desc__c',
  lastInterestingMomentSource: 'mkto_si__Last_Interesting_Moment_Source__c',
  priority: 'mkto_si__Priority__c',
  urgency: 'mkto_si__Urgency_Value__c',
  relativeScore: 'mkto_si__Relative_Score_Value__c',
}

export async function playInsightJob(options: InsightJobOptions): Promise<InsightRun> {
  const { org, state, now = Date.now, sleep = wait } = options
  const orgId = options.orgId ?? org.id
  const run: InsightRun = {
    pages: 0,
    calls: 0,
    written: 0,
    unchanged: 0,
    skipped: 0,
    failed: [],
    cursor: null,
  }
  if (!org.schema.require('Lead').field(FIELDS.priority)) {
    return { ...run, error: 'The mkto_si__ fields are not there: install the Marketo Sales Insight package.' }
  }

  const beginAnew = (): void => {
    Object.assign(state, { cursor: null, orgId, fullSince: now(), startOver: false })
  }
  if (startsOver(state, orgId, now())) beginAnew()
  state.pageSize ??= FIRST_PAGE
  const failing = (state.failing ??= new Set())

  for (let failures = 0; ;) {
    run.calls++
    const page = await fetchPage(options, state.cursor ?? null, state.pageSize)
    if (page.outcome === 'wait') {
      if (++failures >= MOST_FAILED_CALLS) return stop(run, state, page.reason)
      await sleep(page.retryAfterMs)
      continue
    }
    if (page.outcome === 'stop') return stop(run, state, page.reason)
    if (page.outcome === 'start-over') {
      if (state.cursor === null || state.cursor === undefined) return stop(run, state, page.reason)
      beginAnew()
      continue
    }
    if (page.outcome === 'failed') {
      if (++failures >= MOST_FAILED_CALLS) return stop(run, state, page.reason)
      state.pageSize = Math.max(SMALLEST_PAGE, state.pageSize >> 1)
      continue
    }
    if (page.hasMore && page.cursor === state.cursor) return stop(run, state, 'the same page came twice')
    failures = 0
    const unwritable = tryPage(options, page.records)
    if (unwritable !== undefined && state.pageSize > SMALLEST_PAGE) {
      state.pageSize = Math.max(SMALLEST_PAGE, state.pageSize >> 1)
      continue
    }
    run.pages++
    for (const record of page.records) {
      const reason = unwritable ?? writeRecord(org, record, run)
      if (reason === undefined) failing.delete(record.id)
      else {
        run.failed.push({ id: record.id, reason })
        state.startOver ||= !failing.has(record.id)
        failing.add(record.id)
      }
    }
    // The cursor moves only after its page.
    state.cursor = page.cursor
    if (unwritable === undefined) state.pageSize = Math.min(LARGEST_PAGE, state.pageSize * 2)
    if (page.hasMore) continue
    if (state.fullSince !== undefined)
      Object.assign(state, { lastFullAt: state.fullSince, fullSince: undefined })
    return stop(run, state)
  }
}

/** A cursor of another org (sandbox copy) is dropped; once a day, and after failed rows, the walk starts from the beginning. */
function startsOver(state: InsightState, orgId: string, now: number): boolean {
  if (typeof state.cursor !== 'string' || state.orgId !== orgId) return true
  if (state.fullSince !== undefined) return false
  return state.startOver === true || now - (state.lastFullAt ?? 0) >= DAY_MS
}

function stop(run: InsightRun, state: InsightState, error?: string): InsightRun {
  return { ...run, cursor: state.cursor ?? null, ...(error !== undefined && { error }) }
}

/** The reason why the page can't be written as a whole, if so. */
function tryPage(options: InsightJobOptions, records: Insight[]): string | undefined {
  try {
    options.beforeWrite?.(records)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The reason why it could not be written, if so. */
function writeRecord(org: Org, record: Insight, run: InsightRun): string | undefined {
  const object = record.id.startsWith('00Q') ? 'Lead' : record.id.startsWith('003') ? 'Contact' : undefined
  const row = object && org.get(object, record.id)
  if (!object || !row || row['IsDeleted'] === true || row['IsConverted'] === true) {
    run.skipped++
    return undefined
  }
  try {
    const changes = differences(org, object, record)
    if (Object.keys(changes).length === 0) {
      run.unchanged++
      return undefined
    }
    update(org, object, record.id, changes)
    run.written++
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Compared as Salesforce would store them: trimmed, whole seconds, blank for null. */
function differences(org: Org, object: string, record: Insight): Record<string, Input> {
  const type = org.schema.require(object)
  const stored = org.table(object).get(record.id)
  const changes: Record<string, Input> = {}
  for (const [name, fieldName] of Object.entries(FIELDS)) {
    const field = type.field(fieldName)
    if (!field)
      throw new DmlError('INVALID_FIELD', `No such column '${fieldName}' on sobject of type ${object}`)
    const value = record[name as keyof typeof FIELDS]
    if (toCell(field, value) !== stored?.[fieldName]) changes[fieldName] = value
  }
  return changes
}

/** Row locks pass; the writer tries again. The seven fields are not watched, so nothing is published. */
function update(org: Org, object: string, id: string, changes: Record<string, Input>): void {
  for (let attempt = 1; ; attempt++) {
    try {
      org.update(object, id, changes)
      return
    } catch (error) {
      const locked = error instanceof DmlError && error.statusCode === 'UNABLE_TO_LOCK_ROW'
      if (!locked || attempt >= LOCK_TRIES) throw error
    }
  }
}
