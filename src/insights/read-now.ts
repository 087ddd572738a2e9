// Reads the values of given persons from Marketo now, in parallel, within the time a router in front allows. What could not be
// read in time is answered with its reason, rather than nothing at all.
import {
  personsById,
  storeKnownInsights,
  type InsightReading,
  type InsightValues,
} from '../database/insights.ts'
import { wantInsights } from '../database/refresh-progress.ts'
import type { Db } from '../database/tables.ts'
import { BridgeError, reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { findLeads, MAX_RECORDS } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { Failed } from '../marketo/outcome.ts'
import { verdictOfCall } from '../marketo/verdict.ts'
import { objectOf, toId18 } from '../salesforce/ids.ts'
import { fieldsToRead, readInsight, type InsightNames } from './read.ts'

/** What the values-back flow needs of Marketo. */
export interface InsightSource {
  client: MarketoClient
  /** What this instance has; remembered by whoever gives it. Throws when Marketo can't tell. */
  schema: () => Promise<MarketoSchema>
}

export interface ReadNow {
  records: { id: string; values: InsightValues }[]
  missing: { id: string; reason: string }[]
}

/** Nothing could be read at all. */
export interface Unreadable {
  reason: string
  retryAfterSeconds: number
}

/** A router in front cuts at 30 s; the rest is for the way and for our own work. */
const DEADLINE_MS = 24_000
const RETRY_AFTER_SECONDS = 30

interface Part {
  filterType: 'id' | 'externalPersonId'
  /** Value of the filter → Salesforce id. */
  asked: Map<string, string>
}

export function createReadNow(deps: {
  db: Db
  marketo: InsightSource | undefined
  log: Log
  now: () => number
  deadlineMs?: number
}): (ids: string[]) => Promise<ReadNow | Unreadable> {
  const { db, marketo, log, now, deadlineMs = DEADLINE_MS } = deps

  return async (given) => {
    const { ids, missing } = sortOut(given)
    if (ids.length === 0) return { records: [], missing }
    if (marketo === undefined) return { reason: 'Marketo is not set up yet.', retryAfterSeconds: 300 }
    const signal = AbortSignal.timeout(deadlineMs)
    const names = await namesWithin(marketo, signal)
    if ('reason' in names) return names
    const parts = await partsOf(db, ids)
    const answers = await Promise.all(parts.map((part) => readPart(marketo.client, part, names, signal)))
    const failures = answers.flatMap((answer) => (answer.ok ? [] : [answer.failed]))
    if (failures.length === answers.length) return unreadable(failures[0]!, now())
    const readings = answers.flatMap((answer) => (answer.ok ? answer.readings : []))
    await keep(
      readings,
      answers.flatMap((answer) => (answer.ok ? answer.lost : [])),
    )
    return {
      records: readings,
      missing: [...missing, ...answers.flatMap((answer) => answer.missing)],
    }
  }

  async function readPart(client: MarketoClient, part: Part, names: InsightNames, signal: AbortSignal) {
    const readAt = new Date(now())
    const found = await findLeads(client, {
      filterType: part.filterType,
      values: [...part.asked.keys()],
      fields: [...fieldsToRead(names), 'externalPersonId'],
      priority: 'ids',
      signal,
    })
    const missingOf = (ids: Iterable<string>, reason: string) => [...ids].map((id) => ({ id, reason }))
    if (!found.ok)
      return {
        ok: false as const,
        failed: found,
        missing: missingOf(part.asked.values(), `not read: ${told(found).reason}`),
      }
    const readings = new Map<string, InsightReading>()
    // Several persons may hold one key; the newest counts.
    for (const person of found.records.sort((a, b) => Number(a.id) - Number(b.id))) {
      const id = part.asked.get(String(person[part.filterType]))
      if (id !== undefined)
        readings.set(id, { id, marketoId: String(person.id), values: readInsight(person, names), readAt })
    }
    const absent = [...part.asked].filter(([, id]) => !readings.has(id))
    return {
      ok: true as const,
      readings: [...readings.values()],
      missing: missingOf(
        absent.map(([, id]) => id),
        'not in Marketo',
      ),
      lost: part.filterType === 'id' ? absent.map(([marketoId]) => marketoId) : [],
    }
  }

  /** The store gets them too, and the refresh what Marketo lost (by its ids), to look again and hand it over; an answer doesn't fail
   *  because of it. */
  async function keep(readings: InsightReading[], lost: string[]): Promise<void> {
    try {
      await db.transaction().execute(async (trx) => {
        await storeKnownInsights(trx, readings)
        await wantInsights(trx, lost)
      })
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'values that were read could not be stored')
    }
  }
}

/** Distinct ids of Leads and Contacts with 18 characters; the others with their reason. */
function sortOut(given: string[]): { ids: string[]; missing: ReadNow['missing'] } {
  const ids = new Set<string>()
  const missing = new Map<string, string>()
  for (const text of given) {
    const id = toId18(text)
    const object = id === undefined ? undefined : objectOf(id)
    if (id === undefined)
      missing.set(text, 'no Salesforce id: its last three characters do not fit the others')
    else if (object === 'Lead' || object === 'Contact') ids.add(id)
    else missing.set(id, 'no Lead or Contact: their ids begin with 00Q or 003')
  }
  return { ids: [...ids], missing: [...missing].map(([id, reason]) => ({ id, reason })) }
}

/** Persons that we know are read by Marketo's id, which is unique; others by the id of Salesforce. */
async function partsOf(db: Db, ids: string[]): Promise<Part[]> {
  const known = new Map((await personsById(db, ids)).map((person) => [person.id, person.marketoId]))
  const pairs = (wanted: boolean): [string, string][] =>
    ids.filter((id) => known.has(id) === wanted).map((id) => [known.get(id) ?? id, id])
  return [...inParts('id', pairs(true)), ...inParts('externalPersonId', pairs(false))]
}

function inParts(filterType: Part['filterType'], pairs: [string, string][]): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < pairs.length; at += MAX_RECORDS)
    parts.push({ filterType, asked: new Map(pairs.slice(at, at + MAX_RECORDS)) })
  return parts
}

async function namesWithin(
  { schema }: InsightSource,
  signal: AbortSignal,
): Promise<InsightNames | Unreadable> {
  const late = Promise.withResolvers<never>()
  const onAbort = (): void => late.reject(new Error('no answer in time'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return (await Promise.race([schema(), late.promise])).insights
  } catch (error) {
    const advice = error instanceof BridgeError ? ` ${error.advice}` : ''
    return {
      reason: `Marketo can't be asked: ${reasonOf(error)}${advice}`,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function told(failed: Failed): { reason: string; retryAfterSeconds?: number; until?: number } {
  if (failed.code === 'aborted') return { reason: 'Marketo did not answer in time; ask again.' }
  const verdict = verdictOfCall(failed, { write: false, attempt: 1 })
  if (verdict.kind === 'accepted') return { reason: failed.message }
  return {
    reason: verdict.reason,
    ...('afterMs' in verdict ? { retryAfterSeconds: Math.ceil(verdict.afterMs / 1_000) } : {}),
    ...('until' in verdict ? { until: verdict.until } : {}),
  }
}

function unreadable(failed: Failed, now: number): Unreadable {
  const { reason, retryAfterSeconds, until } = told(failed)
  const wait =
    until === undefined ? (retryAfterSeconds ?? RETRY_AFTER_SECONDS) : Math.ceil((until - now) / 1_000)
  return { reason: `Marketo can't be asked: ${reason}`, retryAfterSeconds: Math.max(1, wait) }
}
