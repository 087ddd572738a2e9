// Is the process alive, and can it serve? Salesforce's and Marketo's troubles are problems in the status, not unreadiness: the
// webhook needs only the store.
import { z } from 'zod'
import { schemaBehind } from '../database/schema.ts'
import type { Db } from '../database/tables.ts'
import { reasonOf } from '../errors.ts'
import { remember } from './remember.ts'
import type { App } from '../web/app-type.ts'

const check = z.object({ name: z.string(), ok: z.boolean(), reason: z.string().nullable() })
const health = z.object({ ok: z.boolean(), checks: z.array(check) }).describe('What was looked at.')
type Check = z.output<typeof check>

/** Shorter than a probe's patience. */
const TIMEOUT_MS = 5_000

export function healthRoutes(app: App, { db }: { db: Db }): void {
  // Probes of any number cost the database one look a second.
  const ready = remember(1_000, () => checkDatabase(db))

  app.get(
    '/health/live',
    {
      config: { access: 'health' },
      schema: { tags: ['health'], summary: 'Is the process alive?', response: { 200: health } },
    },
    async () => ({ ok: true, checks: [{ name: 'process', ok: true, reason: null }] }),
  )

  app.get(
    '/health/ready',
    {
      config: { access: 'health' },
      schema: {
        tags: ['health'],
        summary: 'Can it serve: database and schema.',
        response: { 200: health, 503: health },
      },
    },
    async (_request, reply) => {
      const checks = await ready()
      const ok = checks.every((one) => one.ok)
      return reply.code(ok ? 200 : 503).send({ ok, checks })
    },
  )
}

async function checkDatabase(db: Db): Promise<Check[]> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)),
    TIMEOUT_MS,
  )
  try {
    const behind = await Promise.race([schemaBehind(db), late.promise])
    const reason = behind.length === 0 ? null : `Behind by ${behind.join(', ')}: run npm run migrate.`
    return [
      { name: 'database', ok: true, reason: null },
      { name: 'schema', ok: behind.length === 0, reason },
    ]
  } catch (thrown) {
    // Its words may hold the database's address, which is nobody's business here.
    const reason = reasonOf(thrown).startsWith('no answer') ? reasonOf(thrown) : 'cannot be reached'
    return [
      { name: 'database', ok: false, reason },
      { name: 'schema', ok: false, reason: 'unknown, as the database does not answer' },
    ]
  } finally {
    clearTimeout(timer)
  }
}
