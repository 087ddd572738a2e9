// One record: why it is not in MSI, and syncing it now.
import { z } from 'zod'
import { mark, PRIORITY } from '../database/changes.ts'
import type { Db } from '../database/tables.ts'
import { objectOf, OBJECTS, toId18, type ObjectName } from '../salesforce/ids.ts'
import type { App } from '../web/app-type.ts'
import { failures } from '../web/failures.ts'
import { diagnose } from './diagnosis.ts'
import { gather, type GatherDeps } from './gather.ts'

const id = z
  .string()
  .refine((text) => toId18(text) !== undefined, 'must be a Salesforce id of 15 or 18 characters')
  .describe('Salesforce id, 15 or 18 characters.')

const values = z.record(z.string(), z.unknown()).nullable()

const diagnosisShape = z
  .object({
    id: z.string(),
    object: z.string(),
    salesforce: values.describe('As the integration user sees it.'),
    ledger: values.describe('What the bridge has sent and been confirmed.'),
    marketo: values.describe('What Marketo holds now.'),
    checks: z.array(
      z.object({ name: z.string(), ok: z.boolean(), reason: z.string(), advice: z.string().nullable() }),
    ),
  })
  .describe('What is known of the record, and every check.')

export function recordRoutes(app: App, deps: GatherDeps & { db: Db }): void {
  const { db } = deps
  const schema = { tags: ['console'], security: [{ admin: [] }], params: z.object({ id }) }

  /** The record's object, or 404: ids of other objects exist, but never here. */
  function find(given: string): { id: string; object: ObjectName } {
    const id = toId18(given) ?? given
    const object = objectOf(id)
    if (object === undefined)
      throw app.httpErrors.notFound(`${id} is no ${OBJECTS.join(', ')}: other objects are not synced.`)
    return { id, object }
  }

  async function explain(given: string) {
    const { id, object } = find(given)
    const diagnosis = diagnose(await gather(deps, object, id))
    if (diagnosis === undefined)
      throw app.httpErrors.notFound(`${object} ${id} is neither in Salesforce nor in Marketo.`)
    return diagnosis
  }

  app.get(
    '/api/records/:id',
    {
      config: { access: 'admin' },
      schema: {
        ...schema,
        summary: 'Why a record does not show in MSI.',
        response: { 200: diagnosisShape, ...failures(400, 401, 404, 429, 503) },
      },
    },
    (request) => explain(request.params.id),
  )

  app.post(
    '/api/records/:id/sync',
    {
      config: { access: 'admin', bodyOptional: true },
      schema: {
        ...schema,
        summary: 'Sends the record now, with all its fields.',
        body: z.strictObject({}, { error: 'the body must be empty or {}' }),
        response: {
          202: z.object({ id: z.string(), object: z.enum(OBJECTS) }).describe('It is queued.'),
          ...failures(400, 401, 404, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const found = find(request.params.id)
      await mark(db, [{ ...found, priority: PRIORITY.asked, force: true }])
      return reply.code(202).send(found)
    },
  )
}
