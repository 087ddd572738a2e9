// Marketo for this process: one client, paced over all processes, and its describe, asked once and remembered for a day.
import type { Config } from './config.ts'
import { callsOfDay, finishCall, tryStartCall } from './database/marketo-calls.ts'
import type { Db } from './database/tables.ts'
import type { Log } from './log.ts'
import { createMarketoClient, type MarketoClient } from './marketo/client.ts'
import { describeMarketo, type MarketoSchema } from './marketo/describe.ts'
import { createPacing, type CallStore, type Pacing } from './marketo/pacing.ts'
import type { Metrics } from './metrics.ts'

export interface MarketoConnection {
  client: MarketoClient
  pacing: Pacing
  /** Remembered; `fresh` asks again. */
  schema: (options?: { fresh: boolean }) => Promise<MarketoSchema>
}

/** Adobe: cache describe "for a day or more" (marketo-rest facts §2). */
const DESCRIBE_AGAIN_MS = 24 * 3_600_000

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
  let described: { at: number; schema: Promise<MarketoSchema> } | undefined
  return {
    client,
    pacing,
    schema({ fresh } = { fresh: false }) {
      const former = described
      if (!fresh && former !== undefined && Date.now() - former.at <= DESCRIBE_AGAIN_MS) return former.schema
      const asked = { at: Date.now(), schema: describeMarketo(client) }
      described = asked
      asked.schema.catch(() => {
        if (described === asked) described = former
      })
      return asked.schema
    },
  }
}

function callStore(db: Db): CallStore {
  return {
    tryStart: (call) => tryStartCall(db, call),
    finish: (call) => finishCall(db, Number(call)),
    usedToday: (day) => callsOfDay(db, day),
  }
}
