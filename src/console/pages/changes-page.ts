// The queue, record by record: what is on its way, what waits, and why.
import { z } from 'zod'
import { PRIORITY } from '../../database/changes.ts'
import { pageOfQueue, QUEUE_STATES, type QueueState } from '../../database/queue-list.ts'
import type { Db } from '../../database/tables.ts'
import { OBJECTS } from '../../salesforce/ids.ts'
import type { App } from '../../web/app-type.ts'
import { field } from './fields.ts'
import type { Show } from './pages.ts'
import { address } from './parked-page.ts'
import { words } from './words.ts'

const PAGE = 100
const list = z.object({ object: field(80), state: field(20), after: field(100) })

const STATES: Record<QueueState, string> = {
  queued: 'Queued',
  again: 'Tried again',
  waiting: 'Waiting for its parent',
  stopped: 'Removal to be confirmed',
}

const ORDER: Record<number, string> = {
  [PRIORITY.asked]: 'asked for by an admin',
  [PRIORITY.live]: 'changed just now',
  [PRIORITY.found]: 'found by the reconcile',
  [PRIORITY.background]: 'part of the backfill',
}

type Row = Awaited<ReturnType<typeof pageOfQueue>>[number]

export function changesPages(app: App, { db, show }: { db: Db; show: Show }): void {
  app.get(
    '/changes',
    { config: { access: 'session' }, schema: { hide: true, querystring: list } },
    async (request, reply) => {
      const { object, after } = request.query
      const state = QUEUE_STATES.find((one) => one === request.query.state)
      const found = await pageOfQueue(db, { object, state }, { after, limit: PAGE + 1 })
      const rows = found.slice(0, PAGE)
      const last = found.length > PAGE ? rows.at(-1) : undefined
      return show(request, reply, {
        template: 'changes',
        title: 'Queue',
        data: {
          filter: { object, state },
          objects: OBJECTS,
          states: Object.entries(STATES),
          rows: rows.map((row) => ({ ...row, told: why(row), order: ORDER[row.priority] ?? '' })),
          next: last && address('/changes', { object, state, after: last.id }),
        },
      })
    },
  )
}

function why({ waiting_for: parent, attempts, reason, code, due, marked_at: markedAt }: Row): string {
  if (parent !== null) return `It ${reason ?? `waits for ${parent}`}.`
  if (attempts > 0)
    return `${reason ?? code ?? 'Marketo was not ready'}; attempt ${attempts + 1} is at ${words.time(due.toISOString())}.`
  if (due.getTime() > markedAt.getTime() + 1_000)
    return `It rests until ${words.time(due.toISOString())}, so that further edits go along.`
  return 'It goes out as soon as it is its turn.'
}
