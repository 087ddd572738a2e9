// When the mapping is read again: every ten minutes, and when Marketo refuses a field that its description had, which is then read anew.
import type { MarketoSchema } from './marketo/describe.ts'
import type { Mapping } from './sync/mapping.ts'

export interface LivingMapping {
  current: () => Mapping
  reload: (options: { fresh: boolean }) => Promise<void>
  /** Marketo's fields, asked anew. */
  describe: () => Promise<MarketoSchema>
}

export interface MappingWatch {
  fieldRefused(): void
  runOnce(): Promise<void>
}

const MAPPING_EVERY_MS = 10 * 60_000
/** Where Marketo describes a field that it refuses, every record that carries it would have it described again. */
const DESCRIBE_AT_MOST_EVERY_MS = 60_000

export function createMappingWatch(
  { describe, reload }: { describe: () => Promise<unknown>; reload: LivingMapping['reload'] },
  now: () => number,
): MappingWatch {
  let readAt = now()
  let describedAt = -Infinity
  let isRefused = false

  async function describeAnew(): Promise<void> {
    // What is refused from here on may have been sent by the mapping of before.
    isRefused = false
    describedAt = now()
    try {
      await describe()
      await reload({ fresh: false })
    } catch (error) {
      isRefused = true
      throw error
    }
    readAt = now()
  }

  return {
    fieldRefused() {
      isRefused = true
    },
    async runOnce() {
      if (isRefused && now() - describedAt >= DESCRIBE_AT_MOST_EVERY_MS) return describeAnew()
      if (now() - readAt < MAPPING_EVERY_MS) return
      await reload({ fresh: false })
      readAt = now()
    },
  }
}
