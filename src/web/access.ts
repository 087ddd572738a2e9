// Who may call what. Every route names its access; the check runs before anything else of a request is looked at, its body
// least of all. Secrets are compared in constant time, and strangers are slowed down by address.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Session, Sessions } from './session.ts'

/** `health` is open and never limited: a platform's probes come as often as they like. `session`: the console's pages. */
export type Access = 'open' | 'health' | 'webhook' | 'admin' | 'metrics' | 'session'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Null where nobody is signed in to the console. */
    session: Session | null
  }
}

/** The accepted secrets per access; a rotation has two. Without any nobody gets in. */
export type Secrets = Record<'webhook' | 'admin' | 'metrics', string[]>

/** A minute, per process. Calls with the right secret are limited for the webhook alone. */
export const LIMITS = { webhook: 600, stranger: 60, open: 300 } as const
const MINUTE_MS = 60_000

export function guardAccess(app: FastifyInstance, secrets: Secrets, sessions: Sessions): void {
  const limit = (max: number, key?: string) =>
    app.createRateLimit({
      max,
      timeWindow: MINUTE_MS,
      ...(key === undefined ? {} : { keyGenerator: () => key }),
    })
  const webhookCalls = limit(LIMITS.webhook, 'webhook')
  const strangers = limit(LIMITS.stranger)
  const openCalls = limit(LIMITS.open)

  app.decorateRequest('session', null)

  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined)
      throw new Error(`The route ${route.url} does not name its access.`)
  })

  app.addHook('onRequest', async (request, reply) => {
    // No route: not found, which is as open as a stranger's knock.
    const access = request.routeOptions.config.access ?? 'open'
    if (access === 'health') return
    const session = access === 'session' ? sessions.of(request.headers.cookie) : 'missing'
    const known =
      access === 'session'
        ? typeof session === 'object'
        : access !== 'open' && isOneOf(secrets[access], bearerOf(request))
    const used = known
      ? access === 'webhook'
        ? webhookCalls
        : undefined
      : access === 'open' || access === 'session'
        ? openCalls
        : strangers
    const state = await used?.(request)
    if (state !== undefined && !state.isAllowed && state.isExceeded) {
      void reply.header('retry-after', state.ttlInSeconds)
      throw app.httpErrors.tooManyRequests(
        `More than ${state.max} requests in a minute. Try again in ${state.ttlInSeconds} s.`,
      )
    }
    if (typeof session === 'object') request.session = session
    if (access === 'open' || known) return
    if (access === 'session')
      throw app.httpErrors.unauthorized(
        session === 'expired' ? 'Your session has ended. Sign in again.' : 'Sign in to see this page.',
      )
    void reply.header('www-authenticate', 'Bearer')
    throw app.httpErrors.unauthorized(EXPECTED[access])
  })
}

const EXPECTED = {
  webhook: 'Send the header "Authorization: Bearer <WEBHOOK_SECRET>".',
  admin: 'Send the header "Authorization: Bearer <ADMIN_TOKEN>".',
  metrics: 'Send the header "Authorization: Bearer <METRICS_TOKEN>".',
} as const

function bearerOf(request: FastifyRequest): Buffer | undefined {
  const [, token] = /^bearer +(\S(?:.*\S)?) *$/i.exec(request.headers.authorization ?? '') ?? []
  // Node reads header bytes as latin1; a secret beyond ASCII arrives as its UTF-8 bytes.
  return token === undefined ? undefined : Buffer.from(token, 'latin1')
}

/** Looks at every secret, so that the time taken tells nothing about which one nearly fitted. */
export function isOneOf(secrets: string[], given: Buffer | undefined): boolean {
  const digest = digestOf(given ?? Buffer.alloc(0))
  const matches = secrets.filter((secret) => timingSafeEqual(digestOf(Buffer.from(secret)), digest))
  return given !== undefined && matches.length > 0
}

function digestOf(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest()
}
