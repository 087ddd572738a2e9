// One call to Marketo: token, turn, send, read, and one repeat when the token was refused. It never throws for what Marketo or the
// network does; the outcome says it, verdict.ts what to do about it.
import { Pool, type Dispatcher } from 'undici'
import type { MarketoConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { readAnswer } from './answer.ts'
import { exchange } from './exchange.ts'
import { failed, type CallOutcome } from './outcome.ts'
import type { Pacing, Priority } from './pacing.ts'
import { createToken, TOKEN_TIMEOUT_MS } from './token.ts'
import { addressOf, type Query } from './uri.ts'

export interface MarketoCall {
  /** Below /rest/v1/: 'leads.json'. */
  endpoint: string
  method: 'GET' | 'POST'
  query?: Query | undefined
  /** Sent as JSON. */
  body?: unknown
  /** Sends a GET as POST with _method=GET; long ones go that way by themselves. */
  form?: boolean
  priority: Priority
  kind: 'read' | 'write'
  timeoutMs: number
  signal?: AbortSignal | undefined
  /**
   * Awaited when the call has its turn and its token, right before the bytes go out: the place to commit an intent whose time must
   * not lie minutes before the call. Once more if the token was refused. What it throws, request() throws; nothing is sent then.
   */
  beforeSend?: (() => Promise<void>) | undefined
}

export interface MarketoClient {
  request(call: MarketoCall): Promise<CallOutcome>
  /** Breaks off what is in flight. */
  close(): Promise<void>
}

/** Marketo answers 413 above 1 MB, and doesn't say whether that is 10^6 or 2^20. */
export const LARGEST_BODY = 1_000_000

export function createMarketoClient(options: {
  config: MarketoConfig
  pacing: Pacing
  log: Log
  dispatcher?: Dispatcher
  now?: () => number
  /** For metrics: every call that went out. */
  onCall?: (call: { endpoint: string; code: string; ms: number }) => void
}): MarketoClient {
  const { config, pacing, log, onCall } = options
  const base = new URL(config.baseUrl)
  const prefix = `${base.pathname.replace(/\/$/, '')}/rest/v1/`
  // Without a limit of its own: pacing keeps the number of connections small. Idle ones are dropped after 4 s, before Marketo
  // drops them: a write on a connection that is just being closed would be ambiguous. HTTP/1.1 only, for the same certainty.
  const dispatcher =
    options.dispatcher ??
    new Pool(base.origin, { keepAliveTimeout: 4_000, allowH2: false, connect: { timeout: 15_000 } })
  const closing = new AbortController()
  const token = createToken({ config, dispatcher, log, signal: closing.signal, now: options.now })

  /** The token is asked for before the turn comes, so that refused credentials use up no calls, and in it, as a turn may take long. */
  async function attempt(call: MarketoCall, signal: AbortSignal): Promise<Attempt> {
    const { path, method, form } = addressOf(prefix + call.endpoint, call.method, call.query, call.form)
    const body = form ?? (call.body === undefined ? undefined : json(call.body))
    if (body !== undefined && Buffer.byteLength(body) > LARGEST_BODY)
      return { outcome: failed('http', 'HTTP 413', 'held back by the bridge', false, { status: 413 }) }
    const early = await token.get()
    if (!early.ok) return { outcome: early }
    let used = early.token
    const { endpoint, priority, timeoutMs } = call
    const holdMs = timeoutMs + TOKEN_TIMEOUT_MS
    const outcome = await pacing.run({ endpoint, priority, holdMs, signal }, async () => {
      const current = await token.get()
      if (!current.ok) return current
      used = current.token
      await call.beforeSend?.()
      const startedAt = performance.now()
      const answer = await exchange(dispatcher, {
        origin: base.origin,
        path,
        method,
        headers: headersOf(
          current.token,
          body === undefined ? undefined : form === undefined ? JSON_TYPE : FORM_TYPE,
        ),
        ...(body === undefined ? {} : { body }),
        timeoutMs,
        signal,
      })
      const read: CallOutcome = answer.ok ? readAnswer(answer) : answer
      tell(call, read, performance.now() - startedAt)
      return read
    })
    return { outcome, token: used }
  }

  function tell(call: MarketoCall, outcome: CallOutcome, ms: number): void {
    const code = outcome.ok ? 'ok' : outcome.code
    // Ids in a path would make a metric of their own each.
    const endpoint = call.endpoint.replace(/\/\d+\//g, '/{id}/')
    onCall?.({ endpoint, code, ms })
    log.debug(
      { endpoint, code, ms: Math.round(ms), priority: call.priority, requestId: outcome.requestId },
      'called Marketo',
    )
  }

  return {
    async request(call) {
      if (closing.signal.aborted) return failed('network', 'closed', 'not sent', false)
      const signal = call.signal ? AbortSignal.any([call.signal, closing.signal]) : closing.signal
      const first = await attempt(call, signal)
      if (!isTokenRefused(first.outcome) || first.token === undefined) return first.outcome
      token.refuse(first.token)
      const second = await attempt(call, signal)
      return second.outcome
    },
    async close() {
      closing.abort(new Error('this process is stopping'))
      if (options.dispatcher === undefined) await dispatcher.destroy()
    },
  }
}

interface Attempt {
  outcome: CallOutcome
  token?: string
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

function headersOf(token: string, contentType: string | undefined): Record<string, string> {
  const headers = { authorization: `Bearer ${token}`, accept: JSON_TYPE, 'accept-encoding': 'gzip' }
  return contentType === undefined ? headers : { ...headers, 'content-type': contentType }
}

function isTokenRefused(outcome: CallOutcome): boolean {
  return !outcome.ok && ['601', '602', 'HTTP 401'].includes(outcome.code)
}

/** Half a surrogate pair is valid JSON when escaped, and still trips parsers. Replaced in the text, as a replacer's call for each value
 *  costs three times as much; pairs of backslashes are stepped over, because what follows them is no escape. */
function json(body: unknown): string {
  return JSON.stringify(body).replace(/\\(\\|ud[89a-f][0-9a-f]{2})/g, (found) =>
    found === '\\\\' ? found : '\ufffd',
  )
}
