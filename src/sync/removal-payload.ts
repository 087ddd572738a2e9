// What stands in the intent of a removal: enough to carry it out, also in another process.
import type { Intent } from '../database/intents.ts'
import type { Fields } from '../marketo/calls.ts'

/**
 * `release`: under the keep policy a person stays, and loses its key and sales person; `into` is the survivor of its merge, where that is not
 * in Marketo either. `release by key`: Marketo seemed to have lost it; `own` is the person that is deleted all the same, if it is found.
 */
type Removal =
  | { how: 'delete'; key: Fields }
  | { how: 'delete role'; roleKey: string }
  | { how: 'delete person' }
  | { how: 'release'; into?: string }
  | { how: 'release by key'; own: string | null; into?: string }
  | { how: 'merge'; winner: string; loser: string; into: string }

export type RemovalPayload = Removal & {
  attempts?: number
  /** Its call failed as a whole before (suspects.ts). */
  suspect?: boolean
}

export const payloadOf = (intent: Intent): RemovalPayload => intent.payload as RemovalPayload
