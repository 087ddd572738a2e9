// Asks Salesforce, Marketo and the database about one record and its parents. Each answer stands alone: one system that is down
// hides nothing of what the others know.
import { readChange } from '../database/changes.ts'
import { readLedger, type LedgerEntry } from '../database/ledger.ts'
import { readParked } from '../database/parked.ts'
import { listProblems, readState } from '../database/state.ts'
import type { Db } from '../database/tables.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { InsightSource } from '../insights/read-now.ts'
import { isQueueId, toId18, type ObjectName } from '../salesforce/ids.ts'
import type { Reader } from '../salesforce/read.ts'
import { MAPPING_KEY, type PublishedMapping } from './mapping-shape.ts'
import { openMarketo, type LookedUp, type MarketoLook } from './marketo-look.ts'
import type { ParentFacts, ParentKind, RecordFacts, Told, Values } from './record-facts.ts'

export interface GatherDeps {
  db: Db
  marketo: InsightSource | undefined
  /** Connects when it is first needed; undefined until Salesforce is set up. */
  salesforce: (() => Promise<Pick<Reader, 'read'>>) | undefined
  deadlineMs?: number
}

/** Of each of two rounds: what hangs in the first must not use up the time of the second. A router in front cuts at 30 s. */
const DEADLINE_MS = 12_000

/** What is read of a record while no mapping has been published. */
const READS: Record<ObjectName, string[]> = {
  User: ['Id', 'Email'],
  Account: ['Id', 'OwnerId'],
  Lead: ['Id', 'Email', 'OwnerId'],
  Contact: ['Id', 'Email', 'OwnerId', 'AccountId'],
  Opportunity: ['Id', 'OwnerId', 'AccountId'],
  OpportunityContactRole: ['Id', 'OpportunityId', 'ContactId', 'Role'],
}

const PARENTS: Record<ParentKind, { field: string; object: ObjectName; column: keyof LedgerEntry }> = {
  owner: { field: 'OwnerId', object: 'User', column: 'ownerId' },
  account: { field: 'AccountId', object: 'Account', column: 'accountId' },
  opportunity: { field: 'OpportunityId', object: 'Opportunity', column: 'opportunityId' },
  person: { field: 'ContactId', object: 'Contact', column: 'personId' },
}

const KINDS: Record<ObjectName, ParentKind[]> = {
  User: [],
  Account: ['owner'],
  Lead: ['owner'],
  Contact: ['owner', 'account'],
  Opportunity: ['owner', 'account'],
  OpportunityContactRole: ['opportunity', 'person'],
}

export async function gather(deps: GatherDeps, object: ObjectName, id: string): Promise<RecordFacts> {
  const { db } = deps
  const { deadlineMs = DEADLINE_MS } = deps
  const first = AbortSignal.timeout(deadlineMs)
  const [ledger, parked, change, problems, mapping] = await Promise.all([
    readLedger(db, [id]),
    readParked(db, [id]),
    readChange(db, id),
    listProblems(db),
    readState<PublishedMapping>(db, MAPPING_KEY),
  ])
  const entry = ledger.get(id) ?? null
  const [salesforce, look] = await Promise.all([
    salesforceReader(deps, mapping, first)(object, id),
    told('Marketo', () => openMarketo(deps.marketo, mapping), first),
  ])
  const row = salesforce.known && salesforce.value.state !== 'unreadable' ? salesforce.value.row : undefined
  const references = referencesOf(object, row, entry)
  const second = AbortSignal.timeout(deadlineMs)
  const [marketo, parents] = await Promise.all([
    lookUp(look, second, { object, id, entry, row, references }),
    parentFacts(deps, mapping, look, references, second),
  ])
  const insights = look.known ? look.value.insights : undefined
  return {
    id,
    object,
    salesforce,
    ledger: entry,
    marketo,
    queueOwner: isQueueId(typeof row?.OwnerId === 'string' ? row.OwnerId : ''),
    parents,
    parked: parked.get(id) ?? null,
    change: change ?? null,
    problems,
    insights,
    missingInsights: look.known ? look.value.missingInsights : [],
  }
}

export type References = Partial<Record<ParentKind, string>>

/** What Salesforce says, else what was last sent. A person account counts as its Contact, with no company. */
function referencesOf(object: ObjectName, row: Values | undefined, entry: LedgerEntry | null): References {
  const references: References = {}
  for (const kind of KINDS[object]) {
    const { field, column } = PARENTS[kind]
    const value = row === undefined ? entry?.[column] : row[field]
    const id = typeof value === 'string' ? toId18(value) : undefined
    if (id === undefined || isQueueId(id)) continue
    if (kind === 'account' && row?.IsPersonAccount === true) continue
    references[kind] = id
  }
  return references
}

type Read = (object: ObjectName, id: string) => Promise<RecordFacts['salesforce']>

function salesforceReader(
  { salesforce }: GatherDeps,
  mapping: PublishedMapping | undefined,
  signal: AbortSignal,
): Read {
  return async (object, id) => {
    if (salesforce === undefined)
      return {
        known: false,
        reason: 'Salesforce is not set up.',
        advice: 'Set the SALESFORCE_… variables (on Heroku: Settings > Config Vars).',
      }
    return told(
      'Salesforce',
      async () => {
        const reader = await salesforce()
        const found = await reader.read(object, [id], mapping?.objects[object].reads ?? READS[object], signal)
        return found.get(id) ?? { state: 'unreadable' }
      },
      signal,
    )
  }
}

async function parentFacts(
  deps: GatherDeps,
  mapping: PublishedMapping | undefined,
  look: Told<MarketoLook>,
  references: References,
  signal: AbortSignal,
): Promise<ParentFacts[]> {
  const { db } = deps
  const read = salesforceReader(deps, mapping, signal)
  const parents = Object.entries(references) as [ParentKind, string][]
  const ids = parents.map(([, id]) => id)
  const [ledger, parked] = await Promise.all([readLedger(db, ids), readParked(db, ids)])
  return Promise.all(
    parents.map(async ([kind, id]): Promise<ParentFacts> => {
      const { object } = PARENTS[kind]
      const entry = ledger.get(id) ?? null
      const [found, user] = await Promise.all([
        lookUp(look, signal, { object, id, entry, row: undefined, references: {} }),
        kind === 'owner' ? read(object, id) : undefined,
      ])
      return {
        kind,
        object,
        id,
        ledger: entry,
        parked: parked.get(id) ?? null,
        marketo: found.known ? { known: true, value: found.value[0] ?? null } : found,
        email: emailOf(user),
      }
    }),
  )
}

function emailOf(user: RecordFacts['salesforce'] | undefined): Told<string | null> {
  if (user?.known === false) return user
  const email = user?.value.state === 'live' ? user.value.row.Email : null
  return { known: true, value: typeof email === 'string' && email !== '' ? email : null }
}

async function lookUp(
  look: Told<MarketoLook>,
  signal: AbortSignal,
  record: LookedUp,
): Promise<Told<Values[]>> {
  return look.known ? told('Marketo', () => look.value.records(record, signal), signal) : look
}

/** The answer, or in words why there is none; never later than the signal. */
export async function told<T>(system: string, ask: () => Promise<T>, signal: AbortSignal): Promise<Told<T>> {
  const late = Promise.withResolvers<never>()
  const onAbort = (): void => late.reject(new Error('it did not answer in time'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    return { known: true, value: await Promise.race([ask(), late.promise]) }
  } catch (error) {
    const reason = signal.aborted ? 'it did not answer in time' : reasonOf(error)
    return {
      known: false,
      reason: `${system} could not be asked: ${reason}`,
      advice:
        error instanceof BridgeError
          ? error.advice
          : 'Try again in a minute; the status shows what is wrong.',
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
