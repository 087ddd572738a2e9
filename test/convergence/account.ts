// Whether the service counts what happened: round by round exactly, as long as the same process leads; over all rounds never more.
import type { CallLog } from '../simulators/marketo/index.ts'
import type { Events } from '../simulators/salesforce/index.ts'
import { compare } from './bounds.ts'
import { minus, plus, type Counts, type Said } from './counts.ts'
import { pushesIn } from './pushes.ts'
import { eventsAfter } from './received.ts'

export interface Witnesses {
  events: Pick<Events, 'published' | 'joinedAfter'>
  calls: Pick<CallLog, 'entries' | 'since' | 'last'>
  /** By process. */
  counts: () => Promise<ReadonlyMap<string, Said>>
  stored: () => Promise<Stored>
}

/** What outlives the processes. */
export interface Stored {
  /** Of the leader's term. */
  epoch: number
  /** Of records that are still there. */
  refused: Counts
}

export interface Account {
  /** `isCut`: what was stored may not have been counted, as its answer was lost. */
  complaints: (isCut: boolean) => Promise<string[]>
  /** The next round's sums begin with what was found last. */
  close: () => void
}

interface Found {
  epoch: number
  counts: Counts
  /** How many of them there were by then. */
  calls: number
  events: number
}

const NOTHING: Found = { epoch: 1, counts: new Map(), calls: 0, events: 0 }

export function openAccount({ events, calls, counts, stored }: Witnesses): Account {
  /** Dead ones too, as they were heard last. */
  const known = new Map<string, Counts>()
  let begin = NOTHING
  let last = NOTHING

  function ofTheRound(leader: Counts): string[] {
    const happened = [...pushesIn(calls.since(begin.calls)), ...eventsAfter(events, begin.events)]
    return compare(happened, minus(leader, begin.counts), true)
  }

  function ofAll(refused: Counts): string[] {
    const happened = [...pushesIn(calls.entries), ...eventsAfter(events, 0)]
    return [...compare(happened, plus(known.values()), false), ...compare(happened, refused, false)]
  }

  return {
    async complaints(isCut) {
      const said = await counts()
      for (const [process, { counts }] of said) known.set(process, counts)
      const leader = [...said.values()].find(({ leads }) => leads)
      if (leader === undefined) return ['nobody who leads says what it has done']
      const { epoch, refused } = await stored()
      const before = last
      last = {
        epoch,
        counts: leader.counts,
        calls: calls.last()?.n ?? 0,
        events: events.published.length,
      }
      const isWhole = epoch === begin.epoch && !isCut
      const isStill = isWhole || isSame(before, last)
      return [
        ...ofAll(refused),
        ...(isWhole ? ofTheRound(leader.counts) : []),
        ...(isStill ? [] : ['the leader is still counting']),
      ]
    },
    close: () => void (begin = last),
  }
}

const isSame = (a: Found, b: Found): boolean =>
  a.epoch === b.epoch && [...minus(b.counts, a.counts).values()].every((count) => count === 0)
