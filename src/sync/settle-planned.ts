// Writes down what needs no call to Marketo: nothing differs, out of scope, only references moved, waits for a parent, or can't be read.
import {
  mark,
  markAwaited,
  PRIORITY,
  release,
  settle,
  waitForParent,
  type Mark,
  type Taken,
} from '../database/changes.ts'
import { confirm, isSameEntry, lockLedger, type LedgerEntry } from '../database/ledger.ts'
import { forgetInsights } from '../database/insights.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { park, readParked, unpark } from '../database/parked.ts'
import { toId18, type ObjectName } from '../salesforce/ids.ts'
import { waitsFor, type Step } from './plan.ts'
import { lookAgain } from './settle.ts'
import type { Planned } from './work.ts'

/** Only references moved, none of which Marketo is told of: the ledger notes it without a call. */
export function isUnchanged(
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

export async function settleWithoutCalls(
  leader: LeaderTransaction,
  object: ObjectName,
  planned: Planned[],
): Promise<void> {
  const done: Taken[] = []
  const leftOut: Planned[] = []
  const unchanged: Planned[] = []
  const waiting: Planned[] = []
  const parked: Planned[] = []
  for (const item of planned) {
    if (item.step.do === 'nothing') done.push(item.taken)
    else if (item.step.do === 'outside') leftOut.push(item)
    else if (item.step.do === 'wait') waiting.push(item)
    else if (item.step.do === 'park') parked.push(item)
    else if (isUnchanged(item.step, item.entry, item.takesOver)) unchanged.push(item)
  }
  const noted = [...leftOut, ...unchanged]
  if (done.length + noted.length + parked.length + waiting.length === 0) return
  await leader(async (trx) => {
    const entries = await lockLedger(
      trx,
      noted.map(({ taken }) => taken.id),
    )
    // What a merge or a loss has written since the plan would be taken back: such a one is planned anew.
    const isCurrent = ({ taken, entry }: Planned): boolean => isSameEntry(entry, entries.get(taken.id))
    const outside = leftOut.filter(isCurrent)
    const moved = unchanged.filter(isCurrent)
    // Of others than the lost the values went with the person.
    await forgetInsights(
      trx,
      outside.filter(({ entry }) => entry?.state === 'lost').map(({ taken }) => taken.id),
    )
    const settled = [...done, ...[...outside, ...moved, ...parked].map(({ taken }) => taken)]
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
                adopted: entry?.adopted ?? false,
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
    await mark(trx, outside.flatMap(personHalf))
    await settle(trx, settled)
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
    await lookAgain(
      trx,
      moved.flatMap(({ taken, step }) =>
        step.do === 'upsert' ? [{ object, id: taken.id, withheld: step.withheld }] : [],
      ),
    )
    const cured = settled
      .filter((item) => !parked.some(({ taken }) => taken.id === item.id))
      .map(({ id }) => id)
    await unpark(trx, cured)
    await release(trx, cured)
    await letWait(trx, waiting)
  })
}

/** Of a person account its Account's triggers alone tell of a change (salesforce facts §4); what is synced is its Contact. */
function personHalf({ taken, reading }: Planned): Mark[] {
  if (reading.state !== 'live' || reading.row.IsPersonAccount !== true) return []
  const id = toId18(String(reading.row.PersonContactId))
  return id === undefined ? [] : [{ object: 'Contact', id, priority: taken.priority, force: taken.force }]
}

/** Parents that nobody knows yet are fetched with the child's priority; parked ones are waited for as they are. */
async function letWait(trx: Parameters<typeof mark>[0], waiting: Planned[]): Promise<void> {
  if (waiting.length === 0) return
  const steps = waiting.flatMap(({ taken, step }) => (step.do === 'wait' ? [{ taken, step }] : []))
  const parked = await readParked(
    trx,
    steps.map(({ step }) => step.parent),
  )
  await markAwaited(
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
      // It may have been parked since the plan.
      reason: waitsFor(step.object, step.parent, parked.get(step.parent)?.reason),
    })),
  )
}
