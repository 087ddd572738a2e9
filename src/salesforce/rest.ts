// One authorised call to the REST API: retried a bounded number of times, logged in again once, and every fault in plain words.
// All calls are reads or start a query job, so repeating one does no harm.
import type { Log } from '../log.ts'
import type { Http, HttpAnswer } from './http.ts'
import { restFault, SalesforceError, unreachable, unreadableAnswer } from './rest-faults.ts'
import { backoffMs, pause, retryAfterMs, type Backoff } from './retry.ts'
import type { Session } from './session.ts'

export interface Call<T> {
  method?: 'GET' | 'POST' | 'DELETE'
  /** Below the instance's address, as in /services/data/v67.0/limits. */
  path: string
  body?: unknown
  signal?: AbortSignal | undefined
  /** The call in words for errors: "read 12 Lead records". */
  what: string
  /** What is wanted of the answer; undefined when it isn't that (half an answer, another shape), and the call is repeated. */
  parse(answer: HttpAnswer): T | undefined
}

export interface Rest {
  call<T>(call: Call<T>): Promise<T>
  apiUsage(): { used: number; limit: number } | undefined
  /** Salesforce's clock minus ours, by the `Date` of the last answer. Rather too early (whole seconds, the way back) than too late. */
  clock(): { offsetMs: number; at: number } | undefined
}

export function createRest(deps: {
  session: Session
  http: Http
  log: Log
  attempts: number
  backoff: Backoff
}): Rest {
  const { session, http, log, attempts, backoff } = deps
  let usage: { used: number; limit: number } | undefined
  let clock: { offsetMs: number; at: number } | undefined

  function note({ headers }: HttpAnswer): void {
    const match = /api-usage=(\d+)\/(\d+)/.exec(headers['sforce-limit-info'] ?? '')
    if (match) usage = { used: Number(match[1]), limit: Number(match[2]) }
  }

  /** Of what Salesforce itself has answered only: a failure may be a gateway's, whose clock would move watermarks. */
  function noteClock({ headers }: HttpAnswer): void {
    const date = Date.parse(headers.date ?? '')
    if (Number.isFinite(date)) clock = { offsetMs: date - Date.now(), at: Date.now() }
  }

  async function attempt<T>(call: Call<T>, token: string): Promise<{ value: T } | Fault> {
    let answer: HttpAnswer
    try {
      answer = await http.send({
        method: call.method ?? 'GET',
        url: session.instanceUrl() + call.path,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/csv',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal: call.signal,
      })
    } catch (error) {
      call.signal?.throwIfAborted()
      return { todo: 'again', error: unreachable(call.what, error) }
    }
    note(answer)
    if (answer.status >= 300) {
      const waitMs = retryAfterMs(answer.headers['retry-after'])
      return {
        ...restFault(answer.status, parseJson(answer.text), call.what),
        ...(waitMs === undefined ? {} : { waitMs }),
      }
    }
    const value = call.parse(answer)
    if (value !== undefined) {
      noteClock(answer)
      return { value }
    }
    return { todo: 'again', error: unreadableAnswer(answer.status, call.what, kindOf(answer.text)) }
  }

  return {
    async call(call) {
      let renewed = false
      for (let failures = 1; ; failures += 1) {
        call.signal?.throwIfAborted()
        const token = session.accessToken()
        const outcome = await attempt(call, token)
        if ('value' in outcome) return outcome.value
        const { todo, error } = outcome
        if (todo === 'renew' && !renewed) {
          renewed = true
          failures -= 1
          await session.renew(token)
          continue
        }
        if (todo !== 'again' || failures >= attempts) throw error
        log.debug({ code: error.code, attempt: failures }, `will ${call.what} again: ${error.message}`)
        await pause(outcome.waitMs ?? backoffMs(backoff, failures), call.signal)
      }
    },
    apiUsage: () => usage,
    clock: () => clock,
  }
}

interface Fault {
  todo: 'again' | 'renew' | 'refused'
  error: SalesforceError
  waitMs?: number
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function kindOf(text: string): string {
  if (text.trim() === '') return 'nothing'
  if (/^\s*</.test(text)) return 'a web page'
  return parseJson(text) === undefined ? 'half an answer' : 'something else'
}
