// What has been seen and told, over restarts and changes of the leader. An incident is told when it has lasted, once a day while it
// lasts, and when it is over. Pure.
import { LASTING_MS, type Sighting } from './sightings.ts'

export interface Incident extends Sighting {
  /** Milliseconds since 1970, as all times here. */
  since: number
  lastSeenAt: number
  toldAt: number | null
  /** Committed before it is told. What stands here later was cut off: nobody knows whether it arrived. */
  telling: { event: Alert['event']; at: number } | null
}

export interface AlertState {
  /** When somebody last looked, and since when without a break. */
  at: number
  watchedSince: number
  incidents: Record<string, Incident>
}

export interface Alert {
  key: string
  event: 'begun' | 'lasts' | 'over'
  incident: Incident
}

/** Longer than a round in which Slack doesn't answer, or a change of leader; a new deployment may take longer. */
const BREAK_MS = 60_000
/** What comes and goes within this is one incident: a new leader finds out anew what is wrong. */
const FLICKER_MS = 2 * 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What is known before anybody has looked. */
export function nothingKnown(now: number): AlertState {
  return { at: now, watchedSince: now, incidents: {} }
}

/** Somebody looks again. While nobody did, nothing can have ended. */
export function resume(before: AlertState, now: number): AlertState {
  const incidents = Object.entries(before.incidents).flatMap(([key, incident]): [string, Incident][] => {
    const { telling } = incident
    if (telling === null) return [[key, incident]]
    if (telling.event === 'over') return []
    // Not twice, but not for a day without anybody knowing: if it was not heard, the reminder comes in an hour.
    return [[key, { ...incident, toldAt: telling.at - DAY_MS + HOUR_MS, telling: null }]]
  })
  return {
    at: now,
    watchedSince: now - before.at > BREAK_MS ? now : before.watchedSince,
    incidents: Object.fromEntries(incidents),
  }
}

export function follow(state: AlertState, sightings: Sighting[], now: number): AlertState {
  const incidents: Record<string, Incident> = {}
  for (const [key, incident] of Object.entries(state.incidents))
    if (incident.toldAt !== null || absentFor(state, incident, now) < FLICKER_MS) incidents[key] = incident
  for (const sighting of sightings) {
    const known = incidents[sighting.key]
    incidents[sighting.key] = {
      ...sighting,
      since: known?.since ?? now,
      lastSeenAt: now,
      toldAt: known?.toldAt ?? null,
      telling: null,
    }
  }
  return { ...state, incidents }
}

/** What is to be told now. */
export function due(state: AlertState, now: number): Alert[] {
  return Object.entries(state.incidents).flatMap(([key, incident]): Alert[] => {
    const { toldAt, since, afterMs, lastSeenAt } = incident
    if (toldAt !== null && absentFor(state, incident, now) >= LASTING_MS)
      return [{ key, event: 'over', incident }]
    if (lastSeenAt !== now) return []
    if (toldAt === null) return now - since >= afterMs ? [{ key, event: 'begun', incident }] : []
    return now - toldAt >= DAY_MS ? [{ key, event: 'lasts', incident }] : []
  })
}

export function telling(state: AlertState, { key, event, incident }: Alert, at: number): AlertState {
  return withIncident(state, key, { ...incident, telling: { event, at } })
}

export function afterTelling(state: AlertState, { key, event, incident }: Alert, now: number): AlertState {
  if (event !== 'over') return withIncident(state, key, { ...incident, toldAt: now })
  const { [key]: _, ...incidents } = state.incidents
  return { ...state, incidents }
}

function withIncident(state: AlertState, key: string, incident: Incident): AlertState {
  return { ...state, incidents: { ...state.incidents, [key]: incident } }
}

function absentFor({ watchedSince }: AlertState, { lastSeenAt }: Incident, now: number): number {
  return now - Math.max(lastSeenAt, watchedSince)
}
