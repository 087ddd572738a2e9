// When Salesforce last called the webhook with the right secret and got an answer: the checklist asks, and so may an alert.
import { readState, writeState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'
import { reasonOf } from '../errors.ts'
import type { App } from '../web/app-type.ts'

const KEY = 'webhook-called'
/** A walk of many pages needs one line. */
const AT_MOST_EVERY_MS = 60_000

export function noteWebhookCalls(app: App, { db, now }: { db: Db; now: () => number }): void {
  let notedAt = Number.NEGATIVE_INFINITY
  app.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.config.access !== 'webhook' || reply.statusCode !== 200) return
    if (now() - notedAt < AT_MOST_EVERY_MS) return
    notedAt = now()
    await writeState(db, KEY, { at: new Date(notedAt).toISOString() }).catch((error: unknown) => {
      notedAt = Number.NEGATIVE_INFINITY
      request.log.warn({ reason: reasonOf(error) }, 'the call of the webhook could not be noted')
    })
  })
}

export async function lastWebhookCall(db: Db): Promise<Date | undefined> {
  const state = await readState<{ at: string }>(db, KEY)
  return state === undefined ? undefined : new Date(state.at)
}
