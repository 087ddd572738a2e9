// One HTTP exchange, never throwing: the whole answer as bytes, or what went wrong and whether anything was sent. Uses undici's
// dispatch rather than request(), because only there it is known whether a request was still waiting for a connection.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { asError, reasonOf } from '../errors.ts'
import { failed, type Failed } from './outcome.ts'

/** 300 persons with all their fields are 2–3 MB; 32 MB is no answer of Marketo, and a dyno has 512. */
export const LARGEST_ANSWER = 32 * 1024 * 1024

export interface HttpRequest {
  origin: string
  path: string
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  ok: true
  status: number
  contentType: string
  body: Buffer
}

export async function exchange(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpAnswer | Failed> {
  const raw = await send(dispatcher, request)
  if (!raw.ok || !raw.gzip) return raw
  try {
    const body = await promisify(gunzip)(raw.body, { maxOutputLength: LARGEST_ANSWER })
    return { ...raw, body }
  } catch (thrown) {
    const tooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return failed('body', tooLarge ? 'too-large' : 'not-json', reasonOf(thrown), true, { status: raw.status })
  }
}

async function send(
  dispatcher: Dispatcher,
  request: HttpRequest,
): Promise<(HttpAnswer & { gzip: boolean }) | Failed> {
  const { promise, resolve } = Promise.withResolvers<(HttpAnswer & { gzip: boolean }) | Failed>()
  const chunks: Buffer[] = []
  let size = 0
  let started: Dispatcher.DispatchController | undefined
  let brokenOff: Failed | undefined
  const answer = { ok: true as const, status: 0, contentType: '', gzip: false }

  const breakOff = (level: Failed['level'], code: string, message: string): void => {
    brokenOff ??= failed(level, code, message, started !== undefined)
    // First, because undici reports the abort at once as an error of its own.
    resolve(brokenOff)
    started?.abort(new Error(message))
  }
  const timer = setTimeout(() => {
    breakOff('network', 'timed-out', `no answer within ${request.timeoutMs / 1000} s`)
  }, request.timeoutMs)
  const onAbort = (): void => breakOff('network', 'aborted', reasonOf(request.signal?.reason))
  request.signal?.addEventListener('abort', onAbort, { once: true })
  if (request.signal?.aborted === true) onAbort()

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      // Broken off while it waited for a connection: undici doesn't write what is aborted here.
      if (brokenOff) controller.abort(new Error(brokenOff.message))
      else started = controller
    },
    onResponseStart(_controller, status, headers) {
      answer.status = status
      answer.contentType = String(headers['content-type'] ?? '')
      answer.gzip = String(headers['content-encoding'] ?? '').toLowerCase() === 'gzip'
    },
    onResponseData(_controller, chunk) {
      size += chunk.length
      if (size > LARGEST_ANSWER)
        breakOff('body', 'too-large', `the answer is larger than ${LARGEST_ANSWER} bytes`)
      else chunks.push(chunk)
    },
    onResponseEnd() {
      resolve({ ...answer, body: Buffer.concat(chunks) })
    },
    onResponseError(_controller, error) {
      resolve(networkFailure(error, started !== undefined))
    },
  }
  try {
    if (!brokenOff)
      dispatcher.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method,
          headers: request.headers,
          body: request.body ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        handler,
      )
  } catch (thrown) {
    resolve(networkFailure(asError(thrown), false))
  }
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', onAbort)
  }
}

function networkFailure(error: Error, sent: boolean): Failed {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return failed('network', 'closed', reasonOf(error), sent)
  if (sent) return failed('network', 'connection-lost', reasonOf(error), true)
  const notFound = code === 'ENOTFOUND' || code === 'EAI_AGAIN'
  return failed('network', notFound ? 'not-found' : 'not-connected', reasonOf(error), false)
}
