// The web server without a port: what every request goes through, then the routes. Every answer but the console's pages and
// /metrics is JSON.
import compress from '@fastify/compress'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import sensible from '@fastify/sensible'
import fastify, { LogController, type FastifyBaseLogger } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { commandRoutes } from './console/commands.ts'
import { healthRoutes } from './console/health.ts'
import { metricsRoute } from './console/metrics-route.ts'
import { parkedRoutes } from './console/parked-routes.ts'
import { preflightRoute } from './console/preflight-route.ts'
import { runPreflight } from './console/preflight/run.ts'
import { recordRoutes } from './console/record-routes.ts'
import { consolePages } from './console/pages/index.ts'
import { remember } from './console/remember.ts'
import { createStatus, statusRoute } from './console/status.ts'
import { noteWebhookCalls } from './console/webhook-calls.ts'
import type { Config } from './config.ts'
import type { Db } from './database/tables.ts'
import type { InsightSource } from './insights/read-now.ts'
import { insightRoute } from './insights/route.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Salesforce } from './salesforce/connect.ts'
import type { Reader } from './salesforce/read.ts'
import { guardAccess } from './web/access.ts'
import type { App } from './web/app-type.ts'
import { answerBadAddress, answerFailures } from './web/failures.ts'
import { LONGEST_BODY_BYTES, readJsonBodies } from './web/json-bodies.ts'
import { describeRoutes, serveDescription } from './web/openapi.ts'
import { refuseWhenOverloaded } from './web/overload.ts'
import { nameProblems } from './web/problems.ts'
import { createSessions } from './web/session.ts'

export interface AppDeps {
  config: Config
  db: Db
  log: Log
  metrics: Metrics
  /** Undefined until Marketo is set up. */
  marketo: InsightSource | undefined
  /** Connects when it is first needed; undefined until Salesforce is set up. */
  salesforce?: (() => Promise<Pick<Reader, 'read'>>) | undefined
  /** The connection behind it, for what only the console asks. */
  org?: (() => Promise<Salesforce>) | undefined
  /** Whether this process leads. */
  isLeader: () => boolean
  now?: () => number
}

/** Nothing inline, nothing of other hosts, no frames. Pictures in SLDS's style sheet are data. */
const CONTENT_SECURITY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
}

/** A router in front keeps connections for 90 s; closing earlier than it does loses requests (facts: Heroku, Router 2.0). */
const KEEP_ALIVE_MS = 95_000
const HEADERS_TIMEOUT_MS = 100_000
/** A whole request, body included; the router gives up after 30 s. */
const REQUEST_TIMEOUT_MS = 30_000
const PREFLIGHT_EVERY_MS = 10_000

export async function buildApp(deps: AppDeps): Promise<App> {
  const { config, db, log, marketo, salesforce, org, metrics, isLeader, now = Date.now } = deps
  const logger: FastifyBaseLogger = log
  const app: App = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LONGEST_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    // The router's word about the address counts, the caller's doesn't. As a number Fastify trusts nobody (lib/request.js).
    trustProxy: (_address, hop) => hop === 0,
    routerOptions: {
      // Longer parameters than any id are told so by the route, instead of not being found.
      maxParamLength: 1_000,
      // A Named Credential whose URL ends in a slash, as browsers copy it, calls //webhooks/insights.
      ignoreDuplicateSlashes: true,
      ignoreTrailingSlash: true,
    },
    frameworkErrors: answerBadAddress,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setSchemaErrorFormatter(nameProblems)

  await app.register(sensible)
  await app.register(rateLimit, { global: false })
  await app.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY })
  await app.register(compress, { encodings: ['gzip', 'identity'], globalDecompression: false })
  answerFailures(app)
  const sessions = createSessions(config.env.ADMIN_TOKEN, now)
  guardAccess(
    app,
    {
      webhook: [config.env.WEBHOOK_SECRET, config.env.WEBHOOK_SECRET_PREVIOUS ?? []].flat(),
      admin: [config.env.ADMIN_TOKEN],
      metrics: [config.env.METRICS_TOKEN ?? []].flat(),
    },
    sessions,
  )
  await refuseWhenOverloaded(app)
  readJsonBodies(app)
  await describeRoutes(app, config.env.APP_URL)

  const status = createStatus({ db, config, isLeader, now })
  // Thirteen calls to Marketo a time, however often somebody looks.
  const preflight = remember(PREFLIGHT_EVERY_MS, () =>
    runPreflight({ config, db, org, marketo, status, now }),
  )
  noteWebhookCalls(app, { db, now })
  healthRoutes(app, { db })
  insightRoute(app, { db, marketo, log, metrics, now })
  statusRoute(app, status)
  commandRoutes(app, { db })
  parkedRoutes(app, { db })
  preflightRoute(app, preflight)
  recordRoutes(app, { db, marketo, salesforce })
  if (config.env.METRICS_TOKEN !== undefined) metricsRoute(app, { metrics, status, isLeader, now })
  serveDescription(app)
  await app.register(async (pages: App) =>
    consolePages(pages, { config, db, marketo, salesforce, org, sessions, status, preflight, now }),
  )
  return app
}
