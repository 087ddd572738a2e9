// The queue: marks that a record is dirty. Not a job queue (design §2): level, not edge. Marking is idempotent, settling
// deletes only the version that was taken, so a change that comes in while its record is under way is never lost.
import { sql } from 'kysely'
import { toJson } from './json.ts'
import type { DbOrTrx } from './tables.ts'

/** Smaller goes first. */
export const PRIORITY = { asked: 0, live: 1, found: 2, background: 3 } as const

/** After a push a record rests, so that a burst of edits costs two pushes, not one per edit. */
export const REST_SECONDS = 15

export interface Mark {
  object: string
  id: string
  priority: number
  /** Send every field, whatever the ledger says was sent. */
  force?: boolean
}

export interface Taken {
  id: string
  version: number
  priority: number
  force: boolean
  attempts: number
  markedAt: Date
  /** Why it was put off last. */
  code: string | null
}

/** Marks records dirty. A record that waits for its parent or rests is looked at again; one that backs off keeps its time. In id
 *  order, so that two that mark the same records don't wait for each other in a circle. */
export async function mark(db: DbOrTrx, marks: Mark[]): Promise<void> {
  if (marks.length === 0) return
  await sql`
    ${inserted(marks)}
    on conflict (id) do update set
      -- Drawn under the row's lock: of two that mark at once, the later one to get the lock has the higher version.
      version = nextval('change_version'),
      priority = least(changes.priority, excluded.priority),
      force = changes.force or excluded.force,
      due = case
        when excluded.priority = ${PRIORITY.asked} or changes.waiting_for is not null then excluded.due
        -- A stopped removal waits long for an admin: whatever changes about the record is looked at when it comes.
        when changes.attempts > 0 and changes.removal is null then changes.due
        else least(changes.due, excluded.due) end,
      waiting_for = null`.execute(db)
}

/** Marks records that others wait for. One that is marked already, or under way, is looked at without a second mark, which would send it once
 *  more when it is refused. Locked all the same: whoever settles it sees who waits. */
export async function markAwaited(db: DbOrTrx, marks: Mark[]): Promise<void> {
  if (marks.length === 0) return
  await sql`
    ${inserted(marks)}
    on conflict (id) do update set priority = least(changes.priority, excluded.priority)`.execute(db)
}

function inserted(marks: Mark[]) {
  return sql`
    insert into changes (object, id, version, priority, due, force, attempts, marked_at)
    select m.object, m.id, nextval('change_version'), m.priority,
      case when m.priority = ${PRIORITY.asked} then now()
        else greatest(now(), coalesce(l.pushed_at + make_interval(secs => ${REST_SECONDS}), now())) end,
      m.force, 0, now()
    from jsonb_to_recordset(${toJson(oncePerRecord(marks))}::jsonb) as m(object text, id text, priority smallint, force boolean)
    left join ledger l on l.id = m.id
    order by m.id`
}

function oncePerRecord(marks: Mark[]): Required<Mark>[] {
  const byId = new Map<string, Required<Mark>>()
  for (const mark of marks) {
    const known = byId.get(mark.id)
    byId.set(mark.id, {
      object: mark.object,
      id: mark.id,
      priority: Math.min(mark.priority, known?.priority ?? mark.priority),
      force: mark.force === true || known?.force === true,
    })
  }
  return [...byId.values()]
}

/** Due marks of an object, most urgent first, without those that are under way: the leader alone takes, and knows what it holds, so taking
 *  writes nothing. They are left out here, because reading 6,000 rows to leave them out took up to half a second on the embedded database. */
export async function due(
  db: DbOrTrx,
  object: string,
  limit: number,
  lowestPriority: number = PRIORITY.background,
  except: string[] = [],
): Promise<Taken[]> {
  const marks = db
    .selectFrom('changes')
    .select(['id', 'version', 'priority', 'force', 'attempts', 'marked_at as markedAt', 'code'])
    .where('object', '=', object)
    .where('waiting_for', 'is', null)
    .where('priority', '<=', lowestPriority)
    .where('due', '<=', sql<Date>`now()`)
    .orderBy('priority')
    .orderBy('due')
    .limit(limit)
  return except.length === 0
    ? marks.execute()
    : marks.where('id', '<>', sql<string>`all(${except}::text[])`).execute()
}

/** Deletes the marks whose version was taken. Those marked again meanwhile stay, and rest first. */
export async function settle(db: DbOrTrx, taken: Pick<Taken, 'id' | 'version'>[]): Promise<void> {
  if (taken.length === 0) return
  const rows = toJson(taken.map(({ id, version }) => ({ id, version })))
  const { numAffectedRows = 0n } =
    await sql`delete from changes c using jsonb_to_recordset(${rows}::jsonb) as t(id text, version bigint) where c.id = t.id and c.version <= t.version`.execute(
      db,
    )
  if (Number(numAffectedRows) === taken.length) return
  await sql`
    update changes c set attempts = 0, code = null, reason = null, removal = null, due = greatest(c.due, now() + make_interval(secs => ${REST_SECONDS}))
    from jsonb_to_recordset(${rows}::jsonb) as t(id text, version bigint)
    where c.id = t.id and c.priority > ${PRIORITY.asked}`.execute(db)
}

export interface Postponed {
  id: string
  afterMs: number
  code: string
  reason: string
}

/** Tries these again later; counts the attempt. */
export async function postpone(db: DbOrTrx, records: Postponed[]): Promise<void> {
  if (records.length === 0) return
  await sql`
    update changes c set due = now() + make_interval(secs => t."afterMs" / 1000.0), attempts = least(c.attempts + 1, 30000), code = t.code, reason = t.reason
    from jsonb_to_recordset(${toJson(records)}::jsonb) as t(id text, "afterMs" double precision, code text, reason text)
    where c.id = t.id`.execute(db)
}

/** Looks at these again later, without an attempt. */
export async function putOff(db: DbOrTrx, ids: string[], afterMs: number): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update changes set due = now() + make_interval(secs => ${afterMs / 1000}) where id = any(${ids}::text[])`.execute(
    db,
  )
}

export interface Waiting {
  id: string
  /** The version that was taken: a record marked again meanwhile may have another parent, and does not wait. */
  version?: number
  parent: string
  reason: string
}

/** Lets children wait for a parent, visibly. */
export async function waitForParent(db: DbOrTrx, records: Waiting[]): Promise<void> {
  if (records.length === 0) return
  await sql`
    update changes c set waiting_for = t.parent, code = 'parent', reason = t.reason, removal = null
    from jsonb_to_recordset(${toJson(records)}::jsonb) as t(id text, version bigint, parent text, reason text)
    where c.id = t.id and (t.version is null or c.version <= t.version)`.execute(db)
}

/** The children of these parents go on. */
export async function release(db: DbOrTrx, parents: string[]): Promise<void> {
  if (parents.length === 0) return
  await sql`update changes set waiting_for = null, code = null, reason = null, due = now() where waiting_for = any(${parents}::text[])`.execute(
    db,
  )
}

/** Safety net, run every minute: children whose parent is no longer in the way, whatever was forgotten at its cure. */
export async function releaseCured(db: DbOrTrx): Promise<number> {
  const result = await sql`
    update changes c set waiting_for = null, code = null, reason = null, due = now()
    where c.waiting_for is not null
      and not exists (select 1 from changes p where p.id = c.waiting_for)
      and not exists (select 1 from parked p where p.id = c.waiting_for)`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

/** Removes the marks of records that wait for a parent, and have left for good. */
export async function dropWaiting(db: DbOrTrx, ids: string[]): Promise<void> {
  if (ids.length > 0)
    await sql`delete from changes where id = any(${ids}::text[]) and waiting_for is not null`.execute(db)
}

export interface QueueCounts {
  queue: Record<string, number>
  waiting: Record<string, number>
}

/** Records by object. A role that is still to be deleted, or whose delete is out, has an intent and no mark (`<record>:<key>`). */
export async function countChanges(db: DbOrTrx): Promise<QueueCounts> {
  const { rows } = await sql<{ object: string; waits: boolean; records: number }>`
    select object, waiting_for is not null as waits, count(*) as records from changes group by 1, 2
    union all
    select object, false, count(distinct split_part(i.id, ':', 1)) from intents i
    where position(':' in i.id) > 0 and not exists (select 1 from changes c where c.id = split_part(i.id, ':', 1))
    group by object`.execute(db)
  const counts: QueueCounts = { queue: {}, waiting: {} }
  for (const { object, waits, records } of rows) {
    const kind = counts[waits ? 'waiting' : 'queue']
    kind[object] = (kind[object] ?? 0) + records
  }
  return counts
}

/** Background marks of an object, counted only as far as the question needs. */
export async function countBackground(db: DbOrTrx, object: string, atMost: number): Promise<number> {
  const { rows } = await sql<{ records: number }>`
    select count(*) as records from (
      select 1 from changes where object = ${object} and priority = ${PRIORITY.background} and waiting_for is null limit ${atMost}) as marks`.execute(
    db,
  )
  return rows[0]?.records ?? 0
}

export interface DueKinds {
  /** Objects with marks due that somebody waits for. */
  live: Set<string>
  /** Objects with background marks due. */
  background: Set<string>
}

/** Which objects have marks due, without counting them. By the claims' own index: asked whether there are any, the planner expects one
 *  on the first page of the table and reads all of a million rows for each object that has none, for a second. */
export async function dueKinds(db: DbOrTrx): Promise<DueKinds> {
  const { rows } = await sql<{ object: string; live: boolean | null; background: boolean | null }>`
    select o.object,
      (select true from changes c where c.object = o.object and c.priority < ${PRIORITY.background} and c.waiting_for is null and c.due <= now()
        order by c.priority, c.due limit 1) as live,
      (select true from changes c where c.object = o.object and c.priority = ${PRIORITY.background} and c.waiting_for is null and c.due <= now()
        order by c.priority, c.due limit 1) as background
    from unnest(array['User', 'Account', 'Lead', 'Contact', 'Opportunity', 'OpportunityContactRole']) as o(object)`.execute(
    db,
  )
  const objects = (kind: 'live' | 'background'): Set<string> =>
    new Set(rows.filter((row) => row[kind]).map((row) => row.object))
  return { live: objects('live'), background: objects('background') }
}

/** Those of these records that are queued or wait for a parent. */
export async function queued<T extends { id: string }>(
  db: DbOrTrx,
  records: T[],
): Promise<{ queued: T[]; waiting: T[] }> {
  const ids = records.map(({ id }) => id)
  const rows = await db
    .selectFrom('changes')
    .select(['id', 'waiting_for'])
    .where('id', '=', sql<string>`any(${ids}::text[])`)
    .execute()
  const waits = new Map(rows.map((row) => [row.id, row.waiting_for !== null]))
  return {
    queued: records.filter(({ id }) => waits.get(id) === false),
    waiting: records.filter(({ id }) => waits.get(id) === true),
  }
}

export async function readChange(db: DbOrTrx, id: string) {
  return db
    .selectFrom('changes')
    .select([
      'object',
      'id',
      'version',
      'priority',
      'due',
      'force',
      'attempts',
      'waiting_for',
      'code',
      'reason',
      'marked_at',
    ])
    .where('id', '=', id)
    .executeTakeFirst()
}
