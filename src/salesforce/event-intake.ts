// Between the socket and the database: events are stored one slice after the other, and whoever brings them waits while too much is
// pending. The cursor moves with the transaction that stores the slice, never before.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StreamEvent } from './stream-event.ts'

export interface IntakeOptions {
  store(batch: { events: StreamEvent[]; cursor: string }): Promise<void>
  /** What is stored until an event brings a cursor. */
  cursor: string
  sliceSize: number
  maxPending: number
  /** Of all that is pending, by the events' sizes. */
  maxPendingSize: number
  onStored(cursor: string): void
  onFailed(error: unknown): void
}

export interface EventIntake {
  /** Resolves when there is room for another one. */
  offer(event: StreamEvent): Promise<void>
  /** Resolves when nothing is pending, or nothing will be stored any more. */
  drained(): Promise<void>
  /** Stores no further slice; resolves when the one under way has ended. */
  stop(): Promise<void>
}

export function createEventIntake(options: IntakeOptions): EventIntake {
  const { sliceSize, maxPending, maxPendingSize } = options
  const pending: StreamEvent[] = []
  let pendingSize = 0
  let { cursor } = options
  let stopped = false
  let working: Promise<void> | undefined
  let waiters: { ready: () => boolean; go: () => void }[] = []

  const hasRoom = (): boolean => pending.length < maxPending && pendingSize < maxPendingSize
  const isEmpty = (): boolean => pending.length === 0

  function wake(): void {
    const ready = waiters.filter((waiter) => stopped || waiter.ready())
    waiters = waiters.filter((waiter) => !ready.includes(waiter))
    for (const { go } of ready) go()
  }

  function until(ready: () => boolean): Promise<void> {
    if (stopped || ready()) return Promise.resolve()
    return new Promise((go) => waiters.push({ ready, go }))
  }

  async function work(): Promise<void> {
    // A turn later the rest of what came with this event is there too: one transaction instead of two.
    await nextTurn()
    while (pending.length > 0 && !stopped) {
      const events = pending.slice(0, sliceSize)
      const next = events.findLast((event) => event.cursor !== null)?.cursor ?? cursor
      try {
        await options.store({ events, cursor: next })
      } catch (error) {
        stopped = true
        wake()
        options.onFailed(error)
        return
      }
      cursor = next
      pending.splice(0, events.length)
      for (const { size } of events) pendingSize -= size
      options.onStored(cursor)
      wake()
    }
  }

  return {
    offer(event) {
      if (stopped) return Promise.resolve()
      pending.push(event)
      pendingSize += event.size
      working ??= work().finally(() => (working = undefined))
      return until(hasRoom)
    },
    drained: () => until(isEmpty),
    async stop() {
      stopped = true
      wake()
      await working
    },
  }
}
