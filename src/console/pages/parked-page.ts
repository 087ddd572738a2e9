// Refused records: grouped by reason, filtered, tried again, as a CSV file; and a mass removal that waits for somebody to confirm it.
import { Readable } from 'node:stream'
import { z } from 'zod'
import { retryParked, type ParkedRecord } from '../../database/parked.ts'
import {
  groupsOfParked,
  idsOfParked,
  pageOfParked,
  type ListFilter,
  type Place,
} from '../../database/parked-list.ts'
import { countStopped, pageOfQueue } from '../../database/queue-list.ts'
import { sendCommand } from '../../database/state.ts'
import type { Db } from '../../database/tables.ts'
import { OBJECTS } from '../../salesforce/ids.ts'
import type { App } from '../../web/app-type.ts'
import { csvLine } from './csv-text.ts'
import { field } from './fields.ts'
import type { Show } from './pages.ts'

const PAGE = 50
const GROUPS = 100
const CSV_PAGE = 1_000

const filters = { object: field(80), code: field(200), group: field(32), text: field(200) }
const list = z.object({ ...filters, after: field(300) })
const chosen = z.object({ ...filters, id: field(200) })

export function parkedPages(app: App, { db, show }: { db: Db; show: Show }): void {
  const config = { access: 'session' } as const

  app.get('/parked', { config, schema: { hide: true, querystring: list } }, async (request, reply) => {
    const { after, ...filter } = request.query
    const [groups, found, stopped] = await Promise.all([
      groupsOfParked(db, filter, GROUPS),
      pageOfParked(db, filter, { after: placeOf(after), limit: PAGE + 1 }),
      stoppedRemovals(db),
    ])
    const records = found.slice(0, PAGE)
    const last = found.length > PAGE ? records.at(-1) : undefined
    return show(request, reply, {
      template: 'parked',
      title: 'Parked records',
      data: {
        filter,
        objects: [...OBJECTS, 'Event'],
        total: groups.reduce((sum, group) => sum + group.records, 0),
        groups: groups.map((group) => ({
          ...group,
          href: address('/parked', { ...group, text: filter.text }),
        })),
        records,
        stopped,
        csv: address('/parked.csv', filter),
        next: last && address('/parked', { ...filter, after: `${last.object}/${last.id}` }),
        filtered: Object.values(filter).some((value) => value !== undefined),
      },
    })
  })

  app.get('/parked.csv', { config, schema: { hide: true, querystring: list } }, async (request, reply) => {
    const { after: _, ...filter } = request.query
    // Before the first byte goes out a failure can still be told.
    const first = await pageOfParked(db, filter, { limit: CSV_PAGE })
    return reply
      .header('content-disposition', 'attachment; filename="parked.csv"')
      .header('cache-control', 'no-store')
      .type('text/csv; charset=utf-8')
      .send(Readable.from(csvOf(db, filter, first)))
  })

  app.post('/parked/retry', { config, schema: { hide: true, body: chosen } }, async (request, reply) => {
    const ids = await idsOfParked(db, request.body)
    const retried = await retryParked(db, { ids })
    return reply.redirect(`/parked?done=retried&n=${retried}`, 303)
  })

  app.post('/removals/confirm', { config, schema: { hide: true } }, async (_request, reply) => {
    await sendCommand(db, { name: 'confirm-removals', arguments: {} })
    return reply.redirect('/parked?done=confirmed', 303)
  })
}

async function stoppedRemovals(db: Db) {
  const counts = await countStopped(db)
  const records = counts.length === 0 ? [] : await pageOfQueue(db, { state: 'stopped' }, { limit: PAGE })
  return { counts, records, total: counts.reduce((sum, count) => sum + count.records, 0) }
}

async function* csvOf(db: Db, filter: ListFilter, first: ParkedRecord[]): AsyncGenerator<string> {
  yield csvLine(['Object', 'Id', 'Code', 'Reason', 'What to do', 'Attempts', 'First seen', 'Last seen'])
  for (let records = first; ;) {
    for (const record of records)
      yield csvLine([
        record.object,
        record.id,
        record.code,
        record.reason,
        record.advice,
        record.attempts,
        record.firstSeenAt.toISOString(),
        record.lastSeenAt.toISOString(),
      ])
    if (records.length < CSV_PAGE) return
    records = await pageOfParked(db, filter, { after: records.at(-1), limit: CSV_PAGE })
  }
}

/** "Lead/00Q…", as the link to the next page has it. */
function placeOf(after: string | undefined): Place | undefined {
  const [object, ...id] = after?.split('/') ?? []
  return object === undefined || id.length === 0 ? undefined : { object, id: id.join('/') }
}

interface Parameters extends ListFilter {
  state?: string | undefined
  after?: string | undefined
}

export function address(path: string, parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const name of ['object', 'code', 'group', 'text', 'state', 'after'] as const)
    if (parameters[name] !== undefined) query.set(name, parameters[name])
  return query.size === 0 ? path : `${path}?${query.toString()}`
}
