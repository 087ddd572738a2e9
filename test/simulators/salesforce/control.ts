// A small HTTP API under /_control/ for a simulator that runs as its own process: counts, DML, faults, calls.
// Every POST takes a JSON array of arguments: POST /_control/org/update ["Lead", "00Q…", {"Title": "CEO"}].

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SalesforceSimulator } from './index.ts'

/** The verbs that may be called from outside. */
const ORG = new Set([
  'insert',
  'update',
  'updateMany',
  'delete',
  'undelete',
  'merge',
  'convertLead',
  'hardDelete',
  'get',
  'all',
  'count',
  'hide',
  'reveal',
  'removePackage',
  'enablePersonAccounts',
  'setCustomMetadata',
  'lockRows',
])
const EVENTS = new Set(['publishRaw', 'addChannel', 'subscribers', 'clients', 'disconnectAll', 'reset'])

export function createControl(
  simulator: () => SalesforceSimulator,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (!pathname.startsWith('/_control/')) return false
    const [area = '', verb = ''] = pathname.slice('/_control/'.length).split('/')
    answer(simulator(), request, area, verb).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) =>
        send(response, 400, { error: error instanceof Error ? error.message : String(error) }),
    )
    return true
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body ?? null))
}

async function answer(
  simulator: SalesforceSimulator,
  request: IncomingMessage,
  area: string,
  verb: string,
): Promise<{ status: number; body: unknown }> {
  if (request.method === 'GET') return read(simulator, area)
  if (request.method === 'DELETE' && area === 'calls') {
    simulator.calls.clear()
    return { status: 200, body: {} }
  }
  const args = await readArguments(request)
  const { org, events, faults } = simulator
  if (area === 'options') {
    Object.assign(simulator.options, args[0])
    return { status: 200, body: simulator.options }
  }
  if (area === 'org' && ORG.has(verb)) return { status: 200, body: invoke(org, verb, args) }
  if (area === 'events' && EVENTS.has(verb)) return { status: 200, body: invoke(events, verb, args) }
  if (area === 'faults' && Object.hasOwn(faults, verb))
    return { status: 200, body: invoke(faults, verb, args) }
  return { status: 404, body: { error: `no ${area}/${verb} here` } }
}

function read(simulator: SalesforceSimulator, area: string): { status: number; body: unknown } {
  const { org, calls, events } = simulator
  switch (area) {
    case 'counts':
      return {
        status: 200,
        body: {
          rows: Object.fromEntries(org.schema.objects().map(({ name }) => [name, org.count(name)])),
          published: events.published.length,
          subscribers: events.subscribers(),
          calls: calls.count(),
        },
      }
    case 'calls':
      return { status: 200, body: calls.list }
    case 'events':
      return { status: 200, body: events.published }
    case 'options':
      return { status: 200, body: simulator.options }
    default:
      return { status: 404, body: { error: `no ${area} here` } }
  }
}

/** The verbs are named by the caller, their arguments checked where they arrive. */
function invoke(target: object, verb: string, args: unknown[]): unknown {
  const found: unknown = Reflect.get(target, verb)
  return typeof found === 'function' ? Reflect.apply(found, target, args) : undefined
}

async function readArguments(request: IncomingMessage): Promise<unknown[]> {
  let text = ''
  for await (const part of request) text += String(part)
  const value: unknown = text === '' ? [] : JSON.parse(text)
  if (!Array.isArray(value)) throw new Error('the body is a JSON array of arguments')
  return value
}
