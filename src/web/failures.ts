// Every failure as JSON in @fastify/sensible's shape {statusCode, error, message}: a sentence that says what was wrong, never
// a stack. What went wrong on our side is logged and not shown.
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isUnavailable } from '../database/unavailable.ts'
import { asError } from '../errors.ts'

const failureShape = z
  .object({ statusCode: z.number().int(), error: z.string(), message: z.string() })
  .meta({ id: 'Failure', description: 'What was wrong, in a sentence.' })

const WORDS = {
  400: 'Every problem of the request, named.',
  401: 'The bearer token is missing or wrong.',
  404: 'There is no such record.',
  409: 'One is under way.',
  413: 'The body is over 1 MB.',
  415: 'The body is not JSON.',
  429: 'Too many requests; Retry-After tells when to come again.',
  500: 'A fault of the service.',
  503: 'Not at the moment; Retry-After tells when to come again.',
} as const
type Status = keyof typeof WORDS

interface FailureResponse {
  description: string
  content: { 'application/json': { schema: typeof failureShape } }
}

/** The failures a route can answer with, for its schema. */
export function failures<S extends Status>(...statuses: S[]): Record<S, FailureResponse> {
  const entries = statuses.map((status): [Status, FailureResponse] => [
    status,
    { description: WORDS[status], content: { 'application/json': { schema: failureShape } } },
  ])
  return Object.fromEntries(entries) as Record<S, FailureResponse>
}

/** Seconds after which a caller may find the database back. */
const RETRY_AFTER_SECONDS = 10

/** Fastify's own words tell programmers; these tell whoever calls. */
const SENTENCES: Record<string, string> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be JSON: send the header "Content-Type: application/json".',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than 1 MB.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; it must be a JSON object.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its Content-Length says.',
  FST_ERR_BAD_URL: 'The address is not valid: a % that stands for itself is written as %25.',
}

export interface Told {
  statusCode: number
  message: string
}

/** What to tell whoever called; what went wrong on our side is logged. */
export function tellFailure(thrown: unknown, request: FastifyRequest, reply: FastifyReply): Told {
  const error: Partial<FastifyError> & Error = asError(thrown)
  const statusCode = error.statusCode ?? 500
  if (statusCode >= 400 && statusCode < 500)
    return { statusCode, message: SENTENCES[error.code ?? ''] ?? error.message }
  if (statusCode >= 500 && isMeant(error)) return { statusCode, message: error.message }
  if (isUnavailable(error)) {
    request.log.error({ err: error }, 'the database could not be reached for a request')
    void reply.header('retry-after', RETRY_AFTER_SECONDS)
    return { statusCode: 503, message: 'The database cannot be reached at the moment. Try again.' }
  }
  request.log.error({ err: error, method: request.method, url: request.routeOptions.url }, 'a request failed')
  return {
    statusCode: 500,
    message: `Something went wrong here; it is not the caller's fault. The log tells more under ${request.id}.`,
  }
}

function answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, message } = tellFailure(thrown, request, reply)
  return reply
    .code(statusCode)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ statusCode, error: STATUS_CODES[statusCode] ?? 'Error', message })
}

/** What is no address gets to no route, and so not to the error handler either. */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void answer(error, request, reply)
}

export function answerFailures(app: FastifyInstance): void {
  app.setErrorHandler(answer)

  app.setNotFoundHandler((request) => {
    throw app.httpErrors.notFound(
      `There is no ${request.method} at this address. /docs/json lists what there is.`,
    )
  })
}

/** 5xx that a route raised on purpose, with words for the caller. */
function isMeant(error: Error): boolean {
  return 'expose' in error && error.expose === true
}
