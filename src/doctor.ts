// `npm run doctor`: the set-up checklist in a terminal. Asks the running service where there is one, else looks for itself. Ends with 1
// when a row failed. `--json` for programs.
import { z } from 'zod'
import { readConfig, type Config } from './config.ts'
import { preflightShape } from './console/preflight-route.ts'
import { runPreflight, type Preflight } from './console/preflight/run.ts'
import { createStatus } from './console/status.ts'
import { openDatabase } from './database/connection.ts'
import { migrate, schemaBehind } from './database/schema.ts'
import { BridgeError, reasonOf } from './errors.ts'
import { createLog } from './log.ts'
import { connectMarketo } from './marketo-connection.ts'
import { createMetrics } from './metrics.ts'
import { rememberSalesforce } from './salesforce-connection.ts'

/** A preflight takes 20 s at most. */
const ANSWER_WITHIN_MS = 25_000

try {
  const config = readConfig()
  const preflight = (await askService(config)) ?? (await lookOurselves(config))
  process.stdout.write(
    process.argv.includes('--json') ? `${JSON.stringify(preflight, null, 2)}\n` : tableOf(preflight),
  )
  process.exit(preflight.ok ? 0 : 1)
} catch (error) {
  const advice = error instanceof BridgeError ? ` ${error.advice}` : ''
  process.stderr.write(`${reasonOf(error)}${advice}\n`)
  process.exit(1)
}

/** Undefined where no service of ours answers. */
async function askService({ env }: Config): Promise<Preflight | undefined> {
  for (const base of [`http://127.0.0.1:${env.PORT}`, env.APP_URL]) {
    if (base === undefined) continue
    try {
      const response = await fetch(`${base}/api/preflight`, {
        headers: { authorization: `Bearer ${env.ADMIN_TOKEN}` },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        redirect: 'error',
      })
      if (response.ok) return preflightShape.parse(await response.json())
    } catch (error) {
      // Nobody there, or somebody else: then the next one, and at last we look ourselves.
      if (error instanceof z.ZodError) continue
    }
  }
  return undefined
}

async function lookOurselves(config: Config): Promise<Preflight> {
  const { env } = config
  const log = createLog('silent')
  const database = await openDatabase({
    url: env.DATABASE_URL,
    tls: env.DATABASE_TLS,
    folder: env.DATA_DIR,
    log,
  })
  const { db } = database
  const salesforce =
    config.salesforce === undefined ? undefined : rememberSalesforce(config.salesforce, { log })
  const marketo = connectMarketo({ config, db, metrics: createMetrics(), log })
  try {
    if (database.kind === 'embedded') await migrate(db)
    const behind = await schemaBehind(db)
    if (behind.length > 0)
      throw new BridgeError(
        'schema_behind',
        `The database's schema is behind by ${behind.join(', ')}.`,
        'Run npm run migrate, then npm run doctor again.',
      )
    return await runPreflight({
      config,
      db,
      org: salesforce && (() => salesforce.connect()),
      marketo,
      status: createStatus({ db, config, isLeader: () => false, now: Date.now }),
      now: Date.now,
    })
  } finally {
    await Promise.allSettled([salesforce?.close(), marketo?.client.close()])
    await database.close()
  }
}

function tableOf({ rows, ok }: Preflight): string {
  const marks = { ok: 'ok      ', failed: 'FAILED  ', unknown: 'look    ' }
  const width = Math.max(...rows.map(({ name }) => name.length))
  const lines = rows.flatMap(({ group, name, state, result, cure }, n) => [
    ...(group === rows[n - 1]?.group ? [] : ['', group]),
    `  ${marks[state]}${name.padEnd(width)}  ${result}`,
    ...(cure === null ? [] : [`  ${' '.repeat(8 + width)}  → ${cure}`]),
  ])
  return `${[...lines, '', ok ? 'Nothing stands in the way.' : 'Begin with the first row that FAILED.'].join('\n')}\n`
}
