// The CometD sessions: who they are, what they subscribe to and how far they have read, and the one
// long poll that each may hold.

import { randomBytes } from 'node:crypto'
import type { Message } from './bayeux-message.ts'

export interface Client {
  id: string
  cookie: string
  version: number
  /** Channel → replay id of the last event sent. */
  positions: Map<string, number>
  connectedOnce: boolean
  /** Answers the held connect with these messages before its reply. */
  held?: { request: Message; authorization: string | undefined; finish(messages: Message[]): void }
  /** Messages for the next connect that take its place: an unsolicited disconnect. */
  farewell?: (request: Message) => Message[]
}

export interface Clients {
  create(cookie: string | undefined, version: number): Client
  find(id: unknown): Client | undefined
  list(): Client[]
  /** Another client of the same cookie jar holds a long poll. */
  rival(client: Client): Client | undefined
  remove(client: Client): void
  /** From now on the client has so long to send its next connect. */
  expectConnect(client: Client): void
  connectArrived(client: Client): void
  close(): void
}

export function createClients(options: { timeoutMs: () => number }): Clients {
  const clients = new Map<string, Client>()
  const timers = new Map<string, NodeJS.Timeout>()

  const clearTimer = (client: Client) => {
    clearTimeout(timers.get(client.id))
    timers.delete(client.id)
  }
  const remove = (client: Client) => {
    clearTimer(client)
    clients.delete(client.id)
  }
  /** Salesforce §1, "Timeouts": re-POST /meta/connect within 40 s or the session is gone. */
  const expectConnect = (client: Client) => {
    clearTimer(client)
    if (!clients.has(client.id)) return
    timers.set(client.id, setTimeout(() => remove(client), options.timeoutMs()).unref())
  }

  return {
    create(cookie, version) {
      // A new handshake of a cookie jar ends its old session, unless that one is polling right now.
      for (const old of clients.values()) if (old.cookie === cookie && !old.held) remove(old)
      const client: Client = {
        id: randomBytes(16).toString('hex').slice(0, 27),
        cookie: cookie ?? randomBytes(12).toString('hex'),
        version,
        positions: new Map(),
        connectedOnce: false,
      }
      clients.set(client.id, client)
      expectConnect(client)
      return client
    },
    find: (id) => (typeof id === 'string' ? clients.get(id) : undefined),
    list: () => [...clients.values()],
    rival: (client) =>
      [...clients.values()].find((other) => other !== client && other.cookie === client.cookie && other.held),
    remove,
    expectConnect,
    connectArrived: clearTimer,
    close() {
      for (const client of clients.values()) {
        clearTimer(client)
        client.held?.finish([])
      }
      clients.clear()
    },
  }
}
