// Tells ALERT_URL what needs a person. The leader looks every few seconds; what it has seen and told is in the database, so that another
// process goes on where it stopped. What can't be delivered is tried again, and holds up nothing else.
import type { Config } from '../../config.ts'
import type { LeaderTransaction } from '../../database/lease.ts'
import { clearProblem, raiseProblem, readState, writeState } from '../../database/state.ts'
import type { Db } from '../../database/tables.ts'
import type { Log } from '../../log.ts'
import { gather } from './gather.ts'
import {
  afterTelling,
  due,
  follow,
  nothingKnown,
  resume,
  telling,
  type Alert,
  type AlertState,
} from './incidents.ts'
import { messageOf } from './message.ts'
import { post } from './post.ts'
import { lookFor } from './sightings.ts'

const KEY = 'alerts'
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 5 * 60_000
/** A single failure is a hiccup of the receiver. */
const FAILURES_TOLD = 3

export interface AlertDeps {
  db: Db
  leader: LeaderTransaction
  config: Config
  /** ALERT_URL. */
  url: string
  log: Log
  now: () => number
  signal: AbortSignal
}

/** A round: looks, and tells what is due. */
export function createAlerts({ db, leader, config, url, log, now, signal }: AlertDeps): () => Promise<void> {
  let failures = 0
  let retryAt = 0

  async function look(at: number): Promise<AlertState> {
    const before = resume((await readState<AlertState>(db, KEY)) ?? nothingKnown(at), at)
    const isTold = (key: string): boolean => (before.incidents[key]?.toldAt ?? null) !== null
    const { watchedSince } = before
    return follow(before, lookFor({ ...(await gather(db, config, at)), watchedSince, isTold }), at)
  }

  const save = (state: AlertState): Promise<void> => leader((trx) => writeState(trx, KEY, state))

  async function nothingFails(): Promise<void> {
    if (failures >= FAILURES_TOLD) await leader((trx) => clearProblem(trx, 'alerts'))
    failures = 0
  }

  /** Undefined when it was broken off: nobody knows. */
  async function deliver(alert: Alert, at: number): Promise<boolean | undefined> {
    const failure = await post(url, messageOf(alert, config.env.APP_URL, at), signal)
    const { key, event } = alert
    if (failure === undefined) {
      await nothingFails()
      log.info({ alert: key, event }, `told of ${key}: ${event}`)
      return true
    }
    if (signal.aborted) return undefined
    failures++
    retryAt = now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1))
    log.warn({ alert: key, event, failures }, `an alert was not delivered and is tried again: ${failure}`)
    if (failures >= FAILURES_TOLD)
      await leader((trx) =>
        raiseProblem(trx, {
          system: 'alerts',
          code: 'not-delivered',
          reason: `Alerts do not arrive: ${failure}.`,
          advice:
            'Check ALERT_URL, and that its receiver works. What could not be told is tried again every five minutes.',
        }),
      )
    return false
  }

  return async () => {
    const at = now()
    let state = await look(at)
    // A process that no longer leads fails here.
    await save(state)
    const alerts = due(state, at)
    // What was not told in time is over, and needs no telling.
    if (alerts.length === 0) return nothingFails()
    if (at < retryAt) return
    for (const alert of alerts) {
      await save(telling(state, alert, at))
      const arrived = await deliver(alert, at)
      if (arrived === undefined) return
      if (arrived) state = afterTelling(state, alert, at)
      await save(state)
      if (!arrived) return
    }
  }
}
