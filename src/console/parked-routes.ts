// The list of refused records, and trying them again.
import { z } from 'zod'
import { pageOfParked } from '../database/parked-list.ts'
import { retryParked } from '../database/parked.ts'
import type { Db } from '../database/tables.ts'
import { OBJECTS, toId18 } from '../salesforce/ids.ts'
import type { App } from '../web/app-type.ts'
import { failures } from '../web/failures.ts'

const KINDS = [...OBJECTS, 'Event'] as const
const MOST = 1_000

/** PostgreSQL's text holds no NUL. */
const text = z
  .string('must be text')
  .max(200, 'is too long')
  .refine((value) => !value.includes('\u0000'), 'holds a NUL character')
const object = z.enum(KINDS, `must be one of ${KINDS.join(', ')}`)

const listRequest = z.object({
  object: object.optional(),
  code: text.optional(),
  cursor: z.string('must be the cursor of the last page').max(1_000, 'is none of this service').optional(),
  limit: z.coerce
    .number(`must be a whole number from 1 to ${MOST}`)
    .int(`must be a whole number from 1 to ${MOST}`)
    .min(1, `must be a whole number from 1 to ${MOST}`)
    .max(MOST, `must be a whole number from 1 to ${MOST}`)
    .default(100),
})

const parkedRecord = z.object({
  id: z.string(),
  object: z.string(),
  code: z.string(),
  reason: z.string(),
  advice: z.string(),
  attempts: z.number().int(),
  firstSeenAt: z.string(),
  lastSeenAt: z.string(),
})

const retryRequest = z.strictObject(
  {
    ids: z.array(text, 'must be a list of ids').max(50_000, 'are more than 50,000').optional(),
    object: object.optional(),
    code: text.optional(),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? 'unknown keys (ids, object and code are known)'
        : 'the body must be a JSON object',
  },
)

export function parkedRoutes(app: App, { db }: { db: Db }): void {
  const schema = { tags: ['console'], security: [{ admin: [] }] }

  async function list({ cursor, limit, ...filter }: z.output<typeof listRequest>) {
    const after = cursor === undefined ? undefined : decode(cursor)
    if (after === null)
      throw app.httpErrors.badRequest('cursor is none of this service; leave it out to start over.')
    const found = await pageOfParked(db, filter, { after, limit: limit + 1 })
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((item) => ({
        ...item,
        firstSeenAt: item.firstSeenAt.toISOString(),
        lastSeenAt: item.lastSeenAt.toISOString(),
      })),
      cursor: found.length > limit && last !== undefined ? encode(last) : null,
    }
  }

  app.get(
    '/api/parked',
    {
      config: { access: 'admin' },
      // A form sends what was left empty too.
      preValidation: async (request) => {
        const query = request.query as Record<string, unknown>
        for (const [key, value] of Object.entries(query)) if (value === '') delete query[key]
      },
      schema: {
        ...schema,
        summary: 'Refused records, page by page.',
        querystring: listRequest,
        response: {
          200: z
            .object({ items: z.array(parkedRecord), cursor: z.string().nullable() })
            .describe('A page, and the cursor of the next.'),
          ...failures(400, 401, 429, 503),
        },
      },
    },
    (request) => list(request.query),
  )

  app.post(
    '/api/parked/retry',
    {
      config: { access: 'admin', bodyOptional: true },
      schema: {
        ...schema,
        summary: 'Tries refused records again: the given ones, those of an object or a code, or all.',
        body: retryRequest,
        response: {
          202: z.object({ retried: z.number().int() }).describe('How many are queued again.'),
          ...failures(400, 401, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const { ids, ...filter } = request.body
      const retried = await retryParked(db, { ...filter, ids: ids?.map((id) => toId18(id) ?? id) })
      return reply.code(202).send({ retried })
    },
  )
}

const content = z.tuple([text, text])

function encode({ object, id }: { object: string; id: string }): string {
  return Buffer.from(JSON.stringify([object, id])).toString('base64url')
}

/** Null for what no encode made. */
function decode(cursor: string): { object: string; id: string } | null {
  try {
    const [object, id] = content.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { object, id }
  } catch {
    return null
  }
}
