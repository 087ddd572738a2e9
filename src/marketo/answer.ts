// Reads the envelope of an answer. Any bytes may come: whatever isn't Marketo's envelope is a failure with a reason, never a throw.
import { z } from 'zod'
import { reasonOf } from '../errors.ts'
import type { HttpAnswer } from './exchange.ts'
import { failed, type CallOutcome, type Failed, type Reason } from './outcome.ts'

/** Codes are strings by the documents and integers on some endpoints. */
const reason = z
  .object({
    code: z.union([z.string(), z.number()]).transform(String),
    message: z.unknown().optional().transform(wordsOf),
  })
  .transform(({ code, message }): Reason => ({ code, message }))

/** What the documents call an array is null on some endpoints when empty, and missing on others. */
const envelope = z.object({
  success: z.boolean(),
  requestId: z.string().optional().catch(undefined),
  result: z
    .array(z.unknown())
    .nullish()
    .transform((result) => result ?? []),
  errors: z
    .array(reason)
    .nullish()
    .transform((errors) => errors ?? [])
    .catch([]),
  warnings: z
    .array(z.unknown())
    .nullish()
    .transform((warnings) => (warnings ?? []).map(wordsOf))
    .catch([]),
  // Whatever isn't a plain no promises more: a search must not end too early.
  moreResult: z.boolean().nullish().catch(true),
  nextPageToken: z.string().min(1).optional().catch(undefined),
})

export const reasons = z.array(reason)

export function readAnswer(answer: HttpAnswer): CallOutcome {
  const { status } = answer
  const json = parseJson(answer)
  const read = json === undefined ? undefined : envelope.safeParse(json.value)
  const [error] = read?.data?.errors ?? []
  if (read?.data?.success === false && error !== undefined && ![413, 414].includes(status)) {
    const { requestId } = read.data
    return failed('response', error.code, messagesOf(read.data.errors), true, {
      status,
      ...(requestId === undefined ? {} : { requestId }),
    })
  }
  if (status !== 200) return failed('http', `HTTP ${status}`, firstWords(answer), true, { status })
  if (json === undefined)
    return failed('body', 'not-json', `${answer.contentType} ${firstWords(answer)}`, true, { status })
  if (!read?.success) return failed('body', 'not-marketo', firstWords(answer), true, { status })
  const { success, result, warnings, moreResult, nextPageToken, requestId } = read.data
  if (!success || error !== undefined)
    // A failure without a code, or a success with one: what Marketo did is anybody's guess.
    return failed('body', 'not-marketo', firstWords(answer), true, { status })
  return {
    ok: true,
    result,
    warnings,
    moreResult: moreResult ?? false,
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    ...(requestId === undefined ? {} : { requestId }),
  }
}

/** The token of the identity service, whose answer has no envelope. */
const identity = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.coerce.number(),
})

export function readToken(answer: HttpAnswer): { ok: true; token: string; expiresInMs: number } | Failed {
  const { status } = answer
  if (status === 400 || status === 401)
    return failed('http', 'credentials', 'the identity service refuses them', false, { status })
  if (status !== 200) return failed('http', `HTTP ${status}`, firstWords(answer), false, { status })
  const read = identity.safeParse(parseJson(answer)?.value)
  // Nothing of the answer is quoted here: it may hold a token.
  if (!read.success) return failed('body', 'no-token', 'its answer has another form', false, { status })
  return { ok: true, token: read.data.access_token, expiresInMs: read.data.expires_in * 1000 }
}

function parseJson(answer: HttpAnswer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(answer.body.toString('utf8')) }
  } catch {
    return undefined
  }
}

function messagesOf(errors: Reason[]): string {
  return errors.map((error) => error.message).join('; ')
}

function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  if (typeof value === 'object' && 'message' in value && typeof value.message === 'string')
    return value.message
  return reasonOf(value)
}

/** Enough to recognise a proxy's page. */
function firstWords(answer: HttpAnswer): string {
  return answer.body
    .toString('utf8', 0, 400)
    .replace(/<(style|script)[^]*?<\/\1>|<[^>]*>/g, ' ')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 120)
}
