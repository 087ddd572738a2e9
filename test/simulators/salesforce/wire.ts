// Raw HTTP to the simulator, for its own tests: what the real clients hide.

import type { SalesforceSimulator } from './index.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  json: unknown
}

export async function getToken(sf: SalesforceSimulator): Promise<string> {
  const response = await fetch(`${sf.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: sf.clientId,
      client_secret: sf.clientSecret,
    }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return token
}

interface RestInit {
  method?: string
  headers?: Record<string, string>
  json?: unknown
}

/** A function that calls REST resources below /services/data/v67.0/ with a session. */
export async function createRest(sf: SalesforceSimulator) {
  const token = await getToken(sf)
  return async (path: string, init: RestInit = {}): Promise<Answer> => {
    const { json, ...rest } = init
    const url = path.startsWith('/') ? sf.url + path : `${sf.url}/services/data/v67.0/${path}`
    const response = await fetch(url, {
      ...rest,
      ...(json !== undefined && { body: JSON.stringify(json), method: rest.method ?? 'POST' }),
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...rest.headers },
    })
    return readAnswer(response)
  }
}

export const soql = (text: string): string => `query?q=${encodeURIComponent(text)}`

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as unknown) : undefined,
  }
}

export type Reply = Record<string, unknown>

export interface Wire {
  clientId: string
  /** Sends messages as they are. */
  post(messages: Reply | Reply[], headers?: Record<string, string>): Promise<Reply[]>
  raw(body: string, headers?: Record<string, string>): Promise<Answer>
  handshake(): Promise<Reply>
  subscribe(channel: string, replay?: unknown): Promise<Reply>
  connect(): Promise<Reply[]>
  cookie: string
}

/** A Bayeux client that does nothing by itself. */
export async function createWire(sf: SalesforceSimulator, version = '67.0'): Promise<Wire> {
  const token = await getToken(sf)
  let id = 0
  const wire: Wire = {
    clientId: '',
    cookie: '',
    async raw(body, headers = {}) {
      const response = await fetch(`${sf.url}/cometd/${version}`, {
        method: 'POST',
        body,
        headers: {
          'Content-Type': 'application/json',
          Authorization: `OAuth ${token}`,
          ...(wire.cookie && { Cookie: wire.cookie }),
          ...headers,
        },
      })
      const set = response.headers.get('set-cookie')
      if (set) wire.cookie = set.split(';')[0]!
      return readAnswer(response)
    },
    async post(messages, headers) {
      const list = [messages].flat().map((message) => ({ id: String(++id), ...message }))
      const { json } = await wire.raw(JSON.stringify(list), headers)
      return json as Reply[]
    },
    async handshake() {
      const [reply] = await wire.post({
        channel: '/meta/handshake',
        version: '1.0',
        supportedConnectionTypes: ['long-polling'],
      })
      wire.clientId = reply!['clientId'] as string
      return reply!
    },
    async subscribe(channel, replay) {
      const ext = replay === undefined ? {} : { ext: { replay } }
      const [reply] = await wire.post({
        channel: '/meta/subscribe',
        clientId: wire.clientId,
        subscription: channel,
        ...ext,
      })
      return reply!
    },
    connect: () =>
      wire.post({ channel: '/meta/connect', clientId: wire.clientId, connectionType: 'long-polling' }),
  }
  return wire
}

/** The replay ids of the events in an answer. */
export function replayIds(messages: Reply[]): number[] {
  return messages.flatMap((message) => {
    const event = (message['data'] as { event?: { replayId: number } } | undefined)?.event
    return event ? [event.replayId] : []
  })
}
