// What is done with the records of one object that were taken from the queue: read, plan, write, settle.
import { postpone, PRIORITY, type Taken } from '../database/changes.ts'
import { readLedger, usedOwners, type LedgerEntry } from '../database/ledger.ts'
import { readParked } from '../database/parked.ts'
import type { Db } from '../database/tables.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import type { Reader, Reading } from '../salesforce/read.ts'
import { allDone } from './all-done.ts'
import { createNameHash } from './hashes.ts'
import type { Mapping } from './mapping.ts'
import { leftOut } from './left-out.ts'
import { DEFINITIONS } from './objects/index.ts'
import { isInMarketo, planRecord, referencesOf, type PlanContext, type Step } from './plan.ts'
import { pushObjects } from './push.ts'
import { pushPersons, type PersonDeps } from './push-persons.ts'
import { pushRoles } from './push-roles.ts'
import type { Remove } from './removals.ts'
import { isUnchanged, settleWithoutCalls } from './settle-planned.ts'
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
    await settleWithoutCalls(deps.leader, object, planned)
    // The marks of the others stay as they are.
    const writes = deps.trouble.alike.admit(
      object,
      planned.flatMap((item) => writeOf(object, item)),
      (write) => write.taken.attempts,
    )
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
    live.flatMap(({ row }) => Object.values(referencesOf(row, mapping.parents)).filter((id) => id !== null)),
  )
  const entries = await readLedger(db, ids)
  const [parents, parkedParents, owners, { out: filteredOut, hidden }] = await Promise.all([
    readLedger(db, parentIds),
    readParked(db, [...parentIds]),
    object === 'User' ? usedOwners(db, ids) : new Set<string>(),
    leftOut(reader, object, mapping.active ? mapping.filter : null, {
      ids: live.map(({ id }) => id),
      // Who is lost is looked for by key where it leaves.
      isInMarketo: (id) => isInMarketo(entries.get(id)) || entries.get(id)?.state === 'lost',
      signal: deps.signal,
    }),
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
    const reading = (!hidden.has(item.id) && readings.get(item.id)) || { state: 'unreadable' }
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

/** Who was only lost in Marketo is looked for there by its own key first, or that key would be given to a second person. Who was released takes
 *  its own person back. */
const isKnown = (entry: LedgerEntry | undefined): boolean =>
  entry !== undefined && (entry.state === 'lost' || entry.marketoId !== null)

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
