// A simulator and the smallest client for it, for the simulator's own tests.
import type { MarketoOptions, MarketoSimulator } from './index.ts'
import { startMarketo } from './index.ts'

export interface Answered {
  success?: boolean
  requestId?: string
  errors?: { code: string; message: string }[]
  // Records of any shape: tests look at what they expect.
  result?: Record<string, unknown>[]
  nextPageToken?: string
  moreResult?: boolean
}

export interface Tester {
  marketo: MarketoSimulator
  token: () => Promise<string>
  get: (path: string, params?: Record<string, string>) => Promise<Answered>
  post: (path: string, body?: unknown) => Promise<Answered>
  /** Any request, with the token. */
  send: (path: string, init?: RequestInit) => Promise<Response>
}

export async function startTester(
  t: { teardown: (close: () => unknown) => void },
  options: MarketoOptions = {},
): Promise<Tester> {
  const marketo = await startMarketo(options)
  t.teardown(() => marketo.close())
  let cached: string | undefined

  async function token(): Promise<string> {
    const params = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: marketo.clientId,
      client_secret: marketo.clientSecret,
    })
    const response = await fetch(`${marketo.url}/identity/oauth/token?${params.toString()}`)
    const body = (await response.json()) as { access_token: string }
    return body.access_token
  }

  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    cached ??= await token()
    const headers = { authorization: `Bearer ${cached}`, ...(init.headers as Record<string, string>) }
    return fetch(`${marketo.url}/rest/v1/${path}`, { ...init, headers })
  }

  return {
    marketo,
    token,
    send,
    async get(path, params = {}) {
      const query = new URLSearchParams(params).toString()
      return (await (await send(query ? `${path}?${query}` : path)).json()) as Answered
    },
    async post(path, body = {}) {
      const headers = { 'content-type': 'application/json' }
      const response = await send(path, { method: 'POST', headers, body: JSON.stringify(body) })
      return (await response.json()) as Answered
    },
  }
}

/** The code of the first error of a refused call. */
export const codeOf = (answer: Answered) => answer.errors?.[0]?.code

/** Per record: its status, or the code of the reason why it was skipped. */
export const outcomes = (answer: Answered) =>
  answer.result?.map((one) => {
    const reasons = one.reasons as { code: string }[] | undefined
    return reasons?.[0]?.code ?? one.status
  })

/** Polls until it holds; after the deadline the test fails by itself. */
export async function eventually(holds: () => boolean, milliseconds = 2000): Promise<boolean> {
  const deadline = Date.now() + milliseconds
  while (!holds() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
  return holds()
}
