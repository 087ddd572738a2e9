// Who is signed in to the console. A session is a signed cookie, so every process knows it without a table. Its key is derived from
// ADMIN_TOKEN: a new token ends all sessions.
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

export const SESSION_COOKIE = 'session'

const COOKIE = new RegExp(`(?:^|;) *${SESSION_COOKIE}=([^;]*)`)

/** A working day: long enough not to interrupt, short enough for a machine that was left open. */
const LIFE_MS = 12 * 3_600_000

export interface Session {
  /** Forms are bound to it. */
  nonce: string
  expiresAt: number
}

export interface Sessions {
  /** The cookie's value. */
  open(): { value: string; expiresAt: number }
  /** From a request's Cookie header: the session, or why there is none. */
  of(header: string | undefined): Session | 'missing' | 'expired'
  /** Signs what forms carry against forgery. */
  formKey: string
}

export function createSessions(adminToken: string, now: () => number): Sessions {
  const key = derive(adminToken, 'session')
  const sign = (content: string): string => createHmac('sha256', key).update(content).digest('base64url')

  return {
    formKey: derive(adminToken, 'forms').toString('base64url'),

    open() {
      const expiresAt = now() + LIFE_MS
      const content = `${expiresAt}.${randomBytes(16).toString('base64url')}`
      return { value: `${content}.${sign(content)}`, expiresAt }
    },

    of(header) {
      const given = COOKIE.exec(header ?? '')?.[1]
      if (given === undefined || given === '') return 'missing'
      const [, content = '', expires = '', nonce = '', signature = ''] =
        /^((\d{1,15})\.([\w-]{22}))\.([\w-]{43})$/.exec(given) ?? []
      // A cookie signed with a former ADMIN_TOKEN is one that has expired.
      if (!timingSafeEqual(Buffer.from(sign(content)), Buffer.from(signature.padEnd(43)))) return 'expired'
      return Number(expires) > now() ? { nonce, expiresAt: Number(expires) } : 'expired'
    },
  }
}

function derive(secret: string, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'sales-insight-bridge', use, 32))
}
