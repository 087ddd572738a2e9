// `npm run demo`: both vendors as simulators, the service between them as it runs in production, and an organisation that is brought in
// step before one's eyes. Needs nothing but Node.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProgress } from './demo/backfill-progress.ts'
import { catchUp } from './demo/catch-up.ts'
import { DemoFailure, Interrupted } from './demo/failure.ts'
import { live } from './demo/live.ts'
import { readBack } from './demo/once.ts'
import { readOptions, USAGE, type DemoOptions } from './demo/options.ts'
import { createOwnDatabase } from './demo/own-database.ts'
import { assertFree } from './demo/port.ts'
import { callsPerObject, isInStep, tell, toJson } from './demo/report.ts'
import { HOST, startService, type Service } from './demo/service.ts'
import { startWorlds, type Worlds } from './demo/worlds.ts'
import { insightsInStep } from './in-step/insights.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

/** npm passes Ctrl-C on, so it comes twice at once; a second one later is impatience. */
const IMPATIENT_AFTER_MS = 1_000
const EXIT_INTERRUPTED = 130
const MANY_RECORDS = 10_000

const asked = readOptions(process.argv.slice(2))
if ('problem' in asked) {
  complain(`${asked.problem}. What there is: npm run demo -- --help`)
  process.exitCode = 2
} else if ('help' in asked) say(USAGE)
else process.exitCode = await run(asked.options, interruptible())

/** Resolves with the exit code, when everything is closed. */
async function run(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now()
  const open = new AsyncDisposableStack()
  try {
    if (options.port !== 0) await assertFree(options.port, HOST)
    const { worlds, service } = await start(options, open, signal)
    if (options.once) return await once(options, { worlds, service, signal, startedAt })
    await follow(options, { worlds, service, signal })
    return 0
  } catch (error) {
    if (signal.aborted || error instanceof Interrupted) return options.once ? EXIT_INTERRUPTED : 0
    if (!(error instanceof DemoFailure)) throw error
    complain(error.message)
    return 1
  } finally {
    if (signal.aborted) say('\nStopping …')
    await open.disposeAsync()
    if (signal.aborted) say('Stopped; nothing is left behind.')
  }
}

async function start(
  options: DemoOptions,
  open: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<{ worlds: Worlds; service: Service }> {
  const worlds = await startWorlds(options, say)
  open.defer(() => worlds.close())
  const loaded = Object.entries(worlds.loaded).map(
    ([object, count]) => `${count.toLocaleString('en')} ${object}`,
  )
  say(
    `Salesforce (simulated) at ${worlds.salesforce.url} holds ${worlds.records.toLocaleString('en')} records: ${loaded.join(', ')}.`,
  )
  say(`Marketo (simulated) at ${worlds.marketo.url} is empty.`)
  say('Starting the service …')
  const service = await startService({
    port: options.port,
    signal,
    environment: { ...environmentOf(options, worlds), ...(await databaseOf(options, open)) },
    onTrouble: (sentence) => say(`Service     ${sentence}`),
  })
  open.defer(() => service.stop())
  return { worlds, service }
}

async function databaseOf(
  { databaseUrl }: DemoOptions,
  open: AsyncDisposableStack,
): Promise<Record<string, string>> {
  if (databaseUrl !== undefined) {
    const database = await createOwnDatabase(databaseUrl)
    open.defer(() => database.drop())
    return { DATABASE_URL: database.url }
  }
  const folder = await mkdtemp(join(tmpdir(), 'bridge-demo-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  return { DATA_DIR: folder }
}

function environmentOf(
  options: DemoOptions,
  { salesforce, marketo, records }: Worlds,
): Record<string, string> {
  return {
    SALESFORCE_LOGIN_URL: salesforce.url,
    SALESFORCE_CLIENT_ID: salesforce.clientId,
    SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
    MARKETO_BASE_URL: marketo.url,
    MARKETO_CLIENT_ID: marketo.clientId,
    MARKETO_CLIENT_SECRET: marketo.clientSecret,
    MARKETO_CALLS_PER_20_SECONDS: String(options.callsPer20Seconds),
    MARKETO_CONCURRENCY: String(options.concurrency),
    MATCH_BY_EMAIL: String(options.matchByEmail),
    RECONCILE_EVERY_MINUTES: '0.5',
    // Every look costs a call: a long run whose calls are counted looks every 12 s, others every 3 s.
    INSIGHTS_EVERY_MINUTES: options.once && records > MANY_RECORDS ? '0.2' : '0.05',
  }
}

interface Running {
  worlds: Worlds
  service: Service
  signal: AbortSignal
}

async function fill({ worlds, service, signal }: Running): ReturnType<typeof catchUp> {
  const progress = createProgress(process.stdout, say)
  try {
    return await catchUp(worlds, service, { onStatus: (status) => progress.show(status), signal })
  } finally {
    progress.end()
  }
}

async function once(options: DemoOptions, running: Running & { startedAt: number }): Promise<number> {
  const { worlds, service } = running
  const { salesforce, marketo } = worlds
  const records = await fill(running)
  const insights = records.ok
    ? await readBack({ ...running, options, say })
    : insightsInStep(salesforce.org, marketo.instance, { marketo: marketo.options })
  const outcome = {
    records,
    insights,
    marketoCalls: marketo.calls.count(),
    callsPerObject: callsPerObject(marketo.calls),
    seconds: Math.round((performance.now() - running.startedAt) / 100) / 10,
    peakRssMb: await service.peakMb(),
  }
  tell(outcome, say)
  if (!isInStep(outcome))
    for (const { system, reason, advice } of (await service.status())?.problems ?? [])
      say(`  The service says of ${system}: ${reason} ${advice}`)
  if (options.json) say(toJson(outcome))
  return isInStep(outcome) ? 0 : 1
}

async function follow(options: DemoOptions, running: Running): Promise<void> {
  const { worlds, service } = running
  const records = await fill(running)
  const refused = records.refusals.size
  say(
    records.ok
      ? `In step${refused === 0 ? '' : `, but for ${refused} refused records`}. From here on the organisation lives; Ctrl-C ends it.`
      : `Not in step: ${records.differences[0]} (and ${records.differences.length - 1} more). The organisation lives on; Ctrl-C ends it.`,
  )
  const [person] = [...records.persons.keys()].slice(-1)
  const local = service.url.replace(HOST, 'localhost')
  const curl = `curl -H "Authorization: Bearer ${service.adminToken}" ${local}`
  say(`
  Where to look:      ${local}   (sign in with ${service.adminToken})
  The status:         ${curl}/api/status
  One record's story: ${curl}/api/records/${person ?? '00Q…'}
`)
  await live({ worlds, service, options, signal: running.signal, say })
}

function interruptible(): AbortSignal {
  const controller = new AbortController()
  let firstAt = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (firstAt === 0) firstAt = Date.now()
      else if (Date.now() - firstAt > IMPATIENT_AFTER_MS) process.exit(EXIT_INTERRUPTED)
      controller.abort()
    })
  // Whoever read the output has gone (`| head`): nobody is left to live for.
  process.stdout.on('error', () => controller.abort())
  return controller.signal
}
