// Reads bodies: JSON only, at most 1 MB, in the order 415, 413, 400. For commands a POST without a body is as good as {}.
import type { FastifyInstance } from 'fastify'

export const LONGEST_BODY_BYTES = 1_048_576

declare module 'fastify' {
  interface FastifyContextConfig {
    /** No body is as good as {}. */
    bodyOptional?: boolean
  }
}

export function readJsonBodies(app: FastifyInstance): void {
  // 'error': a body with __proto__ or constructor.prototype is refused, not cleaned.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '' && request.routeOptions.config.bodyOptional === true) return done(null, {})
    return parseJson(request, body.toString(), done)
  })

  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      throw app.httpErrors.unsupportedMediaType('The body must be sent without Content-Encoding.')
    // `curl -X POST -d ''` names a form's media type for nothing at all.
    if (request.routeOptions.config.bodyOptional === true && request.headers['content-length'] === '0')
      request.headers['content-type'] = 'application/json'
  })

  app.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.config.bodyOptional === true) request.body = {}
  })
}
