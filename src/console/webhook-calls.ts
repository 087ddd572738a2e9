// When the scheduled Apex job last called the webhook with the right secret and got an answer: the checklist asks, and alerts do.
import { readState, writeState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'
import { reasonOf } from '../errors.ts'
import type { App } from '../web/app-type.ts'

export interface WebhookCalls {
  at: number
  /** Between the last two runs of the schedule; 0 before there were two. */
  usualPauseMs: number
}

const KEY = 'webhook-called'
/** A walk of many pages needs one line. */
const AT_MOST_EVERY_MS = 60_000
/** The fastest schedule; calls that follow each other sooner are pages of one walk. */
const SHORTEST_PAUSE_MS = 4 * 60_000

export function noteWebhookCalls(app: App, { db, now }: { db: Db; now: () => number }): void {
  let notedAt = Number.NEGATIVE_INFINITY
  app.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.config.access !== 'webhook' || reply.statusCode !== 200) return
    // A rep who presses "Refresh now" asks by ids, and says nothing about the schedule.
    if (Object.hasOwn(Object(request.body), 'ids') || now() - notedAt < AT_MOST_EVERY_MS) return
    notedAt = now()
    await note(db, notedAt).catch((error: unknown) => {
      notedAt = Number.NEGATIVE_INFINITY
      request.log.warn({ reason: reasonOf(error) }, 'the call of the webhook could not be noted')
    })
  })
}

async function note(db: Db, at: number): Promise<void> {
  const before = await readWebhookCalls(db)
  const pauseMs = before === undefined ? 0 : at - before.at
  const usualPauseMs = pauseMs < SHORTEST_PAUSE_MS ? (before?.usualPauseMs ?? 0) : pauseMs
  await writeState(db, KEY, { at: new Date(at).toISOString(), usualPauseMs })
}

export async function readWebhookCalls(db: Db): Promise<WebhookCalls | undefined> {
  const state = await readState<{ at: string; usualPauseMs?: number }>(db, KEY)
  return state && { at: Date.parse(state.at), usualPauseMs: state.usualPauseMs ?? 0 }
}
