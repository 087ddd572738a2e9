// One call of the webhook, and what its answer means to the job.

import type { Value } from './cell.ts'

export interface Insight {
  id: string
  lastInterestingMomentType: Value
  lastInterestingMomentDate: Value
  lastInterestingMomentDesc: Value
  lastInterestingMomentSource: Value
  priority: Value
  urgency: Value
  relativeScore: Value
}

export type Page =
  | { outcome: 'page'; records: Insight[]; cursor: string; hasMore: boolean }
  /** 429 and 503 say when to come back. */
  | { outcome: 'wait'; retryAfterMs: number; reason: string }
  /** The cursor is refused: begin with null. */
  | { outcome: 'start-over'; reason: string }
  | { outcome: 'failed'; reason: string }
  /** Asking again can't help: the secret is wrong, the request malformed. */
  | { outcome: 'stop'; reason: string }

/** Apex: a callout's time-out is at most 120 s (salesforce §4). */
const LONGEST_CALLOUT_MS = 120_000
const PATIENCE_MS = 5_000

export async function fetchPage(
  webhook: { url: string; secret: string; timeoutMs?: number },
  cursor: string | null,
  limit: number,
): Promise<Page> {
  try {
    const response = await fetch(`${webhook.url}/webhooks/insights`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${webhook.secret}` },
      body: JSON.stringify({ cursor, limit }),
      signal: AbortSignal.timeout(webhook.timeoutMs ?? LONGEST_CALLOUT_MS),
    })
    const text = await response.text()
    const reason = `HTTP ${response.status}: ${text.slice(0, 200)}`
    if (response.status === 429 || response.status === 503) {
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
      return { outcome: 'wait', retryAfterMs: Number.isNaN(seconds) ? PATIENCE_MS : seconds * 1000, reason }
    }
    if (response.status === 400 && text.includes('cursor')) return { outcome: 'start-over', reason }
    if (response.status >= 400 && response.status < 500) return { outcome: 'stop', reason }
    if (response.status !== 200) return { outcome: 'failed', reason }
    return readPage(text)
  } catch (error) {
    return { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

function readPage(text: string): Page {
  const body: unknown = JSON.parse(text)
  if (
    typeof body === 'object' &&
    body !== null &&
    'records' in body &&
    'cursor' in body &&
    'hasMore' in body
  ) {
    const { records, cursor, hasMore } = body
    if (Array.isArray(records) && typeof cursor === 'string' && typeof hasMore === 'boolean') {
      return { outcome: 'page', records: records as Insight[], cursor, hasMore }
    }
  }
  return { outcome: 'failed', reason: `not a page of insights: ${text.slice(0, 200)}` }
}
