// What stands in the intent of a removal: enough to carry it out, also in another process.
import type { Intent } from '../database/intents.ts'
import type { Fields } from '../marketo/calls.ts'

/** `release`: under the keep policy a person stays, and loses its key and sales person (`into`: the survivor of its merge, which is not in
 *  Marketo either); by key where Marketo seemed to have
 *  lost it, where `own` is whom to delete all the same. */
type Removal =
  | { how: 'delete'; key: Fields }
  | { how: 'delete role'; roleKey: string }
  | { how: 'delete person' }
  | { how: 'release'; into?: string }
  | { how: 'release by key'; own: string | null }
  | { how: 'merge'; winner: string; loser: string; into: string }

export type RemovalPayload = Removal & {
  attempts?: number
  /** Its call failed as a whole before (suspects.ts). */
  suspect?: boolean
}

export const payloadOf = (intent: Intent): RemovalPayload => intent.payload as RemovalPayload
