// Marketo's description of itself, asked once and remembered for a day. One that lacks what the former one had is not believed: with an
// empty description nothing would be sent of any record, and without the Sales Insight fields every value would go back as blank.
import { asError, BridgeError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MarketoSchema } from './describe.ts'

export interface Description {
  /** Remembered; `fresh` asks again, and rejects where the answer can't be believed. */
  schema: (options?: { fresh: boolean }) => Promise<MarketoSchema>
  /** Why what is remembered could not be renewed, until it could. */
  doubt: () => BridgeError | undefined
}

/** Fields are gone that had been described. */
export const NOT_BELIEVED = 'fields-gone'

/** Adobe: cache describe "for a day or more" (marketo-rest facts §2). */
const ASK_AGAIN_MS = 24 * 3_600_000
/** After an answer that was not believed. The leader asks sooner (watch-mapping.ts). */
const DOUBT_FOR_MS = 3_600_000

export function createDescription(deps: {
  describe: () => Promise<MarketoSchema>
  log: Log
  now?: () => number
}): Description {
  const { describe, log, now = Date.now } = deps
  let known: MarketoSchema | undefined
  let asking: Promise<MarketoSchema> | undefined
  let askAgainAt = 0
  let doubt: BridgeError | undefined

  async function ask(): Promise<MarketoSchema> {
    const described = await describe()
    const lost = known === undefined ? [] : lostBetween(known, described)
    if (lost.length > 0)
      throw new BridgeError(
        NOT_BELIEVED,
        `Marketo no longer describes ${lost.join(', ')}.`,
        'Check that "MSI Non-Native" is enabled for this Marketo instance, and ask Adobe Support. If the fields are gone on purpose, restart the bridge.',
      )
    known = described
    doubt = undefined
    askAgainAt = now() + ASK_AGAIN_MS
    return described
  }

  function renew(): Promise<MarketoSchema> {
    const own = ask()
      .catch((error: unknown) => {
        if (known !== undefined) keep(asError(error))
        throw error
      })
      .finally(() => {
        if (asking === own) asking = undefined
      })
    asking = own
    return own
  }

  function keep(error: Error): void {
    const advice = error instanceof BridgeError ? error.advice : 'It is asked again by itself; see the log.'
    doubt = new BridgeError(
      'description',
      `Marketo's description of its fields could not be renewed, so the former one still holds. ${error.message}`,
      advice,
    )
    askAgainAt = now() + DOUBT_FOR_MS
    log.warn({ reason: error.message }, "Marketo's description could not be renewed; the former one holds")
  }

  return {
    doubt: () => doubt,
    async schema({ fresh } = { fresh: false }) {
      if (fresh) return renew()
      const former = known
      if (former === undefined) return asking ?? renew()
      return now() < askAgainAt ? former : (asking ?? renew()).catch(() => former)
    },
  }
}

function lostBetween(former: MarketoSchema, now: MarketoSchema): string[] {
  const names = ({ missing }: MarketoSchema) => missing.map(({ object, field }) => `${object}.${field}`)
  const before = new Set(names(former))
  return names(now).filter((name) => !before.has(name))
}
