// The access token: one request for it at a time, asked for again before it expires. Marketo gives the same token until it
// expires, so a fresh one can't be forced, and one with no time left (expires_in 0 was seen) is asked for again a second later.
// The request isn't counted by Marketo, nor by pacing. Credentials go in the query string: the only documented way.
import type { Dispatcher } from 'undici'
import type { MarketoConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { readToken } from './answer.ts'
import { exchange } from './exchange.ts'
import { failed, type Failed } from './outcome.ts'

export interface Token {
  get(): Promise<{ ok: true; token: string } | Failed>
  /** Marketo answered 601 or 602 to this token. */
  refuse(token: string): void
}

/** Long enough for a slow sign-in, short enough for what a call's slot is held longer than its own time-out. */
export const TOKEN_TIMEOUT_MS = 15_000
/** A token with less left is asked for again before a call: the call may wait a moment on its way. */
const MARGIN_MS = 5_000
const TRIES = 4
const PAUSE_MS = 1_000
/** Refused credentials are not tried again sooner, however many calls wait. */
const REFUSAL_LASTS_MS = 10_000

export function createToken(options: {
  config: MarketoConfig
  dispatcher: Dispatcher
  log: Log
  signal: AbortSignal
  now?: (() => number) | undefined
}): Token {
  const { config, dispatcher, log, signal } = options
  const now = options.now ?? Date.now
  const base = new URL(config.baseUrl)
  const query = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: config.clientId,
    client_secret: config.clientSecret,
  })
  const request = {
    origin: base.origin,
    path: `${base.pathname.replace(/\/$/, '')}/identity/oauth/token?${query.toString()}`,
    method: 'GET' as const,
    headers: { accept: 'application/json' },
    timeoutMs: TOKEN_TIMEOUT_MS,
    signal,
  }

  let current: { token: string; expiresAt: number } | undefined
  let asking: Promise<{ ok: true; token: string } | Failed> | undefined
  let refusal: { outcome: Failed; until: number } | undefined

  async function ask(): Promise<{ ok: true; token: string } | Failed> {
    for (let tries = 1; ; tries++) {
      const askedAt = now()
      const answer = await exchange(dispatcher, request)
      const read = answer.ok ? readToken(answer) : { ...answer, sent: false }
      if (!read.ok) {
        if (read.code === 'credentials') refusal = { outcome: read, until: now() + REFUSAL_LASTS_MS }
        log.warn({ code: read.code, reason: read.message }, "Marketo's sign-in failed")
        return read
      }
      current = { token: read.token, expiresAt: askedAt + read.expiresInMs }
      if (read.expiresInMs > 0) return { ok: true, token: read.token }
      if (tries >= TRIES) return failed('body', 'no-token', 'its tokens have no time left', false)
      await pause(PAUSE_MS, signal)
    }
  }

  return {
    async get() {
      if (refusal && now() < refusal.until) return refusal.outcome
      if (current && now() < current.expiresAt - MARGIN_MS) return { ok: true, token: current.token }
      asking ??= ask().finally(() => {
        asking = undefined
      })
      return asking
    },
    refuse(token) {
      if (current?.token === token) current = undefined
    },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop, { once: true })
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
}
