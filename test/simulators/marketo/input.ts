// The body of a sync or delete call: {"action", "lookupField" | "dedupeBy", "input": […]} (marketo-rest §3).
import { failure } from './answer.ts'
import type { Answer } from './answer.ts'
import { isObject } from './call.ts'
import type { Call } from './call.ts'

// marketo-rest §2: at most 300 records a call.
export const MOST_RECORDS = 300

export interface Input {
  body: Record<string, unknown>
  records: readonly unknown[]
}

export function inputOf(call: Call): Input | Answer {
  // marketo-rest §5, 609: the body is not valid JSON.
  if (!isObject(call.body)) return failure('609')
  const records = call.body.input
  if (records !== undefined && !Array.isArray(records)) return failure('609')
  // marketo-rest §5, 701: "%s cannot be blank".
  if (records === undefined || records.length === 0) return failure('701', 'input cannot be blank')
  return { body: call.body, records }
}

export const isAnswer = (value: Input | Answer): value is Answer => 'status' in value

export const tooMany = (records: readonly unknown[]): boolean => records.length > MOST_RECORDS

export const tooManyAnswer = () =>
  failure('1003', `Invalid data: at most ${MOST_RECORDS} records are allowed in one call`)

export const tooManyFinding = (records: readonly unknown[]) =>
  `${records.length} records, more than ${MOST_RECORDS}`
