// Signing in with ADMIN_TOKEN, and out again. An address that fails repeatedly is slowed down, whatever it then sends.
import { z } from 'zod'
import type { App } from '../../web/app-type.ts'
import { isOneOf } from '../../web/access.ts'
import { SESSION_COOKIE, type Sessions } from '../../web/session.ts'
import { createSlowDown } from '../../web/slow-down.ts'
import { field } from './fields.ts'
import { isLoopback } from './loopback.ts'
import { LONGEST_PLACE, type Show } from './pages.ts'

/** Only our own pages: an address of another host, or a scheme, must not be where a sign-in ends. */
const LOCAL = /^\/(?![/\\])[\w\-./?=&%+@]*$/
const localOr = (path: string | undefined): string =>
  path !== undefined && LOCAL.test(path) && !path.startsWith('/log') ? path : '/'

export function signInPages(
  app: App,
  deps: { show: Show; sessions: Sessions; adminToken: string; now: () => number },
): void {
  const { show, sessions, adminToken, now } = deps
  const slowDown = createSlowDown(now)
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict' } as const
  const place = z.object({ next: field(LONGEST_PLACE), ended: field(10) })

  app.get(
    '/login',
    { config: { access: 'open' }, schema: { hide: true, querystring: place } },
    async (request, reply) => {
      const { next, ended } = request.query
      if (typeof sessions.of(request.headers.cookie) === 'object') return reply.redirect(localOr(next), 303)
      return show(request, reply, {
        template: 'login',
        title: 'Sign in',
        data: {
          next: localOr(next),
          message: ended === undefined ? undefined : 'Your session has ended. Sign in again.',
        },
      })
    },
  )

  app.post(
    '/login',
    {
      config: { access: 'open' },
      schema: { hide: true, body: z.object({ token: field(1_000), next: field(LONGEST_PLACE) }) },
    },
    async (request, reply) => {
      const { token, next } = request.body
      const waitMs = slowDown.waitOf(request.ip)
      const seconds = Math.ceil(waitMs / 1_000)
      const refuse = (status: number, message: string) =>
        show(request, reply, {
          template: 'login',
          title: 'Sign in',
          status,
          data: { next: localOr(next), message, wrong: true },
        })
      if (waitMs > 0) {
        void reply.header('retry-after', seconds)
        return refuse(
          429,
          `Too many wrong tokens came from your address. Wait ${seconds} seconds and try again.`,
        )
      }
      if (token === undefined || !isOneOf([adminToken], Buffer.from(token))) {
        slowDown.failed(request.ip)
        request.log.warn({ address: request.ip }, 'a sign-in to the console was refused')
        return refuse(
          401,
          'This is not the admin token. You find it as ADMIN_TOKEN in the environment of the app (on Heroku: Settings > Config Vars).',
        )
      }
      slowDown.succeeded(request.ip)
      const { value, expiresAt } = sessions.open()
      const secure = !isLoopback(request.hostname)
      return reply
        .setCookie(SESSION_COOKIE, value, { ...cookie, secure, expires: new Date(expiresAt) })
        .redirect(localOr(next), 303)
    },
  )

  app.post('/logout', { config: { access: 'session' }, schema: { hide: true } }, (request, reply) =>
    reply
      .clearCookie(SESSION_COOKIE, { ...cookie, secure: !isLoopback(request.hostname) })
      .redirect('/login', 303),
  )
}
