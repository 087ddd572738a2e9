// One HTTP exchange with Salesforce, on undici: a deadline over the whole of it, and every fault thrown to the caller.
// Not jsforce's own transport: on 3.10.26 a connection lost in the middle of a body is an uncaught exception there and the call
// never ends (tried), its time-out is 30 minutes and ends with the headers, and calls can't be aborted.
import { Agent, request } from 'undici'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  headers?: Record<string, string>
  body?: string
  signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  text: string
}

export interface Http {
  send(request: HttpRequest): Promise<HttpAnswer>
  close(): Promise<void>
}

/** Longer than Salesforce lets most calls run unseen; short enough that a stalled one is noticed within a minute. */
export const CALL_TIMEOUT_MS = 60_000

export function createHttp(timeoutMs = CALL_TIMEOUT_MS): Http {
  const agent = new Agent({
    connections: 8,
    connect: { timeout: Math.min(15_000, timeoutMs) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  return {
    async send({ method, url, headers, body, signal }) {
      const deadline = AbortSignal.timeout(timeoutMs)
      const answer = await request(url, {
        dispatcher: agent,
        method,
        headers: headers ?? {},
        body: body ?? null,
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, headers: flat(answer.headers), text }
    },
    close: () => agent.destroy(),
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}
