// fields, filterValues and nextPageToken of the GET calls (marketo-rest §2, §3.5).
import { createHash } from 'node:crypto'
import { failure } from './answer.ts'
import type { Answer } from './answer.ts'

// marketo-rest §2: default and maximum of batchSize, and most values of a filter.
export const PAGE = 300
export const MOST_VALUES = 300

/** Comma-separated in one parameter (the docs) or repeated (the OpenAPI file, marketo-rest §9). */
export function listOf(params: URLSearchParams, name: string): string[] {
  return params
    .getAll(name)
    .flatMap((values) => values.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

export interface Page<T> {
  items: readonly T[]
  more: { nextPageToken?: string; moreResult?: boolean }
}

/** One page of what a filter found; the token fits the same filter only ("the same inputs", marketo-rest §2). */
export function pageOf<T>(found: readonly T[], params: URLSearchParams, filter: string): Page<T> | Answer {
  const asked = params.get('batchSize')
  const size = asked === null ? PAGE : Number(asked)
  if (!Number.isInteger(size) || size < 1)
    return failure('1001', `Invalid value '${asked}'. Required of type 'integer'`)
  const step = Math.min(size, PAGE)
  const mark = createHash('sha1').update(filter).digest('hex').slice(0, 12)
  const token = params.get('nextPageToken')
  const start = token === null ? 0 : offsetOf(token, mark)
  if (start === undefined) return failure('1003', 'Invalid data: nextPageToken does not belong to this call')
  const end = start + step
  const items = found.slice(start, end)
  if (end >= found.length) return { items, more: {} }
  const next = Buffer.from(`${mark}:${end}`).toString('base64')
  return { items, more: { nextPageToken: `${next}===`, moreResult: true } }
}

function offsetOf(token: string, mark: string): number | undefined {
  const [marked, offset] = Buffer.from(token, 'base64').toString().split(':')
  return marked === mark && offset !== undefined && /^\d+$/.test(offset) ? Number(offset) : undefined
}
