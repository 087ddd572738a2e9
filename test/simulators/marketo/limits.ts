// The instance's three limits: calls in 20 seconds, calls at once, calls a day (marketo-rest §2). They are shared
// by every integration. A refused call counts, one answered with a code marked * in the error table does not.
import type { Settings } from './options.ts'
import type { Usage } from './usage.ts'

export interface Ticket {
  /** The code that refuses the call, if it is refused. */
  code?: '606' | '607' | '615'
  /** Our own calls alone were over the limit, so it was not another integration's doing. */
  provoked: boolean
  /** Frees the slot; later calls do nothing. */
  release(): void
  /** Takes the call out of the quota and the rate again. */
  forget(): void
}

export interface Limits {
  admit(): Ticket
  inFlight(): number
  othersCalled(calls: number, more?: { inWindow?: boolean; user?: string }): void
  othersHold(calls: number): void
}

interface Stamp {
  at: number
  own: boolean
}

const WINDOW_MS = 20_000
const OTHERS = 'other-integration@apis.example'

// marketo-rest §1, §5: not counted against the quota or the rate.
const UNCOUNTED = new Set(['601', '602', '604', '605', '608', '611'])
export const isCounted = (code: string) => !UNCOUNTED.has(code)

export function createLimits(settings: Settings, usage: Usage): Limits {
  const window: Stamp[] = []
  let own = 0
  let active = 0
  let others = 0

  function slide(at: number): void {
    const first = window.findIndex((stamp) => stamp.at > at - WINDOW_MS)
    for (const gone of window.splice(0, first < 0 ? window.length : first)) if (gone.own) own -= 1
  }

  return {
    inFlight: () => active,
    admit() {
      const stamp = { at: settings.now(), own: true }
      slide(stamp.at)
      const before = own
      const overRate = window.length >= settings.callsPer20Seconds
      const overDay = usage.today() >= settings.dailyCalls
      const overSlots = active + others >= settings.concurrency
      window.push(stamp)
      own += 1
      usage.count(settings.user, 1)
      const forget = () => {
        const index = window.lastIndexOf(stamp)
        if (index < 0) return
        window.splice(index, 1)
        own -= 1
        usage.count(settings.user, -1)
      }
      const refused = (code: '606' | '607' | '615', provoked: boolean): Ticket => ({
        code,
        provoked,
        release: () => undefined,
        forget,
      })
      if (overDay) return refused('607', false)
      if (overRate) return refused('606', before >= settings.callsPer20Seconds)
      if (overSlots) return refused('615', active >= settings.concurrency)
      active += 1
      let held = true
      return {
        provoked: false,
        forget,
        release() {
          if (held) active -= 1
          held = false
        },
      }
    },
    othersCalled(calls, { inWindow = false, user = OTHERS } = {}) {
      usage.count(user, calls)
      const at = settings.now()
      if (inWindow) for (let n = 0; n < calls; n += 1) window.push({ at, own: false })
    },
    othersHold(calls) {
      others = calls
    },
  }
}
