// Carries the messages of one streaming client: one POST each, on sockets of its own that end with it. Replaces faye's transport, which
// never looks at the HTTP status, waits 132 s on a body cut by the network, and lets a bad cookie end the process (facts, §2).
import { Pool, type Dispatcher } from 'undici'
import { createCookieJar } from './cookies.ts'
import { createMessageSplitter, type Element } from './message-splitter.ts'

export interface BayeuxTransport {
  /** Hands on the messages of the answer one by one, each awaited: a slow taker slows the socket. Throws when the answer isn't whole. */
  post(
    message: object,
    take: (element: Element, status: number) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>
  /** Ends requests and sockets, after a last message that nobody waits long for. */
  close(last?: object): Promise<void>
}

/** An answer that holds no messages at all. */
export class NoMessages extends Error {
  readonly status: number
  readonly body: string
  constructor(status: number, body: string) {
    super(`HTTP ${status} without messages`)
    this.name = 'NoMessages'
    this.status = status
    this.body = body
  }
}

/** Between two pieces of one answer. Salesforce sends an answer at once; longer means that the line is dead. */
const BODY_SILENCE_MS = 30_000

/** A good-bye must not hold up a shutdown. */
const LAST_MS = 2_000

export function createBayeuxTransport(url: string, token: string): BayeuxTransport {
  const { origin, pathname } = new URL(url)
  // Bayeux has at most two connections: the poll, and one for everything else.
  const pool = new Pool(origin, {
    connections: 2,
    connect: { timeout: 15_000 },
    headersTimeout: 0,
    bodyTimeout: BODY_SILENCE_MS,
  })
  const cookies = createCookieJar()
  const closed = new AbortController()

  function send(message: object, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const cookie = cookies.header()
    return pool.request({
      method: 'POST',
      path: pathname,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(cookie === '' ? {} : { cookie }),
      },
      // One message a request: "avoid sending multiple messages in a single request" (32 kB limit of a request).
      body: JSON.stringify([message]),
      signal,
    })
  }

  return {
    async post(message, take, signal) {
      const answer = await send(message, signal ? AbortSignal.any([signal, closed.signal]) : closed.signal)
      cookies.keep(answer.headers['set-cookie'])
      const splitter = createMessageSplitter()
      const decoder = new TextDecoder()
      let taken = 0
      let beginning = ''
      for await (const chunk of answer.body) {
        const text = decoder.decode(chunk as Buffer, { stream: true })
        if (beginning.length < 2_000) beginning += text.slice(0, 2_000)
        for (const element of splitter.push(text)) {
          taken += 1
          await take(element, answer.statusCode)
        }
        if (splitter.foreign() && beginning.length >= 2_000) break
      }
      if (taken === 0) throw new NoMessages(answer.statusCode, beginning)
      if (!splitter.whole()) throw new Error('the answer ended in the middle')
    },
    async close(last) {
      closed.abort()
      try {
        if (last !== undefined) await (await send(last, AbortSignal.timeout(LAST_MS))).body.dump()
      } catch {
        // Salesforce forgets the client by itself after 40 s.
      }
      await pool.destroy().catch(() => undefined)
    },
  }
}
