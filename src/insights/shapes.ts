// The webhook's request and answer, as schemas: they check, they are the API's description, and the Salesforce half is held to them.
import { z } from 'zod'

/** Of values in a page, and of ids in a question. */
export const MOST_RECORDS = 2_000

/** Longer than any cursor of ours. */
const LONGEST_CURSOR = 200

export const insightRequest = z
  .strictObject(
    {
      cursor: z
        .string('must be the cursor of the last answer, or null')
        .max(LONGEST_CURSOR, 'is no cursor of this service; null starts over')
        .nullable()
        .optional()
        .describe('What changed since this cursor, oldest first; null for everything.'),
      limit: z
        .int(`must be a whole number from 1 to ${MOST_RECORDS}`)
        .min(1, `must be a whole number from 1 to ${MOST_RECORDS}`)
        .max(MOST_RECORDS, `must be a whole number from 1 to ${MOST_RECORDS}`)
        .optional()
        .describe(`Values in a page; ${MOST_RECORDS} if absent. Only with cursor.`),
      ids: z
        .array(
          z
            .string('must be a Salesforce id of 15 or 18 characters')
            .regex(/^(?:[A-Za-z0-9]{15}|[A-Za-z0-9]{18})$/, 'must be a Salesforce id of 15 or 18 characters'),
          `must be a list of 1 to ${MOST_RECORDS} ids`,
        )
        .min(1, `must be a list of 1 to ${MOST_RECORDS} ids`)
        .max(MOST_RECORDS, `must be a list of 1 to ${MOST_RECORDS} ids`)
        .optional()
        .describe('Leads and Contacts whose values are to be read from Marketo now.'),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `unknown keys (cursor, limit and ids are known): ${namesOf(issue.keys)}`
          : 'the body must be a JSON object',
    },
  )
  // Checked whatever else is wrong, so that one answer names every problem.
  .refine((body) => !isObject(body) || gives(body, 'cursor') !== gives(body, 'ids'), {
    message: 'exactly one of cursor and ids must be given',
    when: () => true,
  })
  .refine((body) => !isObject(body) || !gives(body, 'ids') || !gives(body, 'limit'), {
    path: ['limit'],
    message: 'goes with cursor only',
    when: () => true,
  })

function namesOf(keys: unknown): string {
  return Array.isArray(keys) ? keys.map((key) => String(key).slice(0, 100)).join(', ') : ''
}

function gives(body: object, key: 'cursor' | 'ids' | 'limit'): boolean {
  return Object.hasOwn(body, key)
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && !Array.isArray(body)
}

const word = z.string().nullable()
const whole = z.number().int().nullable()

export const insightRecord = z.object({
  id: z.string().describe('The Lead or Contact, 18 characters.'),
  lastInterestingMomentType: word,
  lastInterestingMomentDate: z.string().nullable().describe('UTC, ends in Z.'),
  lastInterestingMomentDesc: word.describe('At most 255 characters.'),
  lastInterestingMomentSource: word,
  priority: whole,
  urgency: whole,
  relativeScore: whole,
})

export const insightAnswer = z
  .object({
    records: z.array(insightRecord),
    missing: z
      .array(z.object({ id: z.string(), reason: z.string() }))
      .describe('Ids without values, each with the reason. Empty with cursor.'),
    cursor: z.string().optional().describe('For the next request. Only with cursor.'),
    hasMore: z.boolean().optional().describe('False at the end of the walk. Only with cursor.'),
    asOf: z.string().describe('The time of the values.'),
  })
  .describe('The values, and where to go on.')

export type InsightRecord = z.output<typeof insightRecord>
export type InsightAnswer = z.output<typeof insightAnswer>
