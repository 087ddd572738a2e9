// Sends deletes, releases and merges that were committed as intents. Deletes are idempotent, so one without outcome is repeated after
// the ambiguous wait; until then its record is not written, because a late delete would take away what was sent anew.
import { randomUUID } from 'node:crypto'
import { assignCall, type Intent } from '../database/intents.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { clearProblem, raiseProblem } from '../database/state.ts'
import type { DbOrTrx } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { bisect } from '../marketo/bisect.ts'
import { deleteLeads, deleteObjects, mergeLeads, type Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { RecordResult, WriteOutcome } from '../marketo/outcome.ts'
import { verdictOfCall, verdictOfRecord, type Verdict } from '../marketo/verdict.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { allDone } from './all-done.ts'
import { batchesOf } from './batches.ts'
import type { SyncCounters } from './counters.ts'
import { whoIsMissing } from './missing-partner.ts'
import { movedRoles } from './moved-roles.ts'
import { DEFINITIONS } from './objects/index.ts'
import { prepareMerges, type Merging } from './merging.ts'
import { tellOptOuts, verdictOnLookUp } from './opt-outs.ts'
import { reserveKeyed, type Reserve } from './others-persons.ts'
import { payloadOf, type RemovalPayload } from './removal-payload.ts'
import { releaseByKey, releasePersons } from './release-persons.ts'
import { FAILURES_TOLD } from './refused-alike.ts'
import { createRemovalGate } from './removal-gate.ts'
import { roleIdentity, roleKeyOf } from './role-key.ts'
import { freeRoleKeys } from './role-keys.ts'
import { isRefused, settleRemoved, type Removed } from './settle-removed.ts'
import { blamed, lookedUpFirst, sizeAfter } from './suspects.ts'

export type CarryOut = (intents: Intent[]) => Promise<void>

export function createCarryOut(deps: {
  leader: LeaderTransaction
  client: MarketoClient
  log: Log
  counters: SyncCounters
  outstanding: Set<string>
  /** Names of the fields by which persons have opted out. */
  optOuts: readonly string[]
  /** How long a call of unknown outcome may go on in Marketo. */
  waitMs: number
  now: () => number
  signal: AbortSignal
}): CarryOut {
  const { leader, client, log, counters, outstanding, waitMs, signal } = deps
  const turn = { priority: 'live' as const, signal }
  const gate = createRemovalGate(deps)
  const reserve: Reserve = async (keyed) =>
    keyed.length === 0 ? new Set() : leader((trx) => reserveKeyed(trx, keyed))

  const sends: Record<RemovalPayload['how'], (batch: Intent[], merges: Merges) => Promise<WriteOutcome>> = {
    delete: (batch) => dropObjects(batch),
    'delete role': (batch) => dropObjects(batch),
    'delete person': (batch) =>
      deleteLeads(client, { ids: batch.map((intent) => Number(intent.marketoId)), ...turn }),
    release: (batch) =>
      releasePersons(
        client,
        batch.map((intent) => Number(intent.marketoId)),
        turn,
      ),
    'release by key': (batch) =>
      releaseByKey(
        client,
        batch.map((intent) => {
          const payload = payloadOf(intent)
          return { key: intent.id, own: payload.how === 'release by key' ? payload.own : null }
        }),
        reserve,
        turn,
      ),
    merge: async ([intent], merges) => {
      const payload = payloadOf(intent!)
      if (payload.how !== 'merge') throw new Error('not a merge')
      const outcome = await mergeLeads(client, {
        winner: Number(payload.winner),
        losers: merges.get(intent!.id)?.losers ?? [Number(payload.loser)],
        ...turn,
      })
      return { outcome, results: [{ status: 'deleted', reasons: [] }] }
    },
  }

  function dropObjects(batch: Intent[]): Promise<WriteOutcome> {
    const { marketo } = DEFINITIONS[batch[0]!.object as ObjectName]
    if (marketo === 'Lead') throw new Error('persons are deleted by their Marketo id')
    return deleteObjects(client, marketo, { keys: batch.map((intent) => keyOf(payloadOf(intent))), ...turn })
  }

  async function send(how: RemovalPayload['how'], wanted: Intent[], merges: Merges): Promise<void> {
    const call = randomUUID()
    outstanding.add(call)
    try {
      await sendAs(call, how, wanted, merges)
    } finally {
      outstanding.delete(call)
    }
  }

  async function sendAs(
    call: string,
    how: RemovalPayload['how'],
    wanted: Intent[],
    merges: Merges,
  ): Promise<void> {
    const { object } = wanted[0]!
    const batch = await leader(async (trx) => {
      const free = how === 'delete role' ? await freeRoleKeys(trx, wanted, waitMs) : wanted
      const assigned = await assignCall(
        trx,
        free.map((intent) => intent.id),
        call,
      )
      return free.filter(({ id }) => assigned.has(id))
    })
    if (batch.length === 0) return
    const attempt = 1 + Math.max(...batch.map(attemptsOf))
    const leaves = await bisect(batch, async (part) => {
      const untold = how === 'merge' ? await notTold(part[0]!, merges) : undefined
      if (untold !== undefined) return { answer: [], verdict: untold }
      const { outcome, results } = await sends[how](part, merges)
      const verdict = await partnerKnown(part, verdictOfCall(outcome, { write: true, attempt }))
      return { answer: results, verdict: lookedUpFirst(verdict, part.length, attempt) }
    })
    const removed = await followRoles(
      leaves.flatMap(({ items, answer, verdict }) =>
        items.map((intent, index) => ({
          intent: { ...intent, call },
          verdict:
            verdict.kind === 'accepted'
              ? verdictOn(how, attempt, answer?.[index])
              : blamed(verdict, items.length, 1 + attemptsOf(intent), false),
          areHeirs: merges.get(intent.id)?.areHeirs === true,
          wasThere: verdict.kind !== 'gone' && answer?.[index]?.status !== 'skipped',
        })),
      ),
    )
    const failures = gate.after(removed)
    await leader(async (trx) => {
      await settleRemoved(trx, removed)
      await tell(trx, removed, failures)
    })
    const done = removed.filter(({ verdict }) => verdict.kind === 'accepted').length
    counters.pushed(object, 'removed', done)
    counters.pushed(object, 'refused', removed.filter(({ verdict }) => isRefused(verdict)).length)
    log.info({ object, records: batch.length, done }, `${how}: ${done} of ${batch.length} ${object} records`)
  }

  async function followRoles(removed: (Removed & { wasThere: boolean })[]): Promise<Removed[]> {
    const missing = new Map(
      removed.flatMap(({ intent, verdict, wasThere }) => {
        const payload = payloadOf(intent)
        const isDone = verdict.kind === 'accepted' || verdict.kind === 'gone'
        return payload.how === 'delete role' && isDone && !wasThere ? [[intent.id, payload.roleKey]] : []
      }),
    )
    if (missing.size === 0) return removed
    const found = await movedRoles(client, [...missing.values()], turn)
    return removed.map((item) => {
      const key = missing.get(item.intent.id)
      if (key === undefined) return item
      return found === undefined ? { ...item, verdict: NOT_ASKED } : { ...item, moved: found.get(key) ?? [] }
    })
  }

  async function notTold(intent: Intent, merges: Merges): Promise<Verdict | undefined> {
    const payload = payloadOf(intent)
    const lost = merges.get(intent.id)?.lost
    if (payload.how !== 'merge' || lost === undefined) return undefined
    const winner = Number(payload.winner)
    const { told, untold } = await tellOptOuts(
      client,
      { winner, lost, attempt: 1 + attemptsOf(intent) },
      turn,
    )
    if (told) counters.pushed(intent.object, 'accepted', 1)
    return untold
  }

  /** Undefined where Marketo could not be asked: the merges come again. */
  async function prepared(intents: Intent[]): Promise<Merges | undefined> {
    const merges = intents.flatMap((intent) => {
      const payload = payloadOf(intent)
      return payload.how === 'merge' ? [{ ...payload, id: intent.id }] : []
    })
    const found = await prepareMerges(client, merges, deps.optOuts, reserve, turn)
    if (found.ok) return found.of
    const verdict = verdictOnLookUp(found, 1 + Math.max(...intents.map(attemptsOf)))
    const failed = intents.map((intent): Removed => ({ intent, verdict }))
    await leader(async (trx) => {
      await settleRemoved(trx, failed)
      await tell(trx, failed, 0)
    })
    return undefined
  }

  async function partnerKnown([intent]: Intent[], verdict: Verdict): Promise<Verdict> {
    const payload = payloadOf(intent!)
    if (payload.how !== 'merge' || verdict.kind !== 'gone') return verdict
    return whoIsMissing(client, { ...payload, attempts: attemptsOf(intent!) }, verdict, turn)
  }

  async function carryOutMerges(intents: Intent[]): Promise<void> {
    if (intents.length === 0) return
    const merges = await prepared(intents)
    if (merges !== undefined) await carryOutGroups(intents, merges)
  }

  async function carryOutGroups(intents: Intent[], merges: Merges): Promise<void> {
    const groups = Map.groupBy(
      intents,
      (intent) => `${intent.object} ${payloadOf(intent).how} ${suspicionOf(intent)}`,
    )
    await allDone([...groups.values()].map((group) => carryOutGroup(group, merges)))
  }

  async function carryOutGroup(group: Intent[], merges: Merges): Promise<void> {
    const { how } = payloadOf(group[0]!)
    const atMost = how === 'merge' ? 1 : sizeAfter(1 + suspicionOf(group[0]!))
    const batches = batchesOf(group, () => BYTES_A_REMOVAL, keyText, atMost)
    await allDone(batches.map((batch) => send(how, batch, merges)))
  }

  return async (intents) => {
    const isMerge = (intent: Intent): boolean => payloadOf(intent).how === 'merge'
    const admitted = await gate.admit(intents)
    const others = admitted.filter((intent) => !isMerge(intent))
    await allDone([carryOutMerges(admitted.filter(isMerge)), carryOutGroups(others, new Map())])
  }
}

type Merges = ReadonlyMap<string, Merging>

const PROBLEM = 'removals'

const NOT_ASKED = {
  kind: 'again',
  afterMs: 0,
  code: 'not-asked',
  reason: 'Marketo could not be asked where a role of a merged person went.',
  advice: 'Nothing to do: it is asked again.',
} as const

/** An API user that may write but not delete stops nothing else: that is a problem of its own. */
async function tell(trx: DbOrTrx, removed: Removed[], failures: number): Promise<void> {
  // One that is refused alone may be at fault itself.
  const areAll = removed.length > 1 || failures >= FAILURES_TOLD
  const stop = removed
    .map(({ verdict }) => verdict)
    .find(({ kind }) => kind === 'stop' || (kind === 'everybody' && areAll))
  if (stop !== undefined && 'reason' in stop)
    await raiseProblem(trx, {
      system: 'marketo',
      code: PROBLEM,
      reason: `Nothing can be removed from Marketo. ${stop.reason}`,
      advice: stop.advice,
    })
  else if (removed.some(({ verdict }) => verdict.kind === 'accepted' || isRefused(verdict)))
    await clearProblem(trx, 'marketo', PROBLEM)
}

/** Keys only; the longest are those of roles. */
const BYTES_A_REMOVAL = 200

const attemptsOf = (intent: Intent): number => payloadOf(intent).attempts ?? 0
/** How often its call failed as a whole. */
const suspicionOf = (intent: Intent): number => (payloadOf(intent).suspect === true ? attemptsOf(intent) : 0)

/** No Marketo record twice in a call. */
function keyText(intent: Intent): string {
  const payload = payloadOf(intent)
  return payload.how === 'delete role' ? roleIdentity(payload.roleKey) : intent.id
}

function keyOf(payload: RemovalPayload): Fields {
  if (payload.how === 'delete') return payload.key
  if (payload.how !== 'delete role') throw new Error(`${payload.how} has no key`)
  return { ...roleKeyOf(payload.roleKey) }
}

function verdictOn(how: RemovalPayload['how'], attempt: number, result: RecordResult | undefined): Verdict {
  return verdictOfRecord(result ?? { status: 'unclear', reasons: [] }, {
    write: true,
    attempt,
    // Who is not there under its id is looked for by its key (settle-removed.ts).
    action: how.startsWith('release') || how === 'delete person' ? 'sync' : 'delete',
  })
}
