// One REST call from its arrival to its answer: the HTTP limits, the token, the instance's limits, the body, then
// the route. The call looks up at its arrival and writes when its time is over, also if its client has gone.
import { setTimeout as wait } from 'node:timers/promises'
import { codesOf, failure } from './answer.ts'
import type { Answer, RecordResult } from './answer.ts'
import { refusal } from './call.ts'
import type { Call, Prepared, World } from './call.ts'
import type { CallRecorder, LoggedCall } from './call-log.ts'
import { endCall, html } from './fault-endings.ts'
import type { Reply, Work } from './fault-endings.ts'
import type { FaultList } from './faults.ts'
import type { Identity } from './identity.ts'
import { isCounted } from './limits.ts'
import type { Limits } from './limits.ts'
import { readBody } from './request-body.ts'
import type { Incoming } from './request-body.ts'
import { createRoutes, endpointOf } from './routes.ts'
import type { Watch } from './watch.ts'

export interface Rest {
  handle(incoming: Incoming): Promise<Reply>
  /** Forgets late work that has not been done. */
  close(): void
}

interface Opened {
  entry: LoggedCall
  endpoint: string
  method: string
  id?: number
  params: URLSearchParams
}

// marketo-rest §2: URI 8 KB, body 1 MB, of which the smaller reading is the strict one.
const LONGEST_URI = 8 * 1024
export const LARGEST_BODY = 1_000_000
const BASE = '/rest/v1/'

export function createRest(deps: {
  world: World
  identity: Identity
  limits: Limits
  faults: FaultList
  calls: CallRecorder
  watch: Watch
}): Rest {
  const { world, identity, limits, faults, calls, watch } = deps
  const { settings, usage } = world
  const routes = createRoutes(world.store.definitions)
  const late = new Set<NodeJS.Timeout>()

  function open(incoming: Incoming): Opened {
    const [path = '', query = ''] = incoming.url.split('?', 2)
    const params = new URLSearchParams(query)
    const method = incoming.method === 'POST' && params.get('_method') === 'GET' ? 'GET' : incoming.method
    const place = endpointOf(path.startsWith(BASE) ? path.slice(BASE.length) : path)
    const entry = calls.start({ at: settings.now(), endpoint: place.endpoint, method, path: incoming.url })
    return { entry, params, method, ...place }
  }

  function finish(entry: LoggedCall, reply: Reply): Reply {
    const { answer } = reply
    if (answer) {
      entry.status = answer.status
      entry.codes = codesOf(answer)
      if (isRefused(answer)) for (const code of entry.codes) usage.countError(code)
    }
    calls.end(entry, settings.now())
    return reply
  }

  function refuseEarly(incoming: Incoming, entry: LoggedCall): Answer | undefined {
    const bytes = Buffer.byteLength(incoming.url)
    if (bytes > LONGEST_URI) {
      calls.violate(entry, `the URI has ${bytes} bytes, over 8 KB`)
      return html(414, '<html><h1>414 Request-URI Too Long</h1></html>')
    }
    if (incoming.body === undefined) {
      calls.violate(entry, 'the body is over 1 MB')
      return html(413, '<html><h1>413 Request Entity Too Large</h1></html>')
    }
    const code = identity.check(incoming.authorization)
    return code === undefined ? undefined : failure(code)
  }

  /** Finds route and body; what is wrong with them is an answer like any other. */
  function prepare(incoming: Incoming, opened: Opened, refuse: Call['refuse']): Prepared {
    const { endpoint, method, entry, id } = opened
    const route = routes.get(endpoint)
    // marketo-rest §5: 610 for an unknown URI, 605 for a method that is not supported.
    if (!route) return refusal(failure('610'))
    const run = route[method]
    if (!run) return refusal(failure('605'))
    const read = readBody(incoming, method, opened.params)
    if ('refused' in read) return refusal(read.refused)
    const call: Call = { n: entry.n, endpoint, method, params: read.params, body: read.json, refuse }
    return run(id === undefined ? call : { ...call, id }, world)
  }

  async function execute(incoming: Incoming, opened: Opened): Promise<Reply> {
    const { entry, endpoint, method } = opened
    const verdict: { refuse: Call['refuse'] } = { refuse: () => undefined }
    const prepared = prepare(incoming, opened, (record) => verdict.refuse(record))
    const { run, claims = [], findings = [], ...about } = prepared
    Object.assign(entry, about, { recordCount: about.records?.length ?? 0 })
    const { slowMs, end, refuse } = faults.judge({ n: entry.n, endpoint, method, ...about })
    verdict.refuse = refuse
    const held = watch.enter(entry.n, claims)
    for (const sentence of [...findings, ...held.findings, ...settings.alsoNever(entry)])
      calls.violate(entry, sentence)

    const ms = settings.latencyMs + slowMs
    if (ms > 0) await wait(ms, undefined, { ref: false })
    const work: Work = {
      abandon: held.leave,
      run() {
        const answer = run()
        held.leave()
        entry.executed = !isRefused(answer)
        if (typeof answer.body === 'object' && Array.isArray(answer.body.result))
          entry.results = answer.body.result as RecordResult[]
        return answer
      },
      runIn(seconds, spread) {
        const timer = setTimeout(
          () => {
            late.delete(timer)
            work.run()
          },
          seconds * 1000 * (spread ? faults.random() : 1),
        )
        timer.unref()
        late.add(timer)
      },
    }
    if (!end) return { answer: work.run() }
    entry.fault = end.kind
    return endCall(end, work)
  }

  return {
    close() {
      for (const timer of late) clearTimeout(timer)
    },
    async handle(incoming) {
      const opened = open(incoming)
      const { entry } = opened
      const early = refuseEarly(incoming, entry)
      if (early) return finish(entry, { answer: early })
      const ticket = limits.admit()
      if (ticket.code) {
        if (ticket.provoked) calls.violate(entry, `over the limit, ${ticket.code} provoked`)
        return finish(entry, { answer: failure(ticket.code, rateMessage(ticket.code, settings)) })
      }
      try {
        const reply = finish(entry, await execute(incoming, opened))
        // marketo-rest §1, §5: codes marked * count neither for the day nor for the rate.
        if (reply.answer && isRefused(reply.answer) && !entry.codes.every(isCounted)) ticket.forget()
        return reply
      } finally {
        ticket.release()
      }
    },
  }
}

const isRefused = (answer: Answer) => typeof answer.body === 'object' && answer.body.success === false

// error-codes.md: "Max rate limit `%s` exceeded with in `%s` secs".
const rateMessage = (code: string, { callsPer20Seconds }: World['settings']) =>
  code === '606' ? `Max rate limit '${callsPer20Seconds}' exceeded with in '20' secs` : undefined
