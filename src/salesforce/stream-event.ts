// One event as it came, not interpreted: whoever understands payloads gets the payload, and the text for the case that nobody does.
import type { Element } from './message-splitter.ts'

export interface StreamEvent {
  /** As Salesforce sent it; null where there is none, or the event belongs to another channel. */
  replayId: unknown
  /** The replayId as JSON text, which is the cursor after this event. */
  cursor: string | null
  /** Null where it is none that Salesforce could have given. */
  uuid: string | null
  payload: unknown
  /** The message's text, cut to RAW_LENGTH. */
  raw: string
  /** Characters of the whole text: about what the event takes of memory. */
  size: number
}

/** The cursor that means "only what comes from now on". */
export const NEW_ONLY = '-1'

const RAW_LENGTH = 10_000

/** Their form is not documented, but one of any length would be no key of a table. */
const UUID = /^[\w-]{1,100}$/

/** `message` is undefined where the text is no JSON or too long to be read. */
export function streamEvent({ text, oversized }: Element, message: unknown, channel: string): StreamEvent {
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
    uuid: typeof EventUuid === 'string' && UUID.test(EventUuid) ? EventUuid : null,
    payload: payload ?? null,
    raw: text.length > RAW_LENGTH ? copy(text.slice(0, RAW_LENGTH)) : text,
    size: text.length,
  }
}

/** V8's slices keep the whole text in memory; a way through bytes that changes no character leaves it. */
function copy(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le')
}

/** Cursors are kept as JSON text: replay ids go back in the type they came in, and may be larger than numbers are exact. */
export function isCursor(text: string): boolean {
  // -2 would be everything that is retained, against the delivery quota.
  return /^(?:-1|\d{1,40}|"(?:[^"\\]|\\.){1,200}")$/.test(text)
}

/** Ids grow within a stream, so one that doesn't exceed the position subscribed from belongs to a new stream (org migration). */
export function startedAnew(cursor: string, event: StreamEvent): boolean {
  const position = Number(cursor)
  return (
    event.cursor !== null &&
    typeof event.replayId === 'number' &&
    Number.isSafeInteger(position) &&
    event.replayId <= position
  )
}

function cursorOf(replayId: unknown, text: string): string | null {
  if (typeof replayId === 'number' && !Number.isSafeInteger(replayId)) return lastReplayId(text)
  if (typeof replayId !== 'number' && typeof replayId !== 'string') return null
  return positionIn(JSON.stringify(replayId))
}

function lastReplayId(text: string): string | null {
  const found = [...text.slice(-4_000).matchAll(/"replayId"\s*:\s*([-+.\w]+|"(?:[^"\\]|\\.)*")/g)].at(-1)?.[1]
  return found === undefined ? null : positionIn(found)
}

/** -1 is where a subscription begins, never where an event is. */
function positionIn(text: string): string | null {
  return text !== NEW_ONLY && isCursor(text) ? text : null
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
