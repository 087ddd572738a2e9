// Finds out what became of writes whose outcome nobody knows: time-outs, lost connections, a killed process, a take-over. Looked
// up now, and again when Marketo can't be working on them any more; only then repeated. Until then the record is not written, so
// a late completion never overwrites newer values.
import type { LeaderTransaction } from '../database/lease.ts'
import { mark, postpone, PRIORITY } from '../database/changes.ts'
import {
  closeIntents,
  disownIntents,
  pendingIntents,
  recordOf,
  type OpenIntent,
} from '../database/intents.ts'
import { lose, readLedger, type LedgerEntry } from '../database/ledger.ts'
import type { Db } from '../database/tables.ts'
import type { Log } from '../log.ts'
import type { Fields } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import { verdictOfCall, type Verdict } from '../marketo/verdict.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { RECORDS_A_CALL } from './batches.ts'
import { DEFINITIONS } from './objects/index.ts'
import type { CarryOut } from './carry-out.ts'
import { findWritten, idIn, payloadOf, type Written } from './find-written.ts'
import { noteJoined } from './note-joined.ts'
import { noteSent } from './note-sent.ts'
import { noteSeveral } from './settle-failed.ts'
import { settleUpserts } from './settle.ts'
import { UNKNOWN_OUTCOME } from './suspects.ts'
import type { Trouble } from './trouble.ts'
import type { Outcome } from './write.ts'

export interface RecoverDeps {
  db: Db
  leader: LeaderTransaction
  client: MarketoClient
  carryOut: CarryOut
  trouble: Pick<Trouble, 'afterLookUps'>
  outstanding: ReadonlySet<string>
  waitMs: number
  log: Log
  signal: AbortSignal
}

export interface Recover {
  /** Resolves what can be resolved. */
  runOnce(): Promise<void>
  /** Records whose delete or merge is being sent again right now. */
  busy(): ReadonlySet<string>
}

type Pending = OpenIntent & { ageMs: number }

/** Look-ups of an outage get rarer up to this, or they would eat the day's calls. */
const LONGEST_QUIET_MS = 45_000
/** Some answers that are no success say that there is nothing. */
const NOTHING: Written = { ok: true, held: new Map(), several: new Set(), withValues: true }

export function createRecover(deps: RecoverDeps): Recover {
  /** Looked up once right after it turned ambiguous; the second look comes after the wait. */
  let lookedUp = new Set<string>()
  let sending = new Set<string>()
  let failures = 0
  let quietUntil = 0

  return {
    busy: () => sending,
    async runOnce() {
      if (Date.now() < quietUntil) return
      const disowned = await deps.leader((trx) => disownIntents(trx, deps.outstanding))
      if (disowned > 0)
        deps.log.warn({ records: disowned }, `${disowned} writes were not settled and are looked up`)
      const pending = await pendingIntents(deps.db)
      lookedUp = new Set(pending.map(token).filter((known) => lookedUp.has(known)))
      const upserts = pending.filter(
        (intent) => intent.kind === 'upsert' && (!lookedUp.has(token(intent)) || intent.ageMs >= deps.waitMs),
      )
      for (const intent of upserts) lookedUp.add(token(intent))
      const verdicts: Verdict[] = []
      for (const object of new Set(upserts.map((intent) => intent.object as ObjectName))) {
        const own = upserts.filter((intent) => intent.object === object)
        for (let from = 0; from < own.length; from += RECORDS_A_CALL)
          verdicts.push(await lookUp(object, own.slice(from, from + RECORDS_A_CALL)))
      }
      if (upserts.length > 0 || pending.length === 0) await afterLookUps(verdicts)
      // Whether it is still to be removed Salesforce is asked again: it may have been undeleted meanwhile. Role keys have no record to ask.
      const over = pending.filter(
        (intent) => intent.kind !== 'upsert' && (intent.ageMs >= deps.waitMs || intent.call === ''),
      )
      const records = over.filter((intent) => recordOf(intent.id) === intent.id)
      await deps.leader(async (trx) => {
        await closeIntents(
          trx,
          records.map(({ id }) => id),
        )
        await noteJoined(trx, records)
        await mark(
          trx,
          records.map(({ id, object }) => ({ object, id, priority: PRIORITY.found })),
        )
        const unclear = records.filter(({ call }) => call !== '')
        await postpone(
          trx,
          unclear.map(({ id }) => ({
            id,
            afterMs: 0,
            code: UNKNOWN_OUTCOME,
            reason: 'the outcome of its removal was unknown',
          })),
        )
      })
      const removals = over.filter((intent) => recordOf(intent.id) !== intent.id)
      sending = new Set(removals.map((intent) => recordOf(intent.id)))
      try {
        await deps.carryOut(removals)
      } finally {
        sending = new Set()
      }
    },
  }

  async function afterLookUps(verdicts: Verdict[]): Promise<void> {
    if (verdicts.every(({ kind }) => kind === 'accepted')) failures = 0
    else {
      failures++
      quietUntil = Date.now() + Math.min(LONGEST_QUIET_MS, 1_000 * 2 ** Math.min(failures, 10))
    }
    await deps.trouble.afterLookUps(verdicts)
  }

  async function lookUp(object: ObjectName, intents: Pending[]): Promise<Verdict> {
    const found = await findWritten(deps.client, object, intents, deps.signal)
    const verdict: Verdict = found.ok
      ? { kind: 'accepted' }
      : verdictOfCall(found, { write: false, attempt: 1 + failures })
    if (verdict.kind === 'accepted') await resolve(object, intents, found.ok ? found : NOTHING)
    else
      deps.log.warn(
        { object, records: intents.length, code: verdict.code, reason: verdict.reason },
        `could not look up ${intents.length} ${object} writes of unknown outcome`,
      )
    return verdict
  }

  async function resolve(object: ObjectName, intents: Pending[], written: Written): Promise<void> {
    const outcomes: Outcome[] = []
    const over: { intent: Pending; record: Fields | undefined }[] = []
    const entries = await readLedger(
      deps.db,
      intents.flatMap((intent) => [intent.id, ownerOf(intent)]),
    )
    for (const intent of intents) {
      const record = written.held.get(intent.id)
      const proves = written.withValues && (payloadOf(intent).proves || intent.ageMs >= deps.waitMs)
      if (record !== undefined && proves && holds(record, intent))
        outcomes.push(settled(intent, record, entries))
      else if (intent.ageMs >= deps.waitMs) over.push({ intent, record })
    }
    if (outcomes.length > 0) await settleUpserts(deps.leader, '', outcomes)
    if (over.length > 0) await repeat(object, over, written.several)
    deps.log.info(
      { object, records: intents.length, found: outcomes.length, repeated: over.length },
      `looked up ${intents.length} ${object} writes of unknown outcome`,
    )
  }

  /** Marketo can't be working on these any more and doesn't hold them: their marks bring them back, with every field. */
  async function repeat(
    object: ObjectName,
    over: { intent: Pending; record: Fields | undefined }[],
    several: ReadonlySet<string>,
  ): Promise<void> {
    await deps.leader(async (trx) => {
      await closeIntents(
        trx,
        over.map(({ intent }) => intent.id),
      )
      const entries = await readLedger(
        trx,
        over.map(({ intent }) => ownerOf(intent)),
      )
      for (const { intent, record } of over) {
        lookedUp.delete(token(intent))
        const entry = entries.get(ownerOf(intent))
        if (entry?.state === 'claimed') await lose(trx, [intent.id])
        else if (several.has(intent.id))
          await noteSeveral(trx, [{ object, id: intent.id, references: payloadOf(intent).references }])
        else if (record !== undefined)
          await noteSent(trx, { ...intent, payload: payloadOf(intent) }, entry, idIn(record))
      }
      const ids = over.map(({ intent }) => intent.id)
      await mark(
        trx,
        ids.map((id) => ({ object, id, priority: PRIORITY.found, force: true })),
      )
      await postpone(
        trx,
        ids.map((id) => ({
          id,
          afterMs: 0,
          code: UNKNOWN_OUTCOME,
          reason: 'the outcome of the last push was unknown; Marketo does not hold it',
        })),
      )
    })
  }
}

/** Whose ledger entry knows what was sent to the person before. */
const ownerOf = (intent: Pending): string => payloadOf(intent).takesOver ?? intent.id
const token = (intent: Pending): string => `${intent.id}@${intent.startedAt.getTime()}`

/** Whether Marketo's record has every value that was sent. Numbers and dates come back in other forms, so these are compared by meaning. */
export function holds(record: Fields, intent: Pick<OpenIntent, 'payload'>): boolean {
  return Object.entries(payloadOf(intent).input).every(([field, sent]) => same(sent, record[field]))
}

function same(sent: unknown, held: unknown): boolean {
  if (sent === null || sent === '') return held === null || held === undefined || held === ''
  if (held === null || held === undefined) return false
  const [a, b] = [textOf(sent), textOf(held)]
  if (a === b) return true
  if (typeof sent === 'number') return Number(b) === sent
  return /^\d{4}-\d\d-\d\dT/.test(a) && Date.parse(a) === Date.parse(b)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Under its key and without Marketo's id only a person goes that is to be created. Of others Marketo's id tells: one that the ledger does not
 *  know is of a record that replaced a lost one. */
function isCreated(intent: Pending, record: Fields, entry: LedgerEntry | undefined): boolean {
  if (DEFINITIONS[intent.object as ObjectName].marketo === 'Lead') return intent.marketoId === null
  const known = entry?.state === 'confirmed' ? entry.marketoId : null
  return known !== null && known !== idIn(record)
}

function settled(intent: Pending, record: Fields, entries: ReadonlyMap<string, LedgerEntry>): Outcome {
  const payload = payloadOf(intent)
  const entry = entries.get(intent.id)
  return {
    verdict: { kind: 'accepted' },
    marketoId: idIn(record),
    created: isCreated(intent, record, entry),
    write: {
      do: 'upsert',
      object: intent.object as ObjectName,
      id: intent.id,
      taken: {
        id: intent.id,
        version: intent.version,
        priority: PRIORITY.live,
        force: false,
        attempts: 0,
        markedAt: intent.startedAt,
        code: null,
      },
      entry,
      takesOver: entries.get(payload.takesOver ?? ''),
      adopts: payload.adopted,
      fields: {},
      hashes: Buffer.from(payload.hashes, 'base64'),
      references: payload.references,
      withheld: [],
      marketoId: idIn(record),
      email: null,
      role: payload.role,
      notes: payload.notes,
    },
  }
}
