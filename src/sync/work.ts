// What is done with the records of one object that were taken from the queue: read, plan, write, settle.
import { mark, postpone, PRIORITY, release, settle, waitForParent, type Taken } from '../database/changes.ts'
import { confirm, readLedger, usedOwners, type LedgerEntry } from '../database/ledger.ts'
import { park, readParked, unpark } from '../database/parked.ts'
import type { Db } from '../database/tables.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import type { Reader, Reading } from '../salesforce/read.ts'
import { allDone } from './all-done.ts'
import { createNameHash } from './hashes.ts'
import type { Mapping } from './mapping.ts'
import { DEFINITIONS } from './objects/index.ts'
import { planRecord, type PlanContext, type Step } from './plan.ts'
import { pushObjects } from './push.ts'
import { pushPersons, type PersonDeps } from './push-persons.ts'
import { pushRoles } from './push-roles.ts'
import type { Remove } from './removals.ts'
import { followMerges } from './survivors.ts'
import type { Write } from './write.ts'

export interface WorkDeps extends PersonDeps {
  db: Db
  reader: Reader
  mapping: () => Mapping
  remove: Remove
}

export interface Planned {
  taken: Taken
  step: Step
  reading: Reading
  entry: LedgerEntry | undefined
  takesOver: LedgerEntry | undefined
}

export type Work = (object: ObjectName, taken: Taken[]) => Promise<void>

export function createWork(deps: WorkDeps): Work {
  const nameHash = createNameHash()

  return async (object, taken) => {
    const planned = await plan(deps, object, taken, nameHash)
    await settleWithoutCalls(deps, object, planned)
    const writes = planned.flatMap((item) => writeOf(object, item))
    const leaving = planned.filter(({ step }) => step.do === 'remove' || step.do === 'merge')
    const removing = await followMerges(deps.reader, leaving, deps.signal)
    await allDone([pushAll(deps, object, writes), deps.remove(object, removing)])
  }
}

async function pushAll(deps: WorkDeps, object: ObjectName, writes: Write[]): Promise<void> {
  if (writes.length === 0) return
  if (DEFINITIONS[object].marketo === 'Lead') return pushPersons(deps, writes)
  if (object === 'OpportunityContactRole') return pushRoles(deps, writes)
  return pushObjects(deps, writes)
}

async function plan(
  deps: WorkDeps,
  object: ObjectName,
  taken: Taken[],
  nameHash: (field: string) => string,
): Promise<Planned[]> {
  const { db, reader } = deps
  const mapping = deps.mapping().objects[object]
  const ids = taken.map(({ id }) => id)
  const readings = await reader.read(object, ids, mapping.reads, deps.signal)
  const live = [...readings].flatMap(([id, reading]) =>
    reading.state === 'live' ? [{ id, row: reading.row }] : [],
  )
  const parentIds = new Set(
    live.flatMap(({ row }) =>
      mapping.parents.flatMap((parent) =>
        typeof row[parent.field] === 'string' ? [String(row[parent.field])] : [],
      ),
    ),
  )
  const [entries, parents, parkedParents, owners, filteredOut] = await Promise.all([
    readLedger(db, ids),
    readLedger(db, parentIds),
    readParked(db, [...parentIds]),
    object === 'User' ? usedOwners(db, ids) : new Set<string>(),
    leftOut(
      reader,
      object,
      mapping.filter,
      live.map(({ id }) => id),
      deps.signal,
    ),
  ])
  const asked = new Set(taken.filter(({ priority }) => priority < PRIORITY.background).map(({ id }) => id))
  const unknown = live.flatMap(({ id }) => (asked.has(id) && !isKnown(entries.get(id)) ? [id] : []))
  const takeOvers =
    object === 'Contact' ? await convertedLeads(deps, unknown) : new Map<string, LedgerEntry>()
  const context: PlanContext = {
    definition: DEFINITIONS[object],
    mapping,
    parents,
    parkedParents: new Map([...parkedParents].map(([id, record]) => [id, record.reason])),
    usedOwners: owners,
    filteredOut,
    nameHash,
  }
  return taken.map((item) => {
    const reading = readings.get(item.id) ?? { state: 'unreadable' }
    const takesOver = takeOvers.get(item.id)
    const entry = entries.get(item.id)
    return {
      taken: item,
      reading,
      entry,
      takesOver,
      step: planRecord(item.id, reading, takesOver ?? entry, item.force, context),
    }
  })
}

const isKnown = (entry: LedgerEntry | undefined): boolean =>
  entry?.state === 'confirmed' || entry?.state === 'claimed'

/** Rule 9: a Contact that nobody knows yet may be a Lead that everybody knew; its event usually comes before the conversion's. A backfill
 *  doesn't ask, 150 contacts a query: there the converted Lead's own change merges the two. */
async function convertedLeads(deps: WorkDeps, contactIds: string[]): Promise<Map<string, LedgerEntry>> {
  if (contactIds.length === 0) return new Map()
  const leads = await deps.reader.convertedFrom(contactIds, deps.signal)
  const entries = await readLedger(deps.db, [...leads.values()].flat())
  return new Map(
    [...leads].flatMap(([contactId, leadIds]): [string, LedgerEntry][] => {
      const entry = leadIds.map((id) => entries.get(id)).find((candidate) => candidate?.state === 'confirmed')
      return entry === undefined ? [] : [[contactId, entry]]
    }),
  )
}

async function leftOut(
  reader: Reader,
  object: ObjectName,
  filter: string | null,
  ids: string[],
  signal: AbortSignal,
): Promise<Set<string>> {
  if (filter === null || ids.length === 0) return new Set()
  const inside = await reader.matching(object, ids, filter, signal)
  return new Set(ids.filter((id) => !inside.has(id)))
}

function writeOf(object: ObjectName, { step, taken, entry, takesOver }: Planned): Write[] {
  if (step.do !== 'upsert' || isUnchanged(step, entry, takesOver)) return []
  return [
    {
      ...step,
      object,
      id: taken.id,
      taken,
      entry,
      takesOver,
      adopts: entry?.state === 'claimed' && entry.adopted,
    },
  ]
}

/** Only references moved, none of which Marketo is told of: the ledger notes it without a call. */
function isUnchanged(
  step: Step,
  entry: LedgerEntry | undefined,
  takesOver: LedgerEntry | undefined,
): boolean {
  return (
    step.do === 'upsert' &&
    Object.keys(step.fields).length === 0 &&
    entry?.state === 'confirmed' &&
    takesOver === undefined &&
    (step.role === null || entry.roleKey !== null)
  )
}

async function settleWithoutCalls(deps: WorkDeps, object: ObjectName, planned: Planned[]): Promise<void> {
  const done: Taken[] = []
  const outside: Planned[] = []
  const moved: Planned[] = []
  const waiting: Planned[] = []
  const parked: Planned[] = []
  for (const item of planned) {
    if (item.step.do === 'nothing') done.push(item.taken)
    else if (item.step.do === 'outside') outside.push(item)
    else if (item.step.do === 'wait') waiting.push(item)
    else if (item.step.do === 'park') parked.push(item)
    else if (isUnchanged(item.step, item.entry, item.takesOver)) moved.push(item)
  }
  const settled = [...done, ...[...outside, ...moved, ...parked].map(({ taken }) => taken)]
  if (settled.length === 0 && waiting.length === 0) return
  await deps.leader(async (trx) => {
    await confirm(
      trx,
      outside.flatMap(({ taken, step, entry }) =>
        step.do === 'outside' && entry?.state !== 'released'
          ? [
              {
                object,
                id: taken.id,
                marketoId: null,
                state: 'outside',
                hashes: null,
                ...step.references,
                notes: step.reason,
                pushed: false,
              },
            ]
          : [],
      ),
    )
    await confirm(
      trx,
      moved.flatMap(({ taken, step, entry }) =>
        step.do === 'upsert' && entry !== undefined
          ? [
              {
                ...entry,
                object,
                id: taken.id,
                state: 'confirmed',
                hashes: step.hashes,
                ...step.references,
                notes: step.notes,
                pushed: false,
              },
            ]
          : [],
      ),
    )
    await park(
      trx,
      parked.flatMap(({ taken, step }) =>
        step.do === 'park'
          ? [
              {
                object,
                id: taken.id,
                code: step.code,
                reason: step.reason,
                advice: step.advice,
                payload: null,
              },
            ]
          : [],
      ),
    )
    await settle(trx, settled)
    const cured = settled
      .filter((item) => !parked.some(({ taken }) => taken.id === item.id))
      .map(({ id }) => id)
    await unpark(trx, cured)
    await release(trx, cured)
    await letWait(trx, waiting)
  })
}

/** Parents that nobody knows yet are fetched with the child's priority; parked ones are waited for as they are. */
async function letWait(trx: Parameters<typeof mark>[0], waiting: Planned[]): Promise<void> {
  if (waiting.length === 0) return
  const steps = waiting.flatMap(({ taken, step }) => (step.do === 'wait' ? [{ taken, step }] : []))
  const parked = await readParked(
    trx,
    steps.map(({ step }) => step.parent),
  )
  await mark(
    trx,
    steps
      .filter(({ step }) => !parked.has(step.parent))
      .map(({ taken, step }) => ({
        object: step.object,
        id: step.parent,
        priority: Math.min(PRIORITY.background, taken.priority),
      })),
  )
  await waitForParent(
    trx,
    steps.map(({ taken, step }) => ({
      id: taken.id,
      version: taken.version,
      parent: step.parent,
      reason: step.reason,
    })),
  )
}

/** After an unexpected failure nothing is lost: the marks are still there, and are tried again later. */
export async function putBack(deps: Pick<WorkDeps, 'leader'>, taken: Taken[], reason: string): Promise<void> {
  await deps.leader((trx) =>
    postpone(
      trx,
      taken.map((item) => ({
        id: item.id,
        afterMs: Math.min(60_000, 1_000 * 2 ** Math.min(item.attempts, 6)),
        code: 'unexpected',
        reason,
      })),
    ),
  )
}
