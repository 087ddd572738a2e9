// The home page, and the stream of server-sent events that keeps it up to date while it is open.
import { Readable } from 'node:stream'
import { sendCommand, type Command } from '../../database/state.ts'
import { readLease } from '../../database/lease.ts'
import { listSamples } from '../../database/samples.ts'
import type { Db } from '../../database/tables.ts'
import { pause } from '../../loop.ts'
import type { App } from '../../web/app-type.ts'
import { askForBackfill } from '../commands.ts'
import { remember } from '../remember.ts'
import type { Status } from '../status.ts'
import { homeView, type HomeView } from './home-view.ts'
import type { Show } from './pages.ts'
import { words } from './words.ts'

const HOURS = 24
const LOOK_EVERY_MS = 1_000
/** A router in front ends what is silent for 55 s. */
const SPEAK_EVERY_MS = 15_000
/** Each open page holds one; more than anybody's tabs, fewer than a process's sockets. */
const MOST_STREAMS = 100

/** Parts of the page, each replaced when its words change. */
const PARTS = ['sentence', 'problems', 'objects', 'facts', 'backfill', 'hours'] as const

const COMMANDS: Record<string, { name: Command['name']; done: string }> = {
  pause: { name: 'backfill-pause', done: 'paused' },
  resume: { name: 'backfill-resume', done: 'resumed' },
}

export function homePages(
  app: App,
  deps: { db: Db; show: Show; status: () => Promise<Status>; now: () => number },
): void {
  const { db, show, status, now } = deps
  const config = { access: 'session' } as const
  const schema = { hide: true }

  const view = remember(LOOK_EVERY_MS, async (): Promise<HomeView> => {
    const [known, samples, lease] = await Promise.all([status(), listSamples(db, HOURS), readLease(db)])
    return homeView(known, samples, lease.held, now())
  })

  app.get('/', { config, schema }, async (request, reply) =>
    show(request, reply, { template: 'home', title: 'Home', data: { view: await view() } }),
  )

  app.post('/backfill', { config, schema }, async (_request, reply) => {
    const sent = await db.transaction().execute((trx) => askForBackfill(trx, {}))
    if (typeof sent === 'string') throw app.httpErrors.conflict('A backfill is running or paused already.')
    return reply.redirect('/?done=backfill', 303)
  })

  for (const [verb, { name, done }] of Object.entries(COMMANDS))
    app.post(`/backfill/${verb}`, { config, schema }, async (_request, reply) => {
      await sendCommand(db, { name, arguments: {} })
      return reply.redirect(`/?done=${done}`, 303)
    })

  app.post('/reconcile', { config, schema }, async (_request, reply) => {
    await sendCommand(db, { name: 'reconcile', arguments: {} })
    return reply.redirect('/?done=reconcile', 303)
  })

  const closing = new AbortController()
  let streams = 0
  app.addHook('preClose', async () => closing.abort())

  app.get('/events', { config, schema }, async (request, reply) => {
    if (streams >= MOST_STREAMS)
      throw app.httpErrors.createError(503, 'Too many pages are open. Close some.', { expose: true })
    const gone = new AbortController()
    request.raw.socket.once('close', () => gone.abort())
    const ends = AbortSignal.any([gone.signal, closing.signal])
    return reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .header('content-encoding', 'identity')
      .type('text/event-stream; charset=utf-8')
      .send(Readable.from(speak(ends, request.session?.expiresAt ?? 0)))
  })

  async function* speak(signal: AbortSignal, until: number): AsyncGenerator<string> {
    streams++
    try {
      const told = new Map<string, string>()
      let spokeAt = 0
      yield 'retry: 3000\n\n'
      while (!signal.aborted && now() < until) {
        const parts = await changedParts(told)
        if (Object.keys(parts).length > 0) yield `data: ${JSON.stringify(parts)}\n\n`
        else if (performance.now() - spokeAt > SPEAK_EVERY_MS) yield ': still here\n\n'
        else {
          await pause(LOOK_EVERY_MS, signal)
          continue
        }
        spokeAt = performance.now()
        await pause(LOOK_EVERY_MS, signal)
      }
    } finally {
      streams--
    }
  }

  /** While the database is down nothing changes on the page but this sentence. */
  async function changedParts(told: Map<string, string>): Promise<Record<string, string>> {
    const current = await view().catch(() => undefined)
    const changed: Record<string, string> = {}
    const parts = current === undefined ? (['down'] as const) : PARTS
    for (const part of parts) {
      const html =
        part === 'down' ? DOWN : await app.view(`part-${part}`, { ...words, view: current }, NO_LAYOUT)
      const name = part === 'down' ? 'sentence' : part
      if (told.get(name) === html) continue
      told.set(name, html)
      changed[name] = html
    }
    if (current !== undefined) {
      const chart = JSON.stringify(current.chart)
      if (told.get('chart') !== chart) {
        told.set('chart', chart)
        changed.chart = chart
      }
    }
    return changed
  }
}

const NO_LAYOUT = {}
const DOWN =
  '<p class="lead lead_bad">The database cannot be reached at the moment. This page goes on when it is back.</p>'
