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
import { lose, readLedger } from '../database/ledger.ts'
import type { Db } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { findLeads, findObjects, findRoles, type Fields, type RoleKey } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { RECORDS_A_CALL } from './batches.ts'
import { DEFINITIONS } from './objects/index.ts'
import type { CarryOut } from './carry-out.ts'
import { roleIdentity, roleKeyText } from './role-key.ts'
import { noteSent } from './note-sent.ts'
import { settleUpserts } from './settle.ts'
import { UNKNOWN_OUTCOME } from './suspects.ts'
import type { IntentPayload, Outcome } from './write.ts'

export interface RecoverDeps {
  db: Db
  leader: LeaderTransaction
  client: MarketoClient
  carryOut: CarryOut
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
      const disowned = await deps.leader((trx) => disownIntents(trx, [...deps.outstanding]))
      if (disowned > 0)
        deps.log.warn({ records: disowned }, `${disowned} writes were not settled and are looked up`)
      const pending = await pendingIntents(deps.db)
      lookedUp = new Set(pending.map(token).filter((known) => lookedUp.has(known)))
      const upserts = pending.filter(
        (intent) => intent.kind === 'upsert' && (!lookedUp.has(token(intent)) || intent.ageMs >= deps.waitMs),
      )
      for (const intent of upserts) lookedUp.add(token(intent))
      for (const object of new Set(upserts.map((intent) => intent.object as ObjectName))) {
        const own = upserts.filter((intent) => intent.object === object)
        for (let from = 0; from < own.length; from += RECORDS_A_CALL)
          await lookUp(object, own.slice(from, from + RECORDS_A_CALL))
      }
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

  async function lookUp(object: ObjectName, intents: Pending[]): Promise<void> {
    const found = await find(object, intents)
    if (found === undefined) {
      failures++
      quietUntil = Date.now() + Math.min(LONGEST_QUIET_MS, 1_000 * 2 ** Math.min(failures, 10))
      return
    }
    failures = 0
    const outcomes: Outcome[] = []
    const over: { intent: Pending; record: Fields | undefined }[] = []
    const entries = await readLedger(
      deps.db,
      intents.map((intent) => intent.id),
    )
    for (const intent of intents) {
      const record = found.get(intent.id)
      const proves = payloadOf(intent).proves || intent.ageMs >= deps.waitMs
      if (record !== undefined && proves && holds(record, intent))
        outcomes.push(settled(intent, record, entries.get(intent.id)))
      else if (intent.ageMs >= deps.waitMs) over.push({ intent, record })
    }
    if (outcomes.length > 0) await settleUpserts(deps.leader, '', outcomes)
    if (over.length > 0) await repeat(object, over)
    deps.log.info(
      { object, records: intents.length, found: outcomes.length, repeated: over.length },
      `looked up ${intents.length} ${object} writes of unknown outcome`,
    )
  }

  /** Marketo can't be working on these any more and doesn't hold them: their marks bring them back, with every field. */
  async function repeat(
    object: ObjectName,
    over: { intent: Pending; record: Fields | undefined }[],
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

  /** What Marketo holds of these, by Salesforce id; undefined when it could not be asked. */
  async function find(object: ObjectName, intents: Pending[]): Promise<Map<string, Fields> | undefined> {
    const { marketo, key } = DEFINITIONS[object]
    const sent = new Set(intents.flatMap((intent) => Object.keys(payloadOf(intent).input)))
    const turn = { priority: 'live' as const, signal: deps.signal }
    if (marketo === 'Lead') {
      const fields = [...new Set([...sent, 'id', 'externalPersonId'])]
      const known = intents.filter((intent) => intent.marketoId !== null)
      const unknown = intents.filter((intent) => intent.marketoId === null)
      const byId = await findLeads(deps.client, {
        filterType: 'id',
        values: known.map((intent) => intent.marketoId!),
        fields,
        ...turn,
      })
      const byKey = await findLeads(deps.client, {
        filterType: 'externalPersonId',
        values: unknown.map((intent) => intent.id),
        fields,
        ...turn,
      })
      if (!byId.ok || !byKey.ok) return undefined
      const ids = new Map(known.map((intent) => [intent.marketoId!, intent.id]))
      return new Map([
        ...byId.records.map((lead): [string, Fields] => [ids.get(String(lead.id)) ?? '', lead]),
        ...byKey.records.map((lead): [string, Fields] => [String(lead.externalPersonId), lead]),
      ])
    }
    if (marketo === 'OpportunityRole') {
      const ids = new Map(intents.map((intent) => [roleIdentity(payloadOf(intent).roleKey ?? ''), intent.id]))
      const found = await findRoles(deps.client, {
        keys: intents.map((intent) => payloadOf(intent).role!),
        fields: [...sent, 'marketoGUID'],
        ...turn,
      })
      if (!found.ok) return undefined
      return new Map(
        found.records.map((role): [string, Fields] => [
          ids.get(roleIdentity(roleKeyText(role as unknown as RoleKey))) ?? '',
          role,
        ]),
      )
    }
    const found = await findObjects(deps.client, marketo, {
      filterType: key,
      values: intents.map((intent) => intent.id),
      fields: [...sent, ...(marketo === 'Opportunity' ? ['marketoGUID'] : ['id'])],
      ...turn,
    })
    if (!found.ok) return undefined
    return new Map(found.records.map((record): [string, Fields] => [String(record[key]), record]))
  }
}

const payloadOf = (intent: Pick<OpenIntent, 'payload'>): IntentPayload => intent.payload as IntentPayload
/** Whose ledger entry knows what was sent to the person before. */
const ownerOf = (intent: Pending): string => payloadOf(intent).takesOver ?? intent.id
const idIn = (record: Fields): string => String(record.id ?? record.marketoGUID)
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

function settled(intent: Pending, record: Fields, entry: Outcome['write']['entry']): Outcome {
  const payload = intent.payload as IntentPayload
  return {
    verdict: { kind: 'accepted' },
    marketoId: idIn(record),
    // Under its key and without Marketo's id only a person goes that is to be created.
    created: DEFINITIONS[intent.object as ObjectName].marketo === 'Lead' && intent.marketoId === null,
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
      takesOver: undefined,
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
