// What an admin can tell the leader to do. A command goes through the database, so it does not matter which process was asked.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { readLease } from '../database/lease.ts'
import { lockState, waitsForLeader } from '../database/pending-commands.ts'
import { readState, sendCommand, writeState, type Command } from '../database/state.ts'
import type { Db, Trx } from '../database/tables.ts'
import { OBJECTS } from '../salesforce/ids.ts'
import type { App } from '../web/app-type.ts'
import { failures } from '../web/failures.ts'
import { REPORT_KEY, type LeaderReport } from './leader-report.ts'
import { MAPPING_KEY, mappingShape, publishedMapping, type PublishedMapping } from './mapping-shape.ts'

const accepted = z
  .object({ accepted: z.literal(true), command: z.number().int() })
  .describe('The leader does it within seconds.')

const nothing = z.strictObject({}, { error: 'the body must be empty or {}' })

const backfillRequest = z.strictObject(
  {
    objects: z
      .array(z.enum(OBJECTS, `must be one of ${OBJECTS.join(', ')}`), 'must be a list of objects')
      .min(1, 'must name at least one object')
      .optional()
      .describe('Only these; all six if absent.'),
    force: z
      .boolean('must be true or false')
      .optional()
      .describe('Sends every field of every record, whatever was sent before.'),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? 'unknown keys (objects and force are known)'
        : 'the body must be a JSON object',
  },
)

/** How long a caller waits for the leader: it looks for commands every second and reports every second. */
const LEADER_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 200

/** When the last backfill was asked for: by its command's id, in the leader's term of that time. */
const ASKED_KEY = 'backfill-asked'
interface Asked {
  id?: number
  epoch?: number
}

export function commandRoutes(
  app: App,
  { db, leaderWithinMs = LEADER_WITHIN_MS }: { db: Db; leaderWithinMs?: number },
): void {
  const config = { access: 'admin', bodyOptional: true } as const
  const schema = { tags: ['console'], security: [{ admin: [] }] }

  app.post(
    '/api/backfill',
    {
      config,
      schema: {
        ...schema,
        summary: 'Reads everything from Salesforce and sends what Marketo lacks.',
        body: backfillRequest,
        response: { 202: accepted, ...failures(400, 401, 409, 429, 503) },
      },
    },
    async (request, reply) => {
      const { objects, force } = request.body
      const command = {
        ...(objects === undefined ? {} : { objects }),
        ...(force === undefined ? {} : { force }),
      }
      const sent = await db.transaction().execute((trx) => askForBackfill(trx, command))
      if (typeof sent === 'string') throw app.httpErrors.conflict(sent)
      return reply.code(202).send({ accepted: true, command: sent })
    },
  )

  const simple: { url: string; name: Command['name']; summary: string }[] = [
    { url: '/api/backfill/pause', name: 'backfill-pause', summary: 'Pauses the backfill.' },
    { url: '/api/backfill/resume', name: 'backfill-resume', summary: 'Goes on with a paused backfill.' },
    { url: '/api/reconcile', name: 'reconcile', summary: 'Looks for changes that no event told of, now.' },
    {
      url: '/api/removals/confirm',
      name: 'confirm-removals',
      summary: 'Confirms a mass removal that was stopped.',
    },
  ]
  for (const { url, name, summary } of simple)
    app.post(
      url,
      {
        config,
        schema: {
          ...schema,
          summary,
          body: nothing,
          response: { 202: accepted, ...failures(400, 401, 429, 503) },
        },
      },
      async (_request, reply) =>
        reply.code(202).send({ accepted: true, command: await sendCommand(db, { name, arguments: {} }) }),
    )

  app.post(
    '/api/mapping/reload',
    {
      config,
      schema: {
        ...schema,
        summary: 'Reads the mapping anew; answers with the effective one and its bad rows.',
        body: nothing,
        response: { 200: mappingShape, ...failures(400, 401, 429, 503) },
      },
    },
    async (_request, reply) => {
      const id = await sendCommand(db, { name: 'reload-mapping', arguments: {} })
      if (!(await obeyed(db, id, leaderWithinMs))) {
        void reply.header('retry-after', 10)
        const words = `The leader did not reload the mapping within ${leaderWithinMs / 1_000} s. See the problems in /api/status, and try again.`
        throw app.httpErrors.createError(503, words, { expose: true })
      }
      const mapping = await readState<PublishedMapping>(db, MAPPING_KEY)
      return publishedMapping(mapping)
    },
  )
}

/** The command's id, or why there is none. */
export async function askForBackfill(trx: Trx, command: object): Promise<number | string> {
  const asked = await lockState<Asked>(trx, ASKED_KEY)
  const report = await readState<LeaderReport>(trx, REPORT_KEY)
  const { epoch } = await readLease(trx)
  const state = report?.backfill.state
  if (state === 'paused') return 'A backfill is paused. Resume it: POST /api/backfill/resume.'
  const underWay = asked?.id !== undefined && asked.epoch === epoch && asked.id > (report?.commandsDone ?? 0)
  if (state === 'running' || underWay || (await waitsForLeader(trx, 'backfill')))
    return 'A backfill is running already. /api/status shows how far it is.'
  const id = await sendCommand(trx, { name: 'backfill', arguments: command })
  await writeState(trx, ASKED_KEY, { id, epoch })
  return id
}

/** Whether the leader has obeyed the command within the time. */
export async function obeyed(db: Db, command: number, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs
  do {
    const [report, lease] = await Promise.all([readState<LeaderReport>(db, REPORT_KEY), readLease(db)])
    if (report !== undefined && report.epoch === lease.epoch && report.commandsDone >= command) return true
    await sleep(LOOK_EVERY_MS)
  } while (performance.now() < end)
  return false
}
