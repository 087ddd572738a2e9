// The HTTP side: log, faults, session and limits come first, then the resource itself.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from './api-error.ts'
import type { Bayeux } from './bayeux.ts'
import { methodNotAllowed, type BulkDesk } from './bulk-query.ts'
import type { CallLog } from './call-log.ts'
import { BodyTooLarge, createExchange, type Exchange } from './exchange.ts'
import type { FaultBox } from './faults.ts'
import { limitsAnswer, type LimitUse } from './limits.ts'
import { answerToken, userInfo, type OAuthSettings } from './oauth.ts'
import type { Org } from './org.ts'
import { describeGlobal, describeObject } from './rest-describe.ts'
import type { QueryDesk } from './rest-query.ts'
import { deleteMany, listDeleted, readOne, retrieveMany, writeMany, writeOne } from './rest-records.ts'
import type { RollingCount } from './rolling-count.ts'
import { findRoute, type Route } from './routes.ts'
import type { Sessions } from './sessions.ts'
import { findObject } from './soql-path.ts'
import type { RunContext } from './soql-run.ts'

/** Salesforce §7: "URL limit ~16,384 bytes -> HTTP 414". */
const LONGEST_URL = 16_384
/** Salesforce §1: "Max request body 32,768 bytes" for Bayeux; REST takes far more. */
const LARGEST_BAYEUX = 32_768
const LARGEST_REST = 6_000_000
const OLDEST_REST_VERSION = 31

export interface ServerParts {
  org: Org
  calls: CallLog
  faults: FaultBox
  sessions: Sessions
  oauth: () => OAuthSettings
  context: RunContext
  queries: QueryDesk
  bulk: BulkDesk
  bayeux: Bayeux
  apiRequests: RollingCount
  apiVersion: string
  settings: { latencyMs: number; dailyApiRequests: number }
  limits: () => Record<string, LimitUse>
  now: () => number
  /** Other paths, such as the control API of main.ts; true when it answered. */
  extra?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export function createHttp(parts: ServerParts): Server {
  const { calls, faults, sessions, settings, now } = parts
  const basePath = `/services/data/v${parts.apiVersion}`

  const authorise = (exchange: Exchange) => {
    if (!sessions.accepts(exchange.headers.authorization)) {
      throw new ApiError(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
    }
  }

  const countRequest = (exchange: Exchange) => {
    if (parts.apiRequests.total() >= settings.dailyApiRequests) {
      throw new ApiError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
    }
    parts.apiRequests.add(1)
    exchange.header(
      'Sforce-Limit-Info',
      `api-usage=${parts.apiRequests.total()}/${settings.dailyApiRequests}`,
    )
  }

  const checkVersion = (version: string | undefined) => {
    if (version === undefined) return
    if (Number(version) < OLDEST_REST_VERSION) {
      throw new ApiError(410, 'UNSUPPORTED_API_VERSION', `API version ${version} is no longer supported`)
    }
    if (Number(version) > Number(parts.apiVersion)) throw notFound()
  }

  const answerOpen = (exchange: Exchange, route: Route): Promise<void> | undefined => {
    switch (route.name) {
      case 'bayeux':
        return parts.bayeux.answer(exchange)
      case 'token':
        return answerToken(exchange, parts.oauth(), sessions)
      case 'revoke':
        return exchange.body().then((body) => {
          sessions.revoke(new URLSearchParams(body).get('token') ?? '')
          return exchange.send(200, 'text/html', '')
        })
      case 'versions':
        return exchange.json(200, versions(parts.apiVersion))
      default:
        return undefined
    }
  }

  const answerRest = (exchange: Exchange, route: Route): Promise<void> => {
    const { context, org } = parts
    const [first = '', second = ''] = route.args
    switch (route.name) {
      case 'userinfo':
      case 'identity':
        return exchange.json(200, userInfo(parts.oauth()))
      case 'resources':
        return exchange.json(200, resources(basePath, parts.oauth()))
      case 'limits':
        return exchange.json(200, limitsAnswer(parts.limits()))
      case 'query':
      case 'queryAll':
        if (exchange.method !== 'GET') throw methodNotAllowed(exchange.method, 'HEAD,GET')
        return parts.queries.query(exchange, route.name === 'queryAll')
      case 'queryMore':
        return parts.queries.queryMore(exchange, first)
      case 'describeGlobal':
        return exchange.json(200, describeGlobal(context, basePath))
      case 'describe':
        exchange.call.detail = first
        return exchange.json(200, describeObject(context, restObject(context, first), basePath))
      case 'deleted':
        restObject(context, first)
        return listDeleted(context, org, now(), exchange, first)
      case 'retrieve':
        if (exchange.method !== 'POST') throw methodNotAllowed(exchange.method, 'POST')
        restObject(context, first)
        return retrieveMany(context, exchange, first)
      case 'newRecord':
        if (exchange.method !== 'POST') throw methodNotAllowed(exchange.method, 'POST')
        restObject(context, first)
        return writeOne(context, org, exchange, first, undefined)
      case 'record':
        restObject(context, first)
        if (exchange.method === 'GET') return readOne(context, exchange, first, second)
        if (exchange.method === 'PATCH' || exchange.method === 'DELETE') {
          return writeOne(context, org, exchange, first, second)
        }
        throw methodNotAllowed(exchange.method, 'HEAD,GET,PATCH,DELETE')
      case 'collections':
        if (exchange.method === 'DELETE') return deleteMany(context, org, exchange)
        if (exchange.method === 'PATCH') return writeMany(context, org, exchange, 'update', {})
        if (exchange.method === 'POST') return writeMany(context, org, exchange, 'create', {})
        throw methodNotAllowed(exchange.method, 'DELETE,PATCH,POST')
      case 'bulk':
        return parts.bulk.answer(exchange, route.args[0], false)
      case 'bulkResults':
        return parts.bulk.answer(exchange, first, true)
      default:
        throw notFound()
    }
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', parts.oauth().url)
    const route = findRoute(url.pathname)
    const call = calls.add({
      at: now(),
      kind: route.kind,
      method: request.method ?? 'GET',
      path: url.pathname,
      detail: '',
    })
    // Truthful: watermarks are taken from it (design §5, rule 3).
    response.setHeader('Date', new Date(now()).toUTCString())
    const effect = faults.take('http', call)
    const exchange = createExchange({
      request,
      response,
      url,
      call,
      effect,
      limit: route.kind === 'bayeux' ? LARGEST_BAYEUX : LARGEST_REST,
      latencyMs: settings.latencyMs,
    })
    if (effect?.delayMs) await sleep(effect.delayMs)
    if (effect?.drop === 'before') return exchange.drop()
    if (effect?.answer) {
      const { status, contentType, body, headers = {} } = effect.answer
      for (const [name, value] of Object.entries(headers)) exchange.header(name, value)
      return exchange.send(status, contentType, body)
    }
    try {
      if (Buffer.byteLength(request.url ?? '') > LONGEST_URL) {
        return await exchange.send(414, 'text/html', '<h1>URI Too Long</h1>')
      }
      const open = answerOpen(exchange, route)
      if (open) return await open
      authorise(exchange)
      if (route.kind !== 'identity') countRequest(exchange)
      checkVersion(route.version)
      await answerRest(exchange, route)
    } catch (error) {
      await answerError(exchange, error)
    }
  }

  const server = createServer({ maxHeaderSize: 131_072 }, (request, response) => {
    if (parts.extra?.(request, response)) return
    serve(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 65_000
  return server
}

async function answerError(exchange: Exchange, error: unknown): Promise<void> {
  if (error instanceof ApiError) {
    return exchange.json(error.status, [{ message: error.message, errorCode: error.errorCode }])
  }
  if (error instanceof BodyTooLarge) {
    return exchange.json(413, [{ message: 'Request body too large', errorCode: 'REQUEST_TOO_LARGE' }])
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return exchange.json(500, [{ message, errorCode: 'UNKNOWN_EXCEPTION' }])
}

const notFound = () => new ApiError(404, 'NOT_FOUND', 'The requested resource does not exist')

/** In a path an unknown object is 404, in SOQL it is INVALID_TYPE. */
function restObject(context: RunContext, name: string) {
  if (!context.schema.find(name) || !context.permits(name)) throw notFound()
  return findObject(context, name)
}

function versions(newest: string): unknown[] {
  const list: unknown[] = []
  for (let version = OLDEST_REST_VERSION; version <= Number(newest); version++) {
    list.push({ label: `Version ${version}`, url: `/services/data/v${version}.0`, version: `${version}.0` })
  }
  return list
}

function resources(basePath: string, { url, orgId, userId }: OAuthSettings): Record<string, string> {
  return {
    sobjects: `${basePath}/sobjects`,
    query: `${basePath}/query`,
    queryAll: `${basePath}/queryAll`,
    composite: `${basePath}/composite`,
    limits: `${basePath}/limits`,
    jobs: `${basePath}/jobs`,
    identity: `${url}/id/${orgId}/${userId}`,
  }
}
