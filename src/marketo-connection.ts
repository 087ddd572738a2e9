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
  schema: () => Promise<MarketoSchema>
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
  const pacing = createPacing({ store: callStore(db, metrics), limits: config.limits, log })
  const client = createMarketoClient({ config: config.marketo, pacing, log })
  let described: { at: number; schema: Promise<MarketoSchema> } | undefined
  return {
    client,
    pacing,
    schema() {
      if (described === undefined || Date.now() - described.at > DESCRIBE_AGAIN_MS) {
        const schema = describeMarketo(client)
        described = { at: Date.now(), schema }
        schema.catch(() => {
          described = undefined
        })
      }
      return described.schema
    },
  }
}

function callStore(db: Db, metrics: Metrics): CallStore {
  const endpoints = new Map<number, string>()
  return {
    async tryStart(call) {
      const started = await tryStartCall(db, call)
      if ('id' in started) endpoints.set(started.id, call.endpoint.replaceAll(/\d+/g, '{id}'))
      return started
    },
    async finish(call, outcome) {
      const id = Number(call)
      metrics.marketoCalls.inc({ endpoint: endpoints.get(id) ?? '', result: outcome })
      endpoints.delete(id)
      await finishCall(db, id)
    },
    usedToday: (day) => callsOfDay(db, day),
  }
}
