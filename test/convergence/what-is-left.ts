// What the service still has to do, by its own tables.
import { sql } from 'kysely'
import type { Status } from '../fixtures/bridge.ts'
import type { Living } from './begin.ts'

export interface Left {
  /** Something goes on by itself. What waits for a record that can't be read does not: only a census ends that. */
  busy: boolean
  open: string[]
  parked: string[]
  /** Something is parked because Salesforce does not show it. */
  unreadable: boolean
  /** A removal waits for an admin. */
  stopped: boolean
}

export async function whatIsLeft({ db }: Living): Promise<Left> {
  try {
    const [changes, intents, parked] = await Promise.all([
      db
        .selectFrom('changes')
        .select(['object', 'id', 'code', 'reason', 'waiting_for'])
        .orderBy('waiting_for', (order) => order.nullsFirst())
        .limit(5)
        .execute(),
      db.selectFrom('intents').select(['id', 'kind', 'ambiguous']).limit(5).execute(),
      db
        .selectFrom('parked')
        .select(['object', 'id', 'code', 'reason'])
        .where('object', '<>', 'Event')
        .limit(5)
        .execute(),
    ])
    return {
      busy: intents.length > 0 || changes.some((change) => change.waiting_for === null),
      open: [
        ...changes.map(
          ({ object, id, code, reason }) => `${object} ${id} is queued: ${code ?? ''} ${reason ?? ''}`,
        ),
        ...intents.map((intent) => `intent ${JSON.stringify(intent)} is open`),
      ],
      parked: parked.map(({ object, id, code, reason }) => `${object} ${id} is parked: ${code} ${reason}`),
      unreadable: parked.some(({ code }) => code === 'unreadable'),
      stopped: changes.some(({ code }) => code === 'removals-stopped'),
    }
  } catch (error) {
    return {
      busy: true,
      open: [`the database: ${String(error)}`],
      parked: [],
      unreadable: false,
      stopped: false,
    }
  }
}

/** Up to which event the service has all marks; undefined where it knows none. */
export async function streamPosition(db: Living['db']): Promise<number | undefined> {
  const stored = await db
    .selectFrom('state')
    .select(sql<string>`value->>'cursor'`.as('cursor'))
    .where('key', 'like', 'cursor:%')
    .executeTakeFirst()
  return stored && Number(stored.cursor)
}

/** As it says itself; whatever else comes in its place. */
export const streamState = (living: Living): Promise<string | undefined> =>
  statusOf(living).then(
    ({ stream }) => stream?.state,
    (error: unknown) => String(error),
  )

/** Whether events are still to come, or what the first backfill has not marked yet. */
export async function isBehind(living: Living): Promise<boolean> {
  const last = living.salesforce.events.published.at(-1)?.replayId
  if (last !== undefined && (await streamPosition(living.db)) !== last) return true
  const { stream, backfill } = await statusOf(living)
  return stream?.state !== 'live' || backfill?.state !== 'done'
}

const statusOf = async ({ api }: Living): Promise<Partial<Pick<Status, 'stream' | 'backfill'>>> =>
  (await api('/api/status')).body
