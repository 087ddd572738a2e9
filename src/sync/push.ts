// Sends planned writes: batched, intended before, bisected where one record poisons a call, settled after.
import { randomUUID } from 'node:crypto'
import { PRIORITY } from '../database/changes.ts'
import type { LeaderTransaction } from '../database/lease.ts'
import { bisect } from '../marketo/bisect.ts'
import { syncObjects, type Fields, type Turn } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import { FIELD_UNKNOWN } from '../marketo/known-codes.ts'
import type { MarketoObject, RecordResult, WriteOutcome } from '../marketo/outcome.ts'
import type { Priority } from '../marketo/pacing.ts'
import { verdictOfCall, verdictOfRecord } from '../marketo/verdict.ts'
import type { Log } from '../log.ts'
import type { SyncCounters } from './counters.ts'
import { allDone } from './all-done.ts'
import { batchesOf } from './batches.ts'
import { intend } from './intend.ts'
import { DEFINITIONS } from './objects/index.ts'
import type { Trouble } from './trouble.ts'
import { settleUpserts } from './settle.ts'
import { blamed, lookedUpFirst, sizeAfter, suspicionOf } from './suspects.ts'
import type { Outcome, Write } from './write.ts'

export interface PushDeps {
  leader: LeaderTransaction
  client: MarketoClient
  log: Log
  counters: SyncCounters
  trouble: Trouble
  /** Marketo does not have a field that was sent. */
  onFieldRefused: () => void
  /** Calls that this process has out; an intent of any other has no known outcome. */
  outstanding: Set<string>
  signal: AbortSignal
}

export type Send = (turn: Turn & { input: Fields[] }) => Promise<WriteOutcome>

/** Salesperson, company, opportunity and role: by their external key, created or updated. */
export async function pushObjects(deps: PushDeps, writes: Write[]): Promise<void> {
  const object = writes[0]?.object
  if (object === undefined) return
  const { marketo, key } = DEFINITIONS[object]
  if (marketo === 'Lead') throw new Error('persons have their own way')
  const inputOf = (write: Write): Fields =>
    write.role === null ? { [key]: write.id, ...write.fields } : { ...write.role, ...write.fields }
  await pushBatches(deps, writes, inputOf, (write) => syncObjects(deps.client, marketo, write))
}

/** Batches, sends and settles; the batches go side by side, as pacing lets them. */
export async function pushBatches(
  deps: PushDeps,
  writes: Write[],
  inputOf: (write: Write) => Fields,
  send: Send,
): Promise<void> {
  const sizeOf = (write: Write): number => Buffer.byteLength(JSON.stringify(inputOf(write)))
  const keyOf = (write: Write): string => write.id
  const suspects = Map.groupBy(writes, ({ taken }) => suspicionOf(taken))
  const batches = [...suspects].flatMap(([attempts, group]) =>
    batchesOf(group, sizeOf, keyOf, sizeAfter(1 + attempts)),
  )
  await allDone(batches.map((batch) => pushBatch(deps, batch, inputOf, send)))
}

async function pushBatch(
  deps: PushDeps,
  batch: Write[],
  inputOf: (write: Write) => Fields,
  send: Send,
): Promise<void> {
  const call = randomUUID()
  deps.outstanding.add(call)
  try {
    const writes = await intend(deps.leader, call, batch, inputOf)
    if (writes.length > 0) await sendAndSettle(deps, call, writes, inputOf, send)
  } finally {
    deps.outstanding.delete(call)
  }
}

async function sendAndSettle(
  deps: PushDeps,
  call: string,
  writes: Write[],
  inputOf: (write: Write) => Fields,
  send: Send,
): Promise<void> {
  const startedAt = Date.now()
  const outcomes = await sendBisecting(deps, writes, inputOf, send)
  const settlement = await settleUpserts(deps.leader, call, outcomes)
  const verdicts = outcomes.map(({ verdict }) => verdict)
  await deps.trouble.afterCall(verdicts)
  await deps.trouble.alike.after(writes[0]!.object, verdicts)
  if (outcomes.some(({ verdict }) => verdict.kind === 'refused' && verdict.code === FIELD_UNKNOWN))
    deps.onFieldRefused()
  const object = writes[0]?.object ?? ''
  for (const { write, verdict } of outcomes)
    if (verdict.kind === 'accepted' && write.taken.priority === PRIORITY.live)
      deps.counters.confirmed(object, (Date.now() - write.taken.markedAt.getTime()) / 1000)
  for (const [outcome, records] of Object.entries(settlement)) deps.counters.pushed(object, outcome, records)
  deps.log.info(
    { object, records: writes.length, ...settlement, ms: Date.now() - startedAt },
    `pushed ${writes.length} ${object} records`,
  )
}

async function sendBisecting(
  deps: PushDeps,
  writes: Write[],
  inputOf: (write: Write) => Fields,
  send: Send,
): Promise<Outcome[]> {
  const attempt = attemptOf(writes)
  const turn: Turn = { priority: priorityOf(writes), signal: deps.signal }
  const { object } = writes[0]!
  const othersPassed = deps.trouble.alike.passed(object)
  const leaves = await bisect(writes, async (part) => {
    const { outcome, results } = await send({ ...turn, input: part.map(inputOf) })
    return {
      answer: results,
      verdict: lookedUpFirst(verdictOfCall(outcome, { write: true, attempt }), part.length, attempt),
    }
  })
  return leaves.flatMap(({ items, answer, verdict }) =>
    items.map((write, index): Outcome => {
      if (verdict.kind === 'accepted')
        return outcomeOf(
          write,
          answer?.[index] ?? { status: 'unclear', reasons: [] },
          DEFINITIONS[object].marketo,
        )
      const final = blamed(verdict, items.length, 1 + suspicionOf(write.taken), othersPassed)
      return { write, verdict: final, marketoId: null, created: false }
    }),
  )
}

function attemptOf(writes: Write[]): number {
  return 1 + Math.max(0, ...writes.map((write) => write.taken.attempts))
}

export function priorityOf(writes: Pick<Write, 'taken'>[]): Priority {
  return Math.min(...writes.map((write) => write.taken.priority)) < PRIORITY.background
    ? 'live'
    : 'background'
}

function outcomeOf(write: Write, record: RecordResult, object: MarketoObject): Outcome {
  const id = record.id ?? record.marketoGUID
  const partial = write.entry?.state === 'confirmed' && !write.taken.force
  return {
    write,
    // By its own attempts: a neighbour's would have it refused at once.
    verdict: verdictOfRecord(record, {
      write: true,
      attempt: attemptOf([write]),
      action: 'sync',
      object,
      partial,
    }),
    marketoId: id === undefined ? null : String(id),
    created: record.status === 'created',
  }
}
