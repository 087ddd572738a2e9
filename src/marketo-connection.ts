// Marketo for this process: one client, paced over all processes, and its description of itself.
import type { Config } from './config.ts'
import { callsOfDay, finishCall, tryStartCall } from './database/marketo-calls.ts'
import type { Db } from './database/tables.ts'
import type { Log } from './log.ts'
import { createMarketoClient, type MarketoClient } from './marketo/client.ts'
import { describeMarketo } from './marketo/describe.ts'
import { createDescription, type Description } from './marketo/description.ts'
import { createPacing, type CallStore, type Pacing } from './marketo/pacing.ts'
import type { Metrics } from './metrics.ts'

export interface MarketoConnection extends Description {
  client: MarketoClient
  pacing: Pacing
}

/** Undefined until Marketo is configured. */
export function connectMarketo(deps: {
  config: Config
  db: Db
  metrics: Metrics
  log: Log
}): MarketoConnection | undefined {
  const { config, db, metrics, log } = deps
  if (config.marketo === undefined) return undefined
  const pacing = createPacing({ store: callStore(db), limits: config.limits, log })
  const client = createMarketoClient({
    config: config.marketo,
    pacing,
    log,
    onCall: ({ endpoint, code }) => metrics.marketoCalls.inc({ endpoint, result: code }),
  })
  return { client, pacing, ...createDescription({ describe: () => describeMarketo(client), log }) }
}

function callStore(db: Db): CallStore {
  return {
    tryStart: (call) => tryStartCall(db, call),
    finish: (call) => finishCall(db, Number(call)),
    usedToday: (day) => callsOfDay(db, day),
  }
}
