// The HTTP side: reads requests, sends replies, gzips large ones (marketo-rest §2), destroys connections on request.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Incoming } from './request-body.ts'
import type { Reply } from './fault-endings.ts'

export type Handler = (incoming: Incoming) => Promise<Reply>

export interface Listening {
  url: string
  close(): Promise<void>
}

// Larger than the 8 KB of Marketo, so that our own 414 is the answer to a long URI.
const HEADER_BYTES = 1024 * 1024
const GZIP_FROM_BYTES = 1024

export async function listen(options: {
  port: number
  largestBody: number
  handle: Handler
}): Promise<Listening> {
  let requests = 0
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES, keepAliveTimeout: 60_000 },
    (request, response) => {
      const requestId = `${(++requests).toString(16)}#${Date.now().toString(16)}`
      receive(request, options.largestBody)
        .then(options.handle)
        .then((reply) => send(reply, request, response, requestId))
        .catch((error: unknown) => {
          // A bug of the simulator, or a client that went away while it was sending.
          if (!request.destroyed || request.complete) console.error('Marketo simulator:', error)
          response.destroy()
        })
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => stop(server) }
}

const stop = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

async function receive(request: IncomingMessage, largestBody: number): Promise<Incoming> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= largestBody) chunks.push(chunk)
  }
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    authorization: request.headers.authorization,
    contentType: (request.headers['content-type'] ?? '').toLowerCase(),
    body: size > largestBody ? undefined : Buffer.concat(chunks).toString(),
  }
}

function send(reply: Reply, request: IncomingMessage, response: ServerResponse, requestId: string): void {
  const { answer } = reply
  if (reply.drop || !answer) {
    request.socket.destroy()
    return
  }
  const isText = typeof answer.body === 'string'
  const text = isText ? (answer.body as string) : JSON.stringify({ requestId, ...(answer.body as object) })
  let body = Buffer.from(text)
  if (reply.truncated) body = body.subarray(0, Math.floor(body.length / 2))
  const headers: Record<string, string> = {
    'content-type': answer.contentType ?? (isText ? 'text/plain' : 'application/json;charset=UTF-8'),
  }
  const gzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  if (gzip && body.length > GZIP_FROM_BYTES) {
    body = gzipSync(body, { level: 1 })
    headers['content-encoding'] = 'gzip'
  }
  response.writeHead(answer.status, { ...headers, 'content-length': String(body.length) })
  response.end(body)
}
