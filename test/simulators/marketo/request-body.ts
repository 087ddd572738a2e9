// Reads what came with a request: JSON, or the query of a GET that was too long for its URI (marketo-rest §2).
import { failure } from './answer.ts'
import type { Answer } from './answer.ts'

export interface Incoming {
  method: string
  /** Path and query as they came. */
  url: string
  authorization?: string | undefined
  contentType: string
  /** Undefined where it was over the limit. */
  body: string | undefined
}

export type Body = { params: URLSearchParams; json: unknown } | { refused: Answer }

export function readBody(incoming: Incoming, method: string, query: URLSearchParams): Body {
  const { body = '', contentType } = incoming
  const params = new URLSearchParams(query)
  params.delete('_method')
  if (incoming.method === 'GET' || body === '') return { params, json: undefined }
  if (contentType.startsWith('application/x-www-form-urlencoded') && method === 'GET') {
    for (const [name, value] of new URLSearchParams(body)) params.append(name, value)
    return { params, json: undefined }
  }
  // marketo-rest §5: 612 for another content type, 609 for what is no JSON.
  if (!contentType.startsWith('application/json')) return { refused: failure('612') }
  try {
    return { params, json: JSON.parse(body) as unknown }
  } catch {
    return { refused: failure('609') }
  }
}
