// Access tokens. A session slides: each use extends it (salesforce §6, "session policy"), and a held stream
// keeps it alive (§1, "Token expiry"). Revoking ends it at once, for streams too.

import { randomBytes } from 'node:crypto'

export interface Sessions {
  issue(): string
  /** True when the header carries a living session; `Bearer` and `OAuth` are both taken (§1). */
  accepts(authorization: string | undefined): boolean
  revoke(token: string): void
  revokeAll(): void
  onRevoke(listener: () => void): void
}

export function createSessions(options: {
  orgId: string
  now: () => number
  lifetimeMs: () => number
}): Sessions {
  const lastUse = new Map<string, number>()
  const listeners: Array<() => void> = []
  const tellAll = () => {
    for (const listener of listeners) listener()
  }
  return {
    issue() {
      const token = `${options.orgId.slice(0, 15)}!AQ${randomBytes(32).toString('base64url')}`
      lastUse.set(token, options.now())
      return token
    },
    accepts(authorization) {
      const token = /^(?:Bearer|OAuth) (\S+)$/.exec(authorization ?? '')?.[1]
      const last = token === undefined ? undefined : lastUse.get(token)
      if (token === undefined || last === undefined) return false
      if (options.now() - last > options.lifetimeMs()) {
        lastUse.delete(token)
        return false
      }
      lastUse.set(token, options.now())
      return true
    },
    revoke(token) {
      lastUse.delete(token)
      tellAll()
    },
    revokeAll() {
      lastUse.clear()
      tellAll()
    },
    onRevoke: (listener) => void listeners.push(listener),
  }
}
