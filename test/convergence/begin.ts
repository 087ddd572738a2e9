// What a history is lived in: the service within this process, or two processes of their own that can be killed, frozen and cut off.
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { startBridge } from '../fixtures/bridge.ts'
import type { DatabaseKind, TestContext } from '../fixtures/databases.ts'
import type { MarketoSimulator } from '../simulators/marketo/index.ts'
import type { SalesforceSimulator } from '../simulators/salesforce/index.ts'
import { startInstallation, type Installation } from '../stories/fixtures/processes.ts'
import { skipRests, wordsFor, type Sides, type Words } from '../stories/fixtures/words.ts'
import { populate } from './deeds.ts'
import type { Blow, History } from './history.ts'
import { askCounts, METRICS_TOKEN, type Said } from './counts.ts'
import { newScene, type Scene } from './scene.ts'

export interface Living extends Sides, Pick<Words, 'reconcile'> {
  scene: Scene
  strike: (blow: Blow) => Promise<void>
  /** All processes, as a deployment does. */
  restart: () => Promise<void>
  /** Whether every call was counted before it went out by a process that is still there. */
  countsCalls: boolean
  /** By process. */
  counts: () => Promise<ReadonlyMap<string, Said>>
}

export async function begin(
  t: TestContext,
  kind: DatabaseKind,
  history: History,
  place: 'within' | 'processes',
): Promise<Living> {
  let scene: Scene | undefined
  const options = {
    kind,
    env: {
      MARKETO_AMBIGUOUS_WAIT_SECONDS: '1',
      INSIGHTS_EVERY_MINUTES: '0.03',
      METRICS_TOKEN,
      MARKETO_CONCURRENCY: String(history.concurrency),
      ...history.env,
    },
    marketo: {
      latencyMs: history.latencyMs,
      externalPersonIdLookup: history.externalPersonIdLookup,
      concurrency: history.concurrency,
    },
    salesforce: { longPollMs: 2_000, clientTimeoutMs: 4_000 },
    before({ instance }: MarketoSimulator, { org }: SalesforceSimulator) {
      if (history.personAccounts) org.enablePersonAccounts()
      scene = newScene(org, instance)
      populate(scene, history.beginning)
      org.insert(
        'Lead',
        Array.from({ length: history.crowd }, (_, n) => ({ LastName: `Crowd ${n}`, Company: 'Crowd' })),
        { silent: true },
      )
    },
  }
  if (place === 'processes') {
    const all = await startInstallation(t, { ...options, processes: 2, impatient: true })
    return {
      ...all,
      scene: scene!,
      strike: (blow) => strike(all, blow),
      restart: () => restart(all),
      countsCalls: false,
      counts: () => countsOf(all.processes.filter((one) => one.isAlive()).map(({ url }) => url)),
    }
  }
  const bridge = await startBridge(t, options)
  skipRests(t, bridge, true)
  return {
    ...bridge,
    ...wordsFor(bridge),
    scene: scene!,
    strike: async () => undefined,
    restart: async () => undefined,
    countsCalls: true,
    counts: () => countsOf([bridge.url]),
  }
}

async function countsOf(urls: string[]): Promise<ReadonlyMap<string, Said>> {
  const said = await Promise.all(urls.map(async (url) => [url, await askCounts(url)] as const))
  return new Map(said.flatMap(([url, one]) => (one === undefined ? [] : [[url, one]])))
}

/** A little longer than a renewal of the lease, and than the lease. */
const FROZEN_MS = { freeze: 4_000, 'freeze beyond the lease': 12_000 }

async function strike(all: Installation, blow: Blow): Promise<void> {
  if (blow === 'cut the database')
    return void (await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(all.db))
  const alive = all.processes.filter((one) => one.isAlive())
  const leads = await Promise.all(alive.map((one) => one.leads()))
  const victim = alive[leads.indexOf(true)] ?? alive[0]
  if (victim === undefined) return
  if (blow === 'freeze' || blow === 'freeze beyond the lease') {
    victim.signal('SIGSTOP')
    void sleep(FROZEN_MS[blow]).then(() => victim.signal('SIGCONT'))
    return
  }
  victim.signal(blow === 'kill' ? 'SIGKILL' : 'SIGTERM')
  // Whatever runs the dynos starts another one.
  await all.start()
}

async function restart({ processes, start }: Installation): Promise<void> {
  const alive = processes.filter((one) => one.isAlive())
  for (const one of alive) one.signal('SIGTERM')
  await Promise.all(alive.map((one) => one.ended))
  await Promise.all(alive.map(start))
}
