// The platform event bus: keeps what was published for 72 hours under growing, gappy replay ids
// (salesforce §1, §3). Subscribers hold a position; the bus holds the events.

import { randomUUID } from 'node:crypto'

export interface StoredEvent {
  replayId: number
  eventUuid: string
  channel: string
  publishedAt: number
  createdById: string
  payload: unknown
  /** Delivered as it is in the place of `{schema, payload, event}`: for what no real org would send. */
  data?: unknown
}

export interface RawOptions {
  channel?: string
  eventUuid?: string
  data?: unknown
  createdById?: string
}

export interface EventBus {
  publish(channel: string, payload: unknown, createdById: string, raw?: RawOptions): StoredEvent | undefined
  /** Everything ever published, expired or not. */
  published: StoredEvent[]
  after(channel: string, replayId: number, limit: number): StoredEvent[]
  isRetained(channel: string, replayId: number): boolean
  /** The position of a subscription to what is published from now on. */
  joinNow(): number
  /** Of each such subscription: how many had been published. All others go on where one ended. */
  joinedAfter: readonly number[]
  /** The position before the oldest retained event. */
  beginning(channel: string): number
  onPublish(listener: (channel: string) => void): () => void
  /** Org migration or sandbox refresh: all retained events gone, old replay ids meaningless (§3). */
  reset(): void
  /** Of the next events so many never reach the bus: "might not be persisted … aren't recoverable" (§3). */
  loseNext(count: number): void
  /** Of the next events so many are there twice: same EventUuid, other replay id (§3). */
  duplicateNext(count: number): void
  /** From now on no event is lost or doubled. */
  endFaults(): void
  publishedLastHour(): number
}

export const CHANNEL = '/event/Record_Change__e'

export function createEventBus(options: {
  now: () => number
  retentionMs: () => number
  hourlyLimit: () => number
}): EventBus {
  const { now } = options
  const logs = new Map<string, StoredEvent[]>()
  const listeners = new Set<(channel: string) => void>()
  const published: StoredEvent[] = []
  const joinedAfter: number[] = []
  let lastReplayId = 1_000
  /** Of former streams: that two of them share a position is possible, and so rare that only the reconcile is for it. */
  let used = new Set<number>()
  let toLose = 0
  let toDuplicate = 0

  const log = (channel: string): StoredEvent[] => {
    const events = logs.get(channel) ?? []
    logs.set(channel, events)
    const oldest = now() - options.retentionMs()
    const expired = events.findIndex((event) => event.publishedAt >= oldest)
    if (expired !== 0) events.splice(0, expired === -1 ? events.length : expired)
    return events
  }

  /** The first event after this position. */
  const positionAfter = (events: StoredEvent[], replayId: number): number => {
    let low = 0
    let high = events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (events[middle]!.replayId <= replayId) low = middle + 1
      else high = middle
    }
    return low
  }

  const store = (event: Omit<StoredEvent, 'replayId'>): StoredEvent => {
    // Replay ids are not contiguous: other orgs of the instance take some (salesforce §1).
    do lastReplayId += 1 + (published.length % 3)
    while (used.has(lastReplayId))
    const stored = { ...event, replayId: lastReplayId }
    log(event.channel).push(stored)
    published.push(stored)
    return stored
  }

  const publishedLastHour = () => {
    const from = now() - 3_600_000
    let count = 0
    for (let i = published.length - 1; i >= 0 && published[i]!.publishedAt >= from; i--) count++
    return count
  }

  return {
    published,
    publish(channel, payload, createdById, raw = {}) {
      if (toLose > 0) {
        toLose--
        return undefined
      }
      // Over the hourly allocation the SaveResult says LIMIT_EXCEEDED and the event is not queued (§3).
      if (published.length >= options.hourlyLimit() && publishedLastHour() >= options.hourlyLimit()) {
        return undefined
      }
      const event = {
        eventUuid: raw.eventUuid ?? randomUUID(),
        channel,
        publishedAt: now(),
        createdById: raw.createdById ?? createdById,
        payload,
        ...('data' in raw && { data: raw.data }),
      }
      const stored = store(event)
      if (toDuplicate > 0) {
        toDuplicate--
        store(event)
      }
      for (const listener of listeners) listener(channel)
      return stored
    },
    after(channel, replayId, limit) {
      const events = log(channel)
      const start = positionAfter(events, replayId)
      return events.slice(start, start + limit)
    },
    isRetained(channel, replayId) {
      const events = log(channel)
      return events[positionAfter(events, replayId) - 1]?.replayId === replayId
    },
    joinedAfter,
    joinNow() {
      joinedAfter.push(published.length)
      return lastReplayId
    },
    beginning: (channel) => (log(channel)[0]?.replayId ?? lastReplayId + 1) - 1,
    onPublish(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    reset() {
      logs.clear()
      // The new instance counts from elsewhere, here from far below.
      lastReplayId = Math.max(10, Math.floor(lastReplayId / 100))
      used = new Set(published.map(({ replayId }) => replayId))
    },
    loseNext: (count) => void (toLose += count),
    duplicateNext: (count) => void (toDuplicate += count),
    endFaults: () => void (toLose = toDuplicate = 0),
    publishedLastHour,
  }
}
