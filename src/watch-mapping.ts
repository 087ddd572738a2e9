// When the mapping is read again: every ten minutes, and when Marketo refuses a field that its description had or
// the description could not be renewed: then that is read anew.
import { BridgeError } from './errors.ts'
import type { MarketoSchema } from './marketo/describe.ts'
import { NOT_BELIEVED } from './marketo/description.ts'
import type { Mapping } from './sync/mapping.ts'

export interface LivingMapping {
  current: () => Mapping
  reload: (options: { fresh: boolean }) => Promise<void>
  /** Marketo's fields, asked anew. */
  describe: () => Promise<MarketoSchema>
  /** The description could not be renewed, and the former one holds. */
  isDoubted: () => boolean
}

export interface MappingWatch {
  fieldRefused(): void
  runOnce(): Promise<void>
}

const MAPPING_EVERY_MS = 10 * 60_000
/** Where Marketo describes a field that it refuses, every record that carries it would have it described again: ever less often, as long as the
 *  description stays the same or can't be used. */
const DESCRIBE_AGAIN = { firstMs: 60_000, capMs: 3_600_000 }

/** Marketo did answer, and will answer so again, perhaps for days. */
const isUnusable = (error: unknown): boolean =>
  error instanceof BridgeError && [NOT_BELIEVED, 'not-marketo'].includes(error.code)

const fieldsIn = ({ objects }: MarketoSchema): string =>
  JSON.stringify(Object.values(objects).map(({ fields }) => [...fields.keys()].toSorted()))

export function createMappingWatch(
  { describe, reload, isDoubted }: Omit<LivingMapping, 'current'>,
  now: () => number,
): MappingWatch {
  let readAt = now()
  let describedAt = -Infinity
  let isRefused = false
  let fields = ''
  let restMs = DESCRIBE_AGAIN.firstMs

  async function describeAnew(): Promise<void> {
    const wasRefused = isRefused
    // What is refused from here on may have been sent by the mapping of before.
    isRefused = false
    describedAt = now()
    try {
      const described = fieldsIn(await describe())
      restMs = described === fields ? Math.min(2 * restMs, DESCRIBE_AGAIN.capMs) : DESCRIBE_AGAIN.firstMs
      fields = described
      await reload({ fresh: false })
    } catch (error) {
      isRefused ||= wasRefused
      if (isUnusable(error)) restMs = Math.min(2 * restMs, MAPPING_EVERY_MS)
      throw error
    }
    readAt = now()
  }

  return {
    fieldRefused() {
      isRefused = true
    },
    async runOnce() {
      if ((isRefused || isDoubted()) && now() - describedAt >= restMs) return describeAnew()
      if (now() - readAt < MAPPING_EVERY_MS) return
      await reload({ fresh: false })
      readAt = now()
    },
  }
}
