// Reads the mapping, tells what is bad in it, and publishes it for every process, together with what its changes ask for.
import { MAPPING_KEY } from './console/mapping-shape.ts'
import { clearProblem, raiseProblem, readState, writeState } from './database/state.ts'
import type { LeaderTransaction } from './database/lease.ts'
import type { Db } from './database/tables.ts'
import { BridgeError, reasonOf } from './errors.ts'
import type { MarketoConnection } from './marketo-connection.ts'
import type { Salesforce } from './salesforce/connect.ts'
import { noteEmptied } from './sync/emptied.ts'
import { retryWithoutLostFields } from './sync/lost-fields.ts'
import { changesOf, noteChanges } from './sync/mapping-changes.ts'
import type { Mapping } from './sync/mapping.ts'
import { readMapping } from './sync/read-mapping.ts'

export function createRemap(deps: {
  db: Db
  leader: LeaderTransaction
  salesforce: Salesforce
  marketo: Pick<MarketoConnection, 'schema'>
  signal: AbortSignal
}): (options: { fresh: boolean }) => Promise<Mapping> {
  const { db, leader, salesforce, marketo, signal } = deps

  return async ({ fresh }) => {
    const before = await readState<Mapping>(db, MAPPING_KEY)
    const mapping = await readMapping({ salesforce, schema: marketo.schema, before, fresh, signal })
    await leader(async (trx) => {
      await tell('bad-rows', rowsIn(mapping), ROWS_ADVICE)
      await tell('bad-settings', settingsIn(mapping), SETTINGS_ADVICE)
      await noteChanges(trx, changesOf(before, mapping))
      await noteEmptied(trx, before, mapping)
      await retryWithoutLostFields(trx, mapping)
      await writeState(trx, MAPPING_KEY, mapping)

      async function tell(code: string, reasons: string[], advice: string): Promise<void> {
        if (reasons.length === 0) return clearProblem(trx, 'mapping', code)
        await raiseProblem(trx, { system: 'mapping', code, reason: reasons.join('; '), advice })
      }
    })
    return mapping
  }
}

const NOT_READ = 'mapping-not-read'

/** While another mapping is in force: it stays where reading it anew fails, which is a problem until that works again. */
export function reloading<Options>(
  leader: LeaderTransaction,
  reload: (options: Options) => Promise<void>,
): (options: Options) => Promise<void> {
  return async (options) => {
    try {
      await reload(options)
    } catch (error) {
      await leader((trx) =>
        raiseProblem(trx, {
          system: 'mapping',
          code: NOT_READ,
          reason: `The mapping could not be read anew, so the former one stays in force, with its filters: ${reasonOf(error)}`,
          advice: error instanceof BridgeError ? error.advice : 'It is tried again by itself; see the log.',
        }),
      )
      throw error
    }
    await leader((trx) => clearProblem(trx, 'mapping', NOT_READ))
  }
}

const ROWS_ADVICE =
  'Correct or deactivate these rows in Setup > Custom Metadata Types > Marketo Field Mapping; they are skipped meanwhile.'
const SETTINGS_ADVICE =
  'Correct these rows in Setup > Custom Metadata Types > Marketo Object Setting. Meanwhile the former filter stays; an object that never had one waits.'

const rowsIn = ({ bad }: Mapping): string[] =>
  bad.map((row) => `${row.object}: ${row.salesforceField} → ${row.marketoField}: ${row.reason}`)

const settingsIn = ({ badSettings }: Mapping): string[] =>
  badSettings.map(({ object, filter, reason }) =>
    filter === null ? `${object}: ${reason}` : `${object}, filter ${filter}: ${reason}`,
  )
