// Calls that wait for their turn: by priority, then in the order in which they came.

/** In the order of their claims. The last two never get 10 % of the rate, nor the last slot. */
export type Priority = 'ids' | 'live' | 'refresh' | 'background'

const PRIORITIES: readonly Priority[] = ['ids', 'live', 'refresh', 'background']

export interface Waiting<T> {
  add(priority: Priority, waiter: T): void
  remove(priority: Priority, waiter: T): void
  first(): T | undefined
  counts(): Record<Priority, number>
}

export function createWaiting<T>(): Waiting<T> {
  const queues: Record<Priority, T[]> = { ids: [], live: [], refresh: [], background: [] }
  return {
    add: (priority, waiter) => void queues[priority].push(waiter),
    remove(priority, waiter) {
      const place = queues[priority].indexOf(waiter)
      if (place >= 0) queues[priority].splice(place, 1)
    },
    first() {
      const priority = PRIORITIES.find((one) => queues[one].length > 0)
      return priority && queues[priority][0]
    },
    counts: () => ({
      ids: queues.ids.length,
      live: queues.live.length,
      refresh: queues.refresh.length,
      background: queues.background.length,
    }),
  }
}
