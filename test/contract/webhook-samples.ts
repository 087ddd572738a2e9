// What InsightClient of the Salesforce half sends and is answered, made of the webhook's own schemas: a property that is added, renamed
// or retyped there changes these samples, and with them the Apex tests that hold InsightClient to them.
import { STATUS_CODES } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { encodeCursor } from '../../src/insights/cursor.ts'
import { insightAnswer, insightRecord, insightRequest } from '../../src/insights/shapes.ts'

type Values = Record<string, unknown>
interface Schema {
  type?: string | string[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  example?: unknown
  maximum?: number
}

export interface WebhookSamples {
  /** `call` is the method of InsightClient. */
  requests: { name: string; call: 'changesSince' | 'valuesOf'; body: Values }[]
  answers: { name: string; answer: Values }[]
  /** `kind` is what InsightClient makes of it. */
  refusals: { name: string; status: number; retryAfter: string | null; kind: string; answer: Values }[]
}

/** The database whose cursors these are. */
export const DATABASE = 'database'

export function webhookSamples(): WebhookSamples {
  const request = z.toJSONSchema(insightRequest) as Schema
  const answer = z.toJSONSchema(insightAnswer) as Schema
  const record = answer.properties!['records']!.items!
  const every = exampleOf(answer)
  const { cursor, records, missing, asOf, ...rest } = every
  const ids = (records as Values[]).map(({ id }) => id)
  const most = request.properties!['limit']!.maximum!
  return {
    requests: [
      { name: 'the first page', call: 'changesSince' as const, body: { cursor: null, limit: 500 } },
      { name: 'the smallest page', call: 'changesSince' as const, body: { cursor, limit: 10 } },
      { name: 'the largest page', call: 'changesSince' as const, body: { cursor, limit: most } },
      { name: 'values of a record', call: 'valuesOf' as const, body: { ids } },
    ].map((sample) => ({ ...sample, body: held(insightRequest, sample.body) })),
    answers: [
      {
        name: 'a page with more to come',
        answer: { records: recordsOf(record), missing: [], cursor, ...rest, asOf },
      },
      { name: 'the end of a walk', answer: { records: [], missing: [], cursor, hasMore: false, asOf } },
      { name: 'values of ids', answer: { records, missing, asOf } },
    ].map((sample) => ({ ...sample, answer: held(insightAnswer, sample.answer) })),
    refusals: [
      refusal(400, 'bad cursor', null, 'cursor is from another database; null starts over.'),
      refusal(401, 'refused', null, 'Send the header "Authorization: Bearer <WEBHOOK_SECRET>".'),
      refusal(429, 'busy', '60', 'More than 600 requests in a minute. Try again in 60 s.'),
      refusal(503, 'busy', '300', 'Marketo is not set up yet.'),
    ],
  }
}

/** As the job would hold it for another org's database. */
export const strangeCursor = encodeCursor({ database: 'another', position: 2, highest: 9 })

/** Every value, none, noughts, and each value alone, so that none is taken for another. */
function recordsOf(schema: Schema): Values[] {
  const every = exampleOf(schema)
  const { id, ...values } = every
  const none = { id, ...Object.fromEntries(Object.keys(values).map((name) => [name, null])) }
  const noughts = Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? 0 : value])
  return [
    every,
    none,
    { id, ...Object.fromEntries(noughts) },
    ...Object.entries(values).map(([name, value]) => ({ ...none, [name]: value })),
  ].map((values) => held(insightRecord, values))
}

function exampleOf(schema: Schema): Values {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [name, exampleValue(name, property)]),
  )
}

function exampleValue(name: string, schema: Schema): unknown {
  if (schema.items !== undefined) return [exampleOf(schema.items)]
  if (schema.example === undefined) throw new Error(`the schema gives no example of ${name}`)
  return schema.example
}

/** The sample as it is, if the schema takes it so and knows all of it. */
function held(schema: z.ZodType, sample: Values): Values {
  if (!isDeepStrictEqual(schema.parse(sample), sample))
    throw new Error(`the schema does not know all of ${JSON.stringify(sample)}`)
  return sample
}

function refusal(status: number, kind: string, retryAfter: string | null, message: string) {
  const answer = { statusCode: status, error: STATUS_CODES[status], message }
  return { name: `${status} ${STATUS_CODES[status]}`, status, retryAfter, kind, answer }
}
