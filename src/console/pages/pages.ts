// What every page of the console shares: templates, cookies, forms that can't be forged, and failures as pages. Its own scope of the
// web server, so that the API knows nothing of forms and cookies.
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import formbody from '@fastify/formbody'
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../../web/app-type.ts'
import { tellFailure } from '../../web/failures.ts'
import type { Sessions } from '../../web/session.ts'
import { serveAssets } from './assets.ts'
import { isLoopback } from './loopback.ts'
import { sentenceOf } from './notices.ts'
import { words } from './words.ts'

/** A filter of 200 signs, each of them nine in an address, is longer than anybody's bookmark. */
export const LONGEST_PLACE = 1_000

const TEMPLATES = join(import.meta.dirname, 'templates')

export interface Page {
  template: string
  title: string
  status?: number
  data?: object
}

export type Show = (request: FastifyRequest, reply: FastifyReply, page: Page) => Promise<FastifyReply>

export async function openPages(
  app: App,
  { sessions, embedded }: { sessions: Sessions; embedded: boolean },
): Promise<Show> {
  await app.register(cookie)
  await app.register(formbody, { bodyLimit: 100_000 })
  await app.register(csrf, {
    csrfOpts: { hmacKey: sessions.formKey },
    getUserInfo: (request) => request.session?.nonce ?? '',
    cookieKey: 'form',
    cookieOpts: { path: '/', httpOnly: true, sameSite: 'strict' },
  })
  await app.register(view, {
    engine: { eta: new Eta({ views: TEMPLATES, cache: true }) },
    root: TEMPLATES,
    viewExt: 'eta',
    production: true,
  })
  await serveAssets(app)

  // Every change that a signed-in browser asks for needs the word that only our own pages hold.
  app.addHook('preValidation', (request, reply, done) => {
    if (request.session === null || request.method === 'GET' || request.method === 'HEAD') return done()
    app.csrfProtection(request, reply, done)
  })

  const show: Show = async (request, reply, { template, title, status = 200, data = {} }) => {
    const signedIn = request.session !== null
    const form = signedIn
      ? reply.generateCsrf({ userInfo: request.session!.nonce, secure: !isLoopback(request.hostname) })
      : ''
    const path = request.url.split('?', 1)[0] ?? '/'
    return reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .view(
        template,
        { ...words, title, path, form, signedIn, embedded, notice: sentenceOf(request.url), ...data },
        { layout: 'layout' },
      )
  }

  app.setErrorHandler(async (thrown, request, reply) => {
    const { statusCode, message } = tellFailure(thrown, request, reply)
    const wantsPage = request.headers.accept?.includes('text/html') ?? false
    if (statusCode === 401 && request.routeOptions.config.access === 'session' && wantsPage)
      return reply.redirect(signInAddress(request, message), 303)
    const told =
      statusCode === 403 ? 'This form is too old or was not ours. Open the page anew and try again.' : message
    if (!wantsPage)
      return reply
        .code(statusCode)
        .type('application/json; charset=utf-8')
        .send({ statusCode, error: STATUS_CODES[statusCode] ?? 'Error', message: told })
    return show(request, reply, {
      template: 'failure',
      title: statusCode === 404 ? 'Not found' : 'That did not work',
      status: statusCode,
      data: { message: told },
    })
  })
  app.get('/*', { config: { access: 'open' }, schema: { hide: true } }, (request) => {
    // Whoever is signed in keeps the way to the other pages.
    const session = sessions.of(request.headers.cookie)
    if (typeof session === 'object') request.session = session
    const page = request.headers.accept?.includes('text/html') ?? false
    throw app.httpErrors.notFound(
      page ? 'There is no such page.' : 'There is no GET at this address. /docs/json lists what there is.',
    )
  })
  return show
}

function signInAddress(request: FastifyRequest, message: string): string {
  const query = new URLSearchParams()
  // One that the sign-in would refuse for its length leads home instead.
  if (request.method === 'GET' && request.url !== '/' && request.url.length <= LONGEST_PLACE)
    query.set('next', request.url)
  if (message.startsWith('Your session has ended')) query.set('ended', '1')
  return query.size === 0 ? '/login' : `/login?${query.toString()}`
}
