// PGlite as a kysely dialect. Its single connection is handed to one user at a time: kysely's own driver shares it, and a
// statement then runs inside somebody else's transaction, or two transactions end each other.
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'
import { dataDir as emptyCluster } from '@electric-sql/pglite-prepopulatedfs'
import { PGliteDialect, type DatabaseConnection, type Dialect, type Driver } from 'kysely'
import { extract } from 'tar'

/** int8 as number: our counters stay far below 2^53. date as text, as PostgreSQL's driver is told too. */
const PARSERS = { 20: Number, 1082: (text: string) => text }

/** Small buffers: the default 128 MB of shared memory would all be resident. */
const START = [
  '-c',
  'shared_buffers=16MB',
  '-c',
  'wal_buffers=1MB',
  '-c',
  'max_wal_size=64MB',
  '-c',
  'min_wal_size=32MB',
  // After a crash its timer would go on, and keep the process from ending.
  '-c',
  'log_startup_progress_interval=0',
]

/**
 * V8's optimising compiler takes half a gigabyte and both cores for one of PGlite's functions as soon as that is warm: a first load of
 * 22,866 records peaked at 780 MB and took 54 s with it, 467 MB and 34 s without.
 */
const WASM_FLAGS = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']

/** `folder` undefined: in memory, for tests. `image`: a dumped data directory to begin with. */
export async function createPGlite(folder: string | undefined, image?: Blob): Promise<PGlite> {
  for (const flag of WASM_FLAGS) setFlagsFromString(flag)
  return PGlite.create({
    ...(folder === undefined
      ? { loadDataDir: image ?? (await emptyCluster()) }
      : { dataDir: await unpackedOnce(join(folder, 'pglite')) }),
    parsers: PARSERS,
    startParams: [...PGlite.defaultStartParams, ...START],
  })
}

/** An empty cluster instead of PGlite's own initdb, which takes four fifths of a first start and twice the memory. Unpacked beside its place
 *  and moved there when it is whole: what a killed process leaves is begun anew. */
async function unpackedOnce(place: string): Promise<string> {
  if (existsSync(place)) return place
  const begun = `${place}.begun`
  await rm(begun, { recursive: true, force: true })
  await mkdir(begun, { recursive: true, mode: 0o700 })
  await pipeline((await emptyCluster()).stream(), extract({ cwd: begun }))
  await rename(begun, place)
  return place
}

export function embeddedDialect(pglite: PGlite): Dialect {
  const dialect = new PGliteDialect({ pglite })
  return {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createDriver: () => oneAtATime(dialect.createDriver()),
  }
}

function oneAtATime(driver: Driver): Driver {
  let last = Promise.resolve()
  let release: (() => void) | undefined
  const exclusive: Driver = {
    init: (options) => driver.init(options),
    acquireConnection: async (options): Promise<DatabaseConnection> => {
      const before = last
      const turn = Promise.withResolvers<void>()
      last = turn.promise
      await before
      release = turn.resolve
      return driver.acquireConnection(options)
    },
    releaseConnection: async (connection, options) => {
      const done = release
      release = undefined
      try {
        await driver.releaseConnection(connection, options)
      } finally {
        done?.()
      }
    },
    beginTransaction: (connection, settings) => driver.beginTransaction(connection, settings),
    commitTransaction: (connection) => driver.commitTransaction(connection),
    rollbackTransaction: (connection) => driver.rollbackTransaction(connection),
    destroy: (options) => driver.destroy(options),
  }
  return exclusive
}
