// One event as it came, not interpreted: whoever understands payloads gets the payload, and the text for the case that nobody does.
import type { Element } from './message-splitter.ts'

export interface StreamEvent {
  /** As Salesforce sent it; null where there is none, or the event belongs to another channel. */
  replayId: unknown
  /** The replayId as JSON text, which is the cursor after this event. */
  cursor: string | null
  uuid: string | null
  payload: unknown
  /** The message's text, cut to RAW_LENGTH. */
  raw: string
}

const RAW_LENGTH = 10_000

/** `message` is undefined where the text is no JSON or too long to be read. */
export function streamEvent({ text, oversized }: Element, message: unknown, channel: string): StreamEvent {
  const raw = text.slice(0, RAW_LENGTH)
  const cut = oversized || message === undefined
  const { payload, event } = object(object(message).data)
  const { replayId = null, EventUuid } = object(event)
  // Of a text that was cut, only an id at its end, where Salesforce puts it, is the event's own.
  const ours = cut
    ? text.slice(0, 4_000).includes(`"${channel}"`) || text.slice(-4_000).includes(`"${channel}"`)
    : object(message).channel === channel
  const cursor = ours ? (cut ? lastReplayId(text) : cursorOf(replayId, text)) : null
  return {
    replayId: ours ? replayId : null,
    cursor,
    uuid: typeof EventUuid === 'string' ? EventUuid : null,
    payload: payload ?? null,
    raw,
  }
}

/** Cursors are kept as JSON text: replay ids go back in the type they came in, and may be larger than numbers are exact. */
export function isCursor(text: string): boolean {
  return /^(?:-?\d{1,40}|"(?:[^"\\]|\\.){1,200}")$/.test(text)
}

/** Ids grow within a stream, so one that doesn't exceed the position subscribed from belongs to a new stream (org migration). */
export function startedAnew(cursor: string, event: StreamEvent): boolean {
  const position = Number(cursor)
  return typeof event.replayId === 'number' && Number.isSafeInteger(position) && event.replayId <= position
}

function cursorOf(replayId: unknown, text: string): string | null {
  if (typeof replayId === 'number' && !Number.isSafeInteger(replayId)) return lastReplayId(text)
  if (typeof replayId !== 'number' && typeof replayId !== 'string') return null
  const cursor = JSON.stringify(replayId)
  return isCursor(cursor) ? cursor : null
}

function lastReplayId(text: string): string | null {
  const found = [...text.slice(-4_000).matchAll(/"replayId"\s*:\s*(-?\d+|"(?:[^"\\]|\\.)*")/g)].at(-1)?.[1]
  return found !== undefined && isCursor(found) ? found : null
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
