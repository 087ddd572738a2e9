// Records that Marketo refused for a field that it does not have go without it as soon as the mapping has let go of it.
import { retryParkedBeyond } from '../database/parked.ts'
import type { Trx } from '../database/tables.ts'
import { FIELD_UNKNOWN } from '../marketo/known-codes.ts'
import type { Mapping } from './mapping.ts'
import { DEFINITIONS } from './objects/index.ts'

/** Whoever was refused with nothing but what is still written stays parked: again it would end the same. */
export async function retryWithoutLostFields(trx: Trx, { objects }: Mapping): Promise<void> {
  for (const { object, fields, parents } of Object.values(objects))
    await retryParkedBeyond(trx, { object, code: FIELD_UNKNOWN }, [
      DEFINITIONS[object].key,
      ...fields.map(({ to }) => to.name),
      ...parents.map(({ target }) => target),
    ])
}
