// Decides on a subscription: does the channel exist, may the user read it, where does it start
// (salesforce §1, "Subscribe" and "Values").

import { ERRORS, type Message } from './bayeux-message.ts'
import type { EventBus } from './event-bus.ts'

export type Decision = { channel: string; position: number } | { error: string }

export function decideSubscription(
  request: Message,
  channels: { channels: ReadonlySet<string>; restrictedChannels: ReadonlySet<string> },
  bus: EventBus,
): Decision {
  const channel = request['subscription']
  if (typeof channel !== 'string') return { error: ERRORS.noChannel(JSON.stringify(channel)) }
  if (channel.includes('*')) return { error: ERRORS.cannotCreate }
  // "Restricted channel" = no Read on the event object (§3, end).
  if (channels.restrictedChannels.has(channel)) return { error: ERRORS.restricted }
  // Names are case-sensitive.
  if (!channels.channels.has(channel)) return { error: ERRORS.noChannel(channel) }

  const map = (request['ext'] as { replay?: unknown } | undefined)?.replay
  if (map === undefined) return { channel, position: bus.joinNow() }
  const asked: unknown = typeof map === 'object' && map !== null ? Reflect.get(map, channel) : undefined
  // A null value, another channel's key, or an id that has become text.
  if (typeof asked !== 'number') return { error: ERRORS.replayMap(channel, map) }
  if (asked === -1) return { channel, position: bus.joinNow() }
  if (asked === -2) return { channel, position: bus.beginning(channel) }
  // N means the events after N, and N must still be retained.
  if (!bus.isRetained(channel, asked)) return { error: ERRORS.replayId(asked) }
  return { channel, position: asked }
}
