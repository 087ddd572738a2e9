// Writes down what came of a call, in one transaction per call: ledger, mark, intent, parked list and waiting children together.
import * as changes from '../database/changes.ts'
import { closeIntents, keepAmbiguous } from '../database/intents.ts'
import { rekeyInsight } from '../database/insights.ts'
import * as ledger from '../database/ledger.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { unpark } from '../database/parked.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { wantInsights } from '../database/refresh-progress.ts'
import { keepDoubts } from './hashes.ts'
import { personObjectOf } from './objects/index.ts'
import { doubtChanged, putOffOthers } from './others-persons.ts'
import { isSameRole, roleKeyText } from './role-key.ts'
import { rememberOutcomes } from './remember.ts'
import { releaseRoleKeys } from './role-keys.ts'
import {
  codeOf,
  noteFound,
  noteSeveral,
  parkRefused,
  reasonOf,
  settleGone,
  soonAfter,
} from './settle-failed.ts'
import { foundByKey, isAdopted, type Outcome, type Write } from './write.ts'

export interface Settlement {
  accepted: number
  refused: number
  again: number
  ambiguous: number
}

/** Settles the outcomes of one call. Ambiguous ones keep their intents: recover.ts looks them up. */
export async function settleUpserts(
  leader: LeaderTransaction,
  call: string,
  outcomes: Outcome[],
): Promise<Settlement> {
  return leader(async (trx) => {
    const of = (...kinds: Outcome['verdict']['kind'][]): Outcome[] =>
      outcomes.filter((outcome) => kinds.includes(outcome.verdict.kind))
    const others = await putOffOthers(
      trx,
      of('accepted').flatMap(({ write, marketoId }) => foundByKey(write, marketoId ?? write.marketoId)),
    )
    await doubtChanged(
      trx,
      of('accepted').flatMap(({ write: { id, hashes } }) => {
        const owner = others.get(id)
        return owner === undefined ? [] : [{ owner, hashes }]
      }),
    )
    const accepted = ofTheirOwn(of('accepted').filter(({ write }) => !others.has(write.id)))
    const ambiguous = outcomes.filter(isAmbiguous)
    const gone = of('gone')
    const refused = of('refused', 'several', 'in-use')
    const again = outcomes.filter(
      (outcome) =>
        !others.has(outcome.write.id) && ![...accepted, ...ambiguous, ...gone, ...refused].includes(outcome),
    )

    await accept(trx, accepted)
    await settleGone(trx, gone)
    await parkRefused(trx, refused)
    await noteFound(trx, [...refused, ...again])
    await noteSeveral(
      trx,
      of('several').map(({ write }) => write),
    )
    await rememberOutcomes(trx, accepted, refused)
    await changes.postpone(
      trx,
      again.map(({ write, verdict }) => ({
        id: write.id,
        afterMs: waitAfter(write, verdict),
        code: codeOf(verdict),
        reason: reasonOf(verdict),
      })),
    )
    const settled = outcomes.filter((outcome) => !ambiguous.includes(outcome))
    await closeIntents(
      trx,
      settled.map(({ write }) => write.id),
    )
    if (ambiguous.length > 0) await keepAmbiguous(trx, call)
    return {
      accepted: accepted.length,
      refused: refused.length,
      again: again.length + gone.length + others.size,
      ambiguous: ambiguous.length,
    }
  })
}

/** Marketo answering with one person for two records of a call would be its error; the second is looked at again. */
function ofTheirOwn(accepted: Outcome[]): Outcome[] {
  const seen = new Set<string>()
  return accepted.filter(({ write, marketoId }) => {
    const person = isPerson(write) ? (marketoId ?? write.marketoId) : null
    if (person === null) return true
    return !seen.has(person) && seen.add(person)
  })
}

export function isAmbiguous({ verdict }: Pick<Outcome, 'verdict'>): boolean {
  return verdict.kind === 'ambiguous' || (verdict.kind === 'bisect' && verdict.wait)
}

function waitAfter(write: Write, verdict: Outcome['verdict']): number {
  if ('afterMs' in verdict) return verdict.afterMs
  // Marketo does not look records up by this field: there is another way, which is taken at once. What is refused alike for everybody is tried
  // with one record at a time (refused-alike.ts); the others must be due when that one is let through.
  const isSoon = verdict.kind === 'unsupported-lookup' || verdict.kind === 'everybody'
  return isSoon ? soonAfter(write.taken.attempts) : 60_000
}

async function accept(trx: DbOrTrx, accepted: Outcome[]): Promise<void> {
  if (accepted.length === 0) return
  const ids = accepted.map(({ write }) => write.id)
  const adoptedBefore = await takeOver(trx, accepted)
  // What others wrote of these while they were on their way: a merge's new role keys, a doubt about the sales person.
  const before = await ledger.lockLedger(
    trx,
    accepted.flatMap(({ write }) =>
      write.role !== null || (isPerson(write) && write.entry !== undefined) ? [write.id] : [],
    ),
  )
  await ledger.confirm(
    trx,
    accepted.map(({ write, marketoId, created }) => ({
      object: write.object,
      id: write.id,
      marketoId: marketoId ?? write.marketoId,
      state: 'confirmed',
      hashes: isPerson(write)
        ? keepDoubts(write.hashes, before.get(write.id)?.hashes ?? null, write.fields)
        : write.hashes,
      ...write.references,
      roleKey: write.role === null ? null : roleKeyText(write.role),
      adopted: adoptedBefore.has(write.id) || (isAdopted(write, marketoId ?? write.marketoId) && !created),
      notes: write.notes,
      pushed: true,
    })),
  )
  await changes.settle(
    trx,
    accepted.map(({ write }) => write.taken),
  )
  await unpark(trx, ids)
  await changes.release(trx, ids)
  await remarkDependants(trx, accepted)
  await lookAgain(
    trx,
    accepted.map(({ write }) => write),
  )
  await wantInsights(
    trx,
    accepted.filter(mayHaveOtherValues).flatMap(({ write, marketoId }) => marketoId ?? write.marketoId ?? []),
  )
  await releaseRoleKeys(
    trx,
    accepted.flatMap(({ write }) => oldRoleKey(write, before.get(write.id))),
  )
  // The ledger knew it and Marketo created it: Marketo had lost it, so everything has to be sent, not only what changed.
  const reborn = accepted.filter(
    ({ created, write }) =>
      created &&
      write.entry?.state === 'confirmed' &&
      (write.role === null || isSameRole(roleKeyText(write.role), write.entry.roleKey)),
  )
  await changes.mark(
    trx,
    reborn.map(({ write }) => ({
      object: write.object,
      id: write.id,
      priority: changes.PRIORITY.asked,
      force: true,
    })),
  )
}

/** The key that a renamed or moved role leaves behind. As it is now: since the plan, a merge may have given it another one. */
export function oldRoleKey(
  { id, role, taken }: Write,
  entry: ledger.LedgerEntry | undefined,
): { id: string; roleKey: string; version: number }[] {
  const old = entry?.state === 'confirmed' ? entry.roleKey : null
  return old === null || role === null || isSameRole(roleKeyText(role), old)
    ? []
    : [{ id, roleKey: old, version: taken.version }]
}

/** Whose parent came into Marketo after the plan, without its reference: the parent did not see it among its children yet. */
export async function lookAgain(
  trx: DbOrTrx,
  writes: Pick<Write, 'object' | 'id' | 'withheld'>[],
): Promise<void> {
  const came = await ledger.inMarketo(
    trx,
    writes.flatMap(({ withheld }) => withheld),
  )
  await changes.mark(
    trx,
    writes
      .filter(({ withheld }) => withheld.some((parent) => came.has(parent)))
      .map(({ object, id }) => ({ object, id, priority: changes.PRIORITY.found })),
  )
}

/** No activity tells of the values of a person that was there before us or came back, nor that one has none that replaces a lost one. */
const mayHaveOtherValues = ({ write, created }: Outcome): boolean =>
  isPerson(write) && write.entry?.state !== 'confirmed' && (!created || write.entry?.state === 'lost')

const isPerson = ({ object }: Write): boolean => object === 'Lead' || object === 'Contact'

/** A Marketo person belongs to one record. A converted Lead's person, or one that another record lost in Marketo, changes hands here.
 *  Returns the records that got an adopted one. */
async function takeOver(trx: DbOrTrx, accepted: Outcome[]): Promise<Set<string>> {
  const persons = accepted.filter(({ write }) => isPerson(write))
  const owners = await ledger.ownersOfPersons(
    trx,
    persons.flatMap(({ marketoId, write }) => marketoId ?? write.marketoId ?? []),
  )
  const formers = await ledger.readLedger(trx, owners.values())
  const adopted = new Set<string>()
  for (const { write, marketoId } of persons) {
    const former = owners.get(marketoId ?? write.marketoId ?? '')
    if (former === undefined || former === write.id) continue
    if (formers.get(former)?.adopted === true) adopted.add(write.id)
    await ledger.forget(trx, [former])
    await rekeyInsight(trx, former, write.id)
    await changes.mark(trx, [{ object: personObjectOf(former), id: former, priority: changes.PRIORITY.live }])
  }
  return adopted
}

/**
 * Children that could not point to this record are looked at again. Roles go with their person or opportunity in Marketo, and their key
 * is made of the person's Marketo id: where that is new, all of them are sent anew.
 */
async function remarkDependants(trx: DbOrTrx, accepted: Outcome[]): Promise<void> {
  const idsOf = (outcomes: Outcome[]): string[] => outcomes.map(({ write }) => write.id)
  const isRenewed = ({ write, marketoId, created }: Outcome): boolean =>
    created || write.entry === undefined || (marketoId !== null && marketoId !== write.entry.marketoId)
  const returned = idsOf(
    accepted.filter(({ write }) => ['outside', 'released'].includes(write.entry?.state ?? '')),
  )
  const renewed = [...returned, ...idsOf(accepted.filter(isRenewed))]
  const priority = changes.PRIORITY.found
  for (const reference of ['owner_id', 'account_id'] as const)
    await changes.mark(
      trx,
      (await ledger.dependants(trx, reference, returned)).map(({ object, id }) => ({ object, id, priority })),
    )
  for (const reference of ['person_id', 'opportunity_id'] as const) {
    const roles = await ledger.dependants(trx, reference, renewed)
    await changes.mark(
      trx,
      roles.map(({ object, id }) => ({ object, id, priority, force: true })),
    )
  }
}
