// Refuses work while the process can't keep up: 503 with Retry-After. Asked after the secret, so that strangers learn nothing,
// and never for health checks, which tell of it in their own way.
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'

/** Mean delay of the event loop over the sample. One long pause (the embedded database's) among many short turns is no overload. */
const LONGEST_DELAY_MS = 500
const SAMPLE_MS = 5_000
const RETRY_AFTER_SECONDS = 10

export async function refuseWhenOverloaded(app: FastifyInstance, sampleMs = SAMPLE_MS): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: LONGEST_DELAY_MS,
    sampleInterval: sampleMs,
    // The plugin's own hook would come before the secret's; it only measures.
    pressureHandler: () => undefined,
  })
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.access === 'health' || !app.isUnderPressure()) return
    void reply.header('retry-after', RETRY_AFTER_SECONDS)
    throw app.httpErrors.createError(503, 'The service is overloaded at the moment. Try again.', {
      expose: true,
    })
  })
}
