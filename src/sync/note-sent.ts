// A write of unknown outcome whose record is in Marketo with other values than were sent: it may have been carried out, and marketers
// have changed them since. What it held is sent again, also where it is blank in Salesforce by now (design §5, rule 4), whoever the person belongs
// to then.
import type { Intent } from '../database/intents.ts'
import { confirm, ownersOfPersons, type LedgerEntry } from '../database/ledger.ts'
import type { DbOrTrx } from '../database/tables.ts'
import { decodeHashes, encodeHashes, unproven } from './hashes.ts'
import type { IntentPayload } from './write.ts'

export async function noteSent(
  trx: DbOrTrx,
  { id, object, payload }: Intent & { payload: IntentPayload },
  entry: LedgerEntry | undefined,
  marketoId: string,
): Promise<void> {
  const { role, hashes, references, adopted, takesOver } = payload
  // The values of a role are never cleared, and its entry may stand for another key.
  if (role !== null) return
  const now = unproven(decodeHashes(Buffer.from(hashes, 'base64')), decodeHashes(entry?.hashes ?? null))
  if (entry !== undefined) {
    await confirm(trx, [{ ...entry, hashes: encodeHashes(now), pushed: false }])
    // A released person that somebody gave this key: it changes hands when the record is sent again.
  } else if (takesOver === null && (await ownersOfPersons(trx, [marketoId])).size === 0)
    await confirm(trx, [
      {
        object,
        id,
        marketoId,
        state: 'confirmed',
        hashes: encodeHashes(now),
        ...references,
        adopted,
        pushed: false,
      },
    ])
}
