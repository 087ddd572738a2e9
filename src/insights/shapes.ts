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

const word = (example: string, description?: string) =>
  z
    .string()
    .nullable()
    .meta({ example, ...(description && { description }) })
const whole = (example: number) => z.number().int().nullable().meta({ example })

/** Examples are shown in the API's description, and the Salesforce half is tested with them. */
export const insightRecord = z.object({
  id: z.string().meta({ description: 'The Lead or Contact, 18 characters.', example: '00Q5e000001AbCdEAK' }),
  lastInterestingMomentType: word('Web'),
  lastInterestingMomentDate: word('2026-11-23T09:15:00.000Z', 'UTC, ends in Z.'),
  lastInterestingMomentDesc: word('Visited pricing page', 'At most 255 characters.'),
  lastInterestingMomentSource: word('Web'),
  priority: whole(3),
  urgency: whole(2),
  relativeScore: whole(1),
})

export const insightAnswer = z
  .object({
    records: z.array(insightRecord),
    missing: z
      .array(
        z.object({
          id: z.string().meta({ example: '00Q5e000001AbCeEAK' }),
          reason: z.string().meta({ example: 'not in Marketo' }),
        }),
      )
      .describe('Ids without values, each with the reason. Empty with cursor.'),
    cursor: z
      .string()
      .optional()
      .meta({ description: 'For the next request. Only with cursor.', example: 'WyJkYXRhYmFzZSIsMiw5XQ' }),
    hasMore: z
      .boolean()
      .optional()
      .meta({ description: 'False at the end of the walk. Only with cursor.', example: true }),
    asOf: z.string().meta({ description: 'The time of the values.', example: '2026-11-23T10:00:00.000Z' }),
  })
  .describe('The values, and where to go on.')

export type InsightRecord = z.output<typeof insightRecord>
export type InsightAnswer = z.output<typeof insightAnswer>
