// One request and its answer. Every answer goes through here, so that faults can spoil any of them.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from './call-log.ts'
import type { HttpEffect } from './faults.ts'

export interface Exchange {
  call: Call
  method: string
  url: URL
  headers: IncomingMessage['headers']
  request: IncomingMessage
  body(): Promise<string>
  /** A header for the answer. */
  header(name: string, value: string): void
  json(status: number, value: unknown): Promise<void>
  send(status: number, contentType: string, body: string): Promise<void>
  /** Text in pieces; the fault `cut` ends it early, as if complete or by dropping the connection. */
  stream(contentType: string, pieces: Iterable<string>): Promise<void>
  /** Cuts the connection without (more of) an answer. */
  drop(): void
  onClose(listener: () => void): void
}

export const JSON_TYPE = 'application/json;charset=UTF-8'

export function createExchange(options: {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  call: Call
  effect: HttpEffect | undefined
  limit: number
  latencyMs: number
}): Exchange {
  const { request, response, url, call, effect } = options

  const drop = () => void request.socket.destroy()

  const send = async (status: number, contentType: string, body: string): Promise<void> => {
    if (options.latencyMs > 0) await sleep(options.latencyMs)
    call.status = status
    if (response.destroyed) return
    if (effect?.drop === 'after') return drop()
    const bytes = Buffer.from(body)
    const sent = effect?.truncate ? bytes.subarray(0, bytes.length >> 1) : bytes
    response.statusCode = status
    response.setHeader('Content-Type', effect?.contentType ?? contentType)
    response.setHeader('Content-Length', sent.length)
    if (effect?.drop === 'mid-body') {
      response.write(bytes.subarray(0, bytes.length >> 1), drop)
      return
    }
    response.end(sent)
  }

  return {
    call,
    method: request.method ?? 'GET',
    url,
    headers: request.headers,
    request,
    async body() {
      const parts: Buffer[] = []
      let size = 0
      for await (const part of request) {
        const bytes = part as Buffer
        size += bytes.length
        // What is over the limit is read away and not kept.
        if (size <= options.limit) parts.push(bytes)
      }
      if (size > options.limit) throw new BodyTooLarge()
      return Buffer.concat(parts).toString('utf8')
    },
    header: (name, value) => void response.setHeader(name, value),
    json: (status, value) => send(status, JSON_TYPE, status === 204 ? '' : JSON.stringify(value)),
    send,
    async stream(contentType, pieces) {
      if (options.latencyMs > 0) await sleep(options.latencyMs)
      call.status = 200
      response.setHeader('Content-Type', effect?.contentType ?? contentType)
      for (const piece of pieces) {
        if (response.destroyed) return
        if (!response.write(piece)) await drained(response)
      }
      if (effect?.drop !== undefined) drop()
      else response.end()
    },
    drop,
    onClose: (listener) => void response.on('close', listener),
  }
}

export class BodyTooLarge extends Error {}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
