// Persons never duplicate (design §5, rule 8). A known Marketo id is updated by id. An unknown one is looked for by its key, then
// by its e-mail; a single match without a key is adopted; only then is a person created.
import type { DbOrTrx } from '../database/tables.ts'
import { claimPersons } from '../database/ledger.ts'
import { findLeads, syncLeads, type Fields } from '../marketo/calls.ts'
import { FIELD_UNKNOWN, GATEWAY_REFUSALS, LOOKUP_NOT_TAKEN } from '../marketo/known-codes.ts'
import type { CallOutcome, WriteOutcome } from '../marketo/outcome.ts'
import { backoff, verdictOfCall, verdictOfRecord, type Verdict } from '../marketo/verdict.ts'
import { allDone } from './all-done.ts'
import { RECORDS_A_CALL } from './batches.ts'
import { priorityOf, pushBatches, type PushDeps } from './push.ts'
import { noteSeveral } from './settle-failed.ts'
import { settleUpserts } from './settle.ts'
import { joinPersons, type SamePerson } from './several-persons.ts'
import { blamed } from './suspects.ts'
import type { Write } from './write.ts'

export interface PersonDeps extends PushDeps {
  matchByEmail: boolean
  severalPersons: 'report' | 'merge'
  /** Names of the fields by which persons have opted out. */
  optOuts: readonly string[]
  /** Whether Marketo takes `lookupField: externalPersonId`: undocumented, so found out and remembered. */
  keyLookup: { accepted: boolean }
}

interface Found extends SamePerson {
  email: string
  externalPersonId: string | null
}

/** Some value of a look-up is at fault, perhaps. */
const LOOK_UP_REFUSED = 'look-up-refused'

export async function pushPersons(deps: PersonDeps, writes: Write[]): Promise<void> {
  const known = writes.filter((write) => write.marketoId !== null)
  const unknown = writes.filter((write) => write.marketoId === null)
  // Whose look-up was refused are looked up in ever smaller groups, until the one at fault is alone.
  const suspects = Map.groupBy(unknown, ({ taken }) => (taken.code === LOOK_UP_REFUSED ? taken.attempts : 0))
  const groups = [...suspects].flatMap(([attempts, writes]) =>
    inGroups(writes, Math.ceil(Math.min(RECORDS_A_CALL, writes.length) / 2 ** Math.min(attempts, 30))),
  )
  await allDone([updateById(deps, known), ...groups.map((group) => pushUnknown(deps, group))])
}

async function updateById(deps: PersonDeps, writes: Write[]): Promise<void> {
  if (writes.length === 0) return
  await pushBatches(
    deps,
    writes,
    (write) => ({ id: Number(write.marketoId), ...write.fields }),
    (write) => syncLeads(deps.client, { action: 'updateOnly', lookupField: 'id', ...write }),
  )
}

async function pushUnknown(deps: PersonDeps, writes: Write[]): Promise<void> {
  const held = new Map<string, Found[]>()
  // Several persons with one key can only be merged when it is known which they are.
  const keysKnown = !deps.keyLookup.accepted || deps.severalPersons === 'merge'
  if (keysKnown) {
    const found = await find(deps, 'externalPersonId', writes, (write) => write.id)
    if (!found.ok) return fail(deps, writes, found.outcome)
    for (const person of found.persons) push(held, person.externalPersonId ?? '', person)
  }
  const several = writes.filter((write) => (held.get(write.id)?.length ?? 0) > 1)
  await allDone(several.map((write) => pushSeveral(deps, write, held.get(write.id) ?? [])))
  const ours = writes.flatMap((write): Write[] => {
    const persons = held.get(write.id) ?? []
    return persons.length === 1 ? [{ ...write, marketoId: String(persons[0]!.id) }] : []
  })
  const rest = writes.filter((write) => !held.has(write.id))

  const adopted = await adoptable(deps, rest, keysKnown)
  if (!adopted.ok) return fail(deps, rest, adopted.outcome)
  await allDone([
    updateById(deps, [...ours, ...adopted.writes]),
    create(
      deps,
      rest.filter((write) => !adopted.writes.some((other) => other.id === write.id)),
      keysKnown,
    ),
  ])
}

/** Reported, or made one and then written. */
async function pushSeveral(deps: PersonDeps, write: Write, persons: Found[]): Promise<void> {
  const marketoId = await joinPersons(deps, write, persons)
  if (marketoId !== undefined) await updateById(deps, [{ ...write, marketoId }])
}

async function create(deps: PersonDeps, writes: Write[], keysKnown: boolean): Promise<void> {
  if (writes.length === 0) return
  const inputOf = (write: Write): Fields => ({ externalPersonId: write.id, ...write.fields })
  if (!deps.keyLookup.accepted)
    return pushBatches(deps, writes, inputOf, (write) =>
      syncLeads(deps.client, { action: 'createDuplicate', ...write }),
    )
  await pushBatches(deps, writes, inputOf, async (write) => {
    const answer = await syncLeads(deps.client, {
      action: 'createOrUpdate',
      lookupField: 'externalPersonId',
      ...write,
    })
    if (!answer.outcome.ok && answer.outcome.code === LOOKUP_NOT_TAKEN) {
      deps.keyLookup.accepted = false
      deps.log.info(
        'this Marketo does not take externalPersonId as lookupField: persons are looked up before they are created',
      )
    }
    return keysKnown ? answer : withHolders(deps, writes, answer, write.input)
  })
}

/** Whose values were refused may have a person in Marketo all the same, that somebody made with the key: Marketo tells no id then. */
async function withHolders(
  deps: PersonDeps,
  writes: Write[],
  { outcome, results }: WriteOutcome,
  input: readonly Fields[],
): Promise<WriteOutcome> {
  const byId = new Map(writes.map((write) => [write.id, write]))
  const refused = results.flatMap((result, n) => {
    const write = byId.get(String(input[n]?.externalPersonId))
    if (write === undefined || result.status !== 'skipped') return []
    const attempt = 1 + write.taken.attempts
    return verdictOfRecord(result, { write: true, attempt }).kind === 'refused' ? [write] : []
  })
  if (refused.length === 0) return { outcome, results }
  const found = await find(deps, 'externalPersonId', refused, ({ id }) => id)
  const holders = Map.groupBy(found.ok ? found.persons : [], (person) => person.externalPersonId)
  const several = refused.filter(({ id }) => (holders.get(id)?.length ?? 0) > 1)
  if (several.length > 0) await deps.leader((trx) => noteSeveral(trx, several))
  return {
    outcome,
    results: results.map((result, n) => {
      const persons = holders.get(String(input[n]?.externalPersonId)) ?? []
      return result.status === 'skipped' && persons.length === 1 ? { ...result, id: persons[0]!.id } : result
    }),
  }
}

/** Those whose e-mail a single Marketo person without a key has, claimed: who loses the claim, creates. */
async function adoptable(
  deps: PersonDeps,
  writes: Write[],
  keysKnown: boolean,
): Promise<{ ok: true; writes: Write[] } | { ok: false; outcome: CallOutcome }> {
  const candidates = writes.filter((write) => deps.matchByEmail && searchable(write.email))
  if (candidates.length === 0) return { ok: true, writes: [] }
  const found = await find(deps, 'email', candidates, (write) => (write.email ?? '').toLowerCase())
  if (!found.ok) return found
  const byEmail = new Map<string, Found[]>()
  for (const person of found.persons)
    if (person.externalPersonId === null) push(byEmail, person.email.toLowerCase(), person)

  const wanted = new Map<number, { write: Write; marketoId: string }>()
  for (const write of candidates) {
    const persons = byEmail.get(write.email!.toLowerCase()) ?? []
    if (persons.length === 1 && !wanted.has(persons[0]!.id))
      wanted.set(persons[0]!.id, { write, marketoId: String(persons[0]!.id) })
  }
  // A second person must not get a key that another one has.
  const beside = [...wanted.values()].map(({ write }) => write)
  const held = keysKnown
    ? ({ ok: true, persons: [] } as const)
    : await find(deps, 'externalPersonId', beside, (write) => write.id)
  if (!held.ok) return held
  const keys = new Set(held.persons.map((person) => person.externalPersonId))
  const claims = [...wanted.values()].filter(({ write }) => !keys.has(write.id))
  const won = await deps.leader((trx: DbOrTrx) =>
    claimPersons(
      trx,
      claims.map(({ write, marketoId }) => ({ object: write.object, id: write.id, marketoId })),
    ),
  )
  return {
    ok: true,
    writes: claims
      .filter(({ write }) => won.has(write.id))
      .map(({ write, marketoId }) => ({
        ...write,
        marketoId,
        adopts: true,
        // Adopting a person erases nothing, also where another one was lost.
        fields: Object.fromEntries(Object.entries(write.fields).filter(([, value]) => value !== null)),
      })),
  }
}

/** A comma separates filter values and has no escape; Marketo takes ASCII e-mails only (marketo-rest facts §3.5, §10). */
function searchable(email: string | null): boolean {
  return email !== null && /^[\x21-\x2b\x2d-\x7e]+$/.test(email)
}

async function find(
  deps: PersonDeps,
  filterType: string,
  writes: Write[],
  valueOf: (write: Write) => string,
): Promise<{ ok: true; persons: Found[] } | { ok: false; outcome: CallOutcome }> {
  const found = await findLeads(deps.client, {
    filterType,
    values: writes.map(valueOf),
    fields: ['id', 'email', 'externalPersonId', 'updatedAt'],
    // Of so many with one e-mail none is adopted.
    leaveOutCrowds: filterType === 'email',
    priority: priorityOf(writes),
    signal: deps.signal,
  })
  if (!found.ok) return { ok: false, outcome: found }
  return {
    ok: true,
    persons: found.records.map((lead) => ({
      id: Number(lead.id),
      email: typeof lead.email === 'string' ? lead.email : '',
      externalPersonId:
        typeof lead.externalPersonId === 'string' && lead.externalPersonId !== ''
          ? lead.externalPersonId
          : null,
      updatedAt: typeof lead.updatedAt === 'string' ? lead.updatedAt : '',
    })),
  }
}

/** The look-up failed: nothing was written, so everything is tried again as the verdict says. */
async function fail(deps: PersonDeps, writes: Write[], outcome: CallOutcome): Promise<void> {
  const attempt = 1 + Math.max(0, ...writes.map((write) => write.taken.attempts))
  const { object } = writes[0]!
  const told = verdictOfLookUp(verdictOfCall(outcome, { write: false, attempt }), writes.length, attempt)
  const final = blamed(told, writes.length, attempt, deps.trouble.alike.passed(object))
  const verdict = final.kind === 'refused' && !outcome.ok ? { ...final, code: outcome.code } : final
  await deps.trouble.afterCall([verdict])
  await deps.trouble.alike.after(object, [verdict])
  const { refused } = await settleUpserts(
    deps.leader,
    '',
    writes.map((write) => ({ write, verdict, marketoId: null, created: false })),
  )
  deps.counters.pushed(object, 'refused', refused)
}

function verdictOfLookUp(told: Verdict, records: number, attempt: number): Verdict {
  if ('afterMs' in told || told.kind === 'quota') return told
  if (told.kind === 'accepted')
    return { kind: 'again', afterMs: 60_000, code: 'look-up', reason: 'a look-up failed', advice: '' }
  const again = { ...told, kind: 'again' as const }
  // No record's fault: the fields of a look-up are always the same.
  if (told.kind !== 'refused' || told.code === FIELD_UNKNOWN) return { ...again, afterMs: 60_000 }
  if (GATEWAY_REFUSALS.includes(told.code)) return { ...told, kind: 'everybody', code: LOOK_UP_REFUSED }
  return records === 1 ? told : { ...again, afterMs: backoff(attempt), code: LOOK_UP_REFUSED }
}

function inGroups<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
